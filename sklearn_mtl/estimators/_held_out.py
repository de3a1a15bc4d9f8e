"""What members say of rows that they did not train on, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_mtl.estimators._conformal import (
    Conformal,
    depths_of,
    errors_of,
    sorted_by_fold,
)
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._temperature import best_temperature, temper
from sklearn_mtl.metrics import column_score, mean_of_known
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task
from sklearn_mtl.training import MemberRows


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Labels and responses of rows that members held out.

    Attributes
    ----------
    tasks : list of Task
    positions : int ndarray of shape (m,)
        Which rows of the user's X they are.
    n_passed : int
        Number of rows of the user's X.
    columns : list of Column
    scoring_weight : ndarray of shape (m, T)
        Weight of each label, without that of its class.
    training_weight : ndarray of shape (m, T)
        The same with it; what the net was trained to fit, and is calibrated by.
    labels : float64 ndarray of shape (m, T)
        Numbers or class codes; NaN where missing or unknown.
    responses : list of float64 ndarray of shape (m, r)
        One for each task: the mean over members that held out the row.
    fold : int ndarray of shape (m,)
        The fold that a row is in.
    members : list of int ndarray
        Members that held out each fold.
    """

    tasks: list[Task]
    positions: np.ndarray
    n_passed: int
    columns: list[Column]
    scoring_weight: np.ndarray
    training_weight: np.ndarray
    labels: np.ndarray
    responses: list[np.ndarray]
    fold: np.ndarray
    members: list[np.ndarray]

    def residual_std(self) -> np.ndarray:
        """Root mean square of the residuals of numeric tasks, (T,); NaN elsewhere."""
        std = np.full(len(self.tasks), np.nan)
        for t, task in enumerate(self.tasks):
            known = self._known(t)
            if task.is_classifier or not known.any():
                continue
            residual = task.residual(self.labels[known, t], self.responses[t][known])
            squared = np.average(residual**2, weights=self.scoring_weight[known, t])
            std[t] = np.sqrt(squared)
        return std

    def _known(self, t: int) -> np.ndarray:
        """Rows with a label and a response of task `t`."""
        first = self.responses[t][:, :1].sum(axis=1)
        known: np.ndarray = ~np.isnan(self.labels[:, t]) & ~np.isnan(first)
        return known

    def predictions(self) -> list[np.ndarray]:
        """One array of predictions (m,) a task."""
        return [
            task.predict(response)
            for task, response in zip(self.tasks, self.responses, strict=True)
        ]

    def spread_predictions(self) -> list[np.ndarray]:
        """Spread them over the user's rows, (n_passed,); missing in all others."""
        predictions = self.predictions()
        if len(self.positions) == self.n_passed:
            return predictions
        everywhere = []
        for prediction in predictions:
            numeric = prediction.dtype.kind in "iuf"
            spread = np.full(self.n_passed, np.nan if numeric else None)
            spread[self.positions] = prediction
            everywhere.append(spread)
        return everywhere

    def score(self) -> float:
        """Mean over columns of the default score on the rows that were held out."""
        everything = np.arange(len(self.positions))
        return mean_of_known(
            column_score(
                task,
                column.keep(~np.isnan(self.labels[:, t]), everything),
                predictions,
                self.scoring_weight[:, t],
            )
            for t, (task, column, predictions) in enumerate(
                zip(self.tasks, self.columns, self.predictions(), strict=True)
            )
        )

    def conformal(self, residual_std: np.ndarray) -> Conformal:
        """Keep of the held-out rows what intervals and sets need."""
        errors: dict[tuple[int, bool], list[np.ndarray]] = {}
        depths: dict[int, list[np.ndarray]] = {}
        for t, task in enumerate(self.tasks):
            known = self._known(t)
            labels, response = self.labels[known, t], self.responses[t][known]
            by_fold = self.fold[known], len(self.members)
            if task.is_classifier:
                depth = depths_of(labels.astype(int), response)
                depths[t] = sorted_by_fold(depth, *by_fold)
                continue
            plain, scaled = errors_of(task, labels, response, residual_std[t])
            errors[t, False] = sorted_by_fold(plain, *by_fold)
            errors[t, True] = sorted_by_fold(scaled, *by_fold)
        return Conformal(self.members, errors, depths)

    def temperature(self) -> np.ndarray:
        """Temperature (T,) of each task; 1 for numbers."""
        temperature = np.ones(len(self.tasks))
        for t, task in enumerate(self.tasks):
            if task.is_classifier:
                known = self._known(t)
                temperature[t] = best_temperature(
                    self.responses[t][known],
                    self.labels[known, t].astype(int),
                    self.training_weight[known, t],
                )
        return temperature

    def tempered(self, temperature: np.ndarray) -> HeldOut:
        """Apply temperatures (T,) to the responses."""
        responses = [
            response if by == 1.0 else temper(response, by)
            for response, by in zip(self.responses, temperature, strict=True)
        ]
        return replace(self, responses=responses)


def collect(stack: FittedStack, member_rows: MemberRows, rows: Rows) -> HeldOut:
    """Ask each member for the rows that it held out.

    Parameters
    ----------
    stack : FittedStack
    member_rows : MemberRows
        Rows that members were validated on, or those that they trained on where there
        are no others.
    rows : Rows
        Those of the table behind `member_rows`.
    """
    held = member_rows.read_by_someone()
    positions = np.flatnonzero(held)
    columns, weights = rows.columns, (rows.scoring_weight, rows.training_weight)
    if len(positions) < len(held):
        columns = [column.take(positions) for column in columns]
        weights = (weights[0][positions], weights[1][positions])
    tasks = stack.codings.tasks
    labels = np.column_stack(
        [_labels(task, column) for task, column in zip(tasks, columns, strict=True)]
    )
    labels[~(weights[0] > 0)] = np.nan
    fold_of_member = stack.net.members.fold
    responses, fold = _mean_responses(stack, member_rows, positions, fold_of_member)
    return HeldOut(
        tasks=tasks,
        positions=rows.positions[positions],
        n_passed=rows.n_passed,
        columns=columns,
        scoring_weight=weights[0],
        training_weight=weights[1],
        labels=labels,
        responses=responses,
        fold=fold,
        members=[
            np.flatnonzero(fold_of_member == f) for f in range(fold_of_member.max() + 1)
        ],
    )


def _mean_responses(
    stack: FittedStack,
    member_rows: MemberRows,
    positions: np.ndarray,
    fold_of_member: np.ndarray,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Mean responses (m, r) of each task over the members that held out a row.

    Also the fold (m,) of each row.
    """
    n_tasks = len(stack.codings.tasks)
    sums: list[np.ndarray] = [np.empty(0)] * n_tasks
    counts: list[np.ndarray] = [np.empty(0)] * n_tasks
    fold = np.empty(len(positions), dtype=np.int32)
    for tasks, index, responses in stack.responses_to_held_out(member_rows):
        kept = [np.flatnonzero(of_member >= 0) for of_member in index]
        at = [np.searchsorted(positions, index[k, own]) for k, own in enumerate(kept)]
        for k, rows in enumerate(at):
            fold[rows] = fold_of_member[k]
        for t, response in zip(tasks, responses, strict=True):
            if not counts[t].size:
                sums[t] = np.zeros((len(positions), response.shape[2]))
                counts[t] = np.zeros(len(positions), dtype=np.int32)
            for k, rows in enumerate(at):
                sums[t][rows] += response[k, kept[k]]
                counts[t][rows] += 1
    means = [
        total / count[:, np.newaxis] for total, count in zip(sums, counts, strict=True)
    ]
    return means, fold


def _labels(task: Task, column: Column) -> np.ndarray:
    """Numbers or class codes, in float64."""
    if task.is_classifier:
        return np.asarray(task.encode(column), dtype=np.float64)
    if column.content == "category":
        return np.full(len(column), np.nan)
    return column.numbers()
