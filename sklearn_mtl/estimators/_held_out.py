"""What members say of rows that they did not train on, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_mtl.estimators._conformal import (
    Conformal,
    Ranked,
    depths_of,
    errors_of,
    sorted_by_fold,
)
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._temperature import Answers, best_temperature
from sklearn_mtl.joint import HeldOutLabels, rows_to_keep
from sklearn_mtl.metrics import column_score, mean_of_known
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task, groups_of
from sklearn_mtl.training import MemberRows


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Labels and responses of rows that members held out.

    A row may be in several folds; an *answer* is what the members of one fold say of
    one row, the mean over these members.

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
    labels : list of float64 ndarray of shape (m,)
        Numbers or class codes of each task; NaN where missing or unknown. Of more
        axes where the kind says more of a label.
    row, fold : int ndarray of shape (a,)
        Row, from 0 to m - 1, and fold of each answer; sorted by row.
    share : float64 ndarray of shape (a,)
        How much each answer counts: the shares of a row sum to one.
    responses : list of float64 ndarray of shape (a, r)
        One for each task.
    members : list of int ndarray
        Members that held out each fold.
    """

    tasks: list[Task]
    positions: np.ndarray
    n_passed: int
    columns: list[Column]
    scoring_weight: np.ndarray
    training_weight: np.ndarray
    labels: list[np.ndarray]
    row: np.ndarray
    fold: np.ndarray
    share: np.ndarray
    responses: list[np.ndarray]
    members: list[np.ndarray]

    def residual_std(self) -> np.ndarray:
        """Root mean square of the residuals of numeric tasks, (T,); NaN elsewhere."""
        std = np.full(len(self.tasks), np.nan)
        for t, task in enumerate(self.tasks):
            known = self._known(t)
            if task.is_classifier or not known.any():
                continue
            row = self.row[known]
            residual = task.residual(self.labels[t][row], self.responses[t][known])
            weight = self.scoring_weight[row, t] * self.share[known]
            squared = np.average(residual**2, weights=weight)
            std[t] = np.sqrt(squared)
        return std

    def _known(self, t: int) -> np.ndarray:
        """Answers with a label and a response of task `t`."""
        first = self.responses[t][:, :1].sum(axis=1)
        known: np.ndarray = is_known(self.labels[t])[self.row] & ~np.isnan(first)
        return known

    def predictions(self) -> list[np.ndarray]:
        """One array of predictions (m,) a task."""
        return [
            task.predict(self._mean_over_folds(response))
            for task, response in zip(self.tasks, self.responses, strict=True)
        ]

    def _mean_over_folds(self, response: np.ndarray) -> np.ndarray:
        """Mean response (m, r) to each row."""
        if len(self.row) == len(self.positions):
            return response
        mean = np.zeros((len(self.positions), response.shape[1]))
        np.add.at(mean, self.row, response * self.share[:, np.newaxis])
        return mean

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
                column.keep(is_known(self.labels[t]), everything),
                predictions,
                self.scoring_weight[:, t],
            )
            for t, (task, column, predictions) in enumerate(
                zip(self.tasks, self.columns, self.predictions(), strict=True)
            )
        )

    def conformal(self, residual_std: np.ndarray) -> Conformal:
        """Keep of the held-out rows what intervals and sets need."""
        errors: dict[tuple[int, bool], list[Ranked]] = {}
        depths: dict[int, list[Ranked]] = {}
        for t, task in enumerate(self.tasks):
            known = self._known(t)
            response = self.responses[t][known]
            labels = self.labels[t][self.row[known]]
            by_fold = self.fold[known], self.share[known], len(self.members)
            if task.is_classifier:
                depth = depths_of(labels.astype(int), response)
                depths[t] = sorted_by_fold(depth, *by_fold)
                continue
            plain, scaled, at_least = errors_of(task, labels, response, residual_std[t])
            errors[t, False] = sorted_by_fold(plain, *by_fold, at_least)
            errors[t, True] = sorted_by_fold(scaled, *by_fold, at_least)
        return Conformal(self.members, errors, depths)

    def to_keep(self, residual_std: np.ndarray) -> HeldOutLabels:
        """Keep labels and answers, one a row, for what columns say of each other."""
        kept = rows_to_keep(len(self.positions), self.responses)
        answer = np.searchsorted(self.row, kept)
        weight = self.scoring_weight[kept]
        observed = weight > 0
        alike = bool((weight == observed).all())
        return HeldOutLabels(
            tasks=self.tasks,
            labels=np.column_stack([exact_numbers(own[kept]) for own in self.labels]),
            responses=[
                response[answer].astype(np.float32 if task.is_classifier else float)
                for task, response in zip(self.tasks, self.responses, strict=True)
            ],
            weight=None if alike else weight,
            residual_std=residual_std,
        )

    def temperature(self) -> np.ndarray:
        """Temperature (T,) of each task; 1 for numbers."""
        temperature = np.ones(len(self.tasks))
        together = [own for _, own in groups_of(self.tasks)]
        grouped = {t for own in together for t in own}
        alone = [[t] for t in range(len(self.tasks)) if t not in grouped]
        for own in alone + together:
            if self.tasks[own[0]].is_classifier:
                temperature[own] = best_temperature([self._answers(t) for t in own])
        return temperature

    def _answers(self, t: int) -> Answers:
        """Collect what was said of the held-out labels of a class column."""
        known = self._known(t)
        row = self.row[known]
        return Answers(
            self.tasks[t],
            self.responses[t][known],
            self.labels[t][row].astype(int),
            self.training_weight[row, t] * self.share[known],
        )

    def beats_prior(self) -> np.ndarray:
        """Whether the log-loss of each class column is below its prior's, (T,).

        False for numbers, and where no label was held out.
        """
        beats = np.zeros(len(self.tasks), dtype=bool)
        for t, task in enumerate(self.tasks):
            known = self._known(t)
            if not task.is_classifier or not known.any():
                continue
            row = self.row[known]
            codes = self.labels[t][row].astype(int)
            weight = self.training_weight[row, t] * self.share[known]
            said = self.responses[t][known][np.arange(len(codes)), codes]
            prior = task.response(task.read_prior())[codes]
            gain = np.log(np.maximum(said, 1e-300)) - np.log(np.maximum(prior, 1e-300))
            beats[t] = (weight * gain).sum() > 0
        return beats

    def tempered(self, temperature: np.ndarray) -> HeldOut:
        """Apply temperatures (T,) to the responses."""
        responses = [
            response if by == 1.0 else task.tempered(response, by)
            for task, response, by in zip(
                self.tasks, self.responses, temperature, strict=True
            )
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
    tasks = stack.tasks
    labels = labels_of(tasks, columns, weights[0])
    fold_of_member = stack.net.members.fold
    members = [np.flatnonzero(fold_of_member == f) for f in np.unique(fold_of_member)]
    row, fold, responses = _answers(stack, member_rows, positions, members)
    return HeldOut(
        tasks=tasks,
        positions=rows.positions[positions],
        n_passed=rows.n_passed,
        columns=columns,
        scoring_weight=weights[0],
        training_weight=weights[1],
        labels=labels,
        row=row,
        fold=fold,
        share=1.0 / np.bincount(row)[row],
        responses=responses,
        members=members,
    )


def _answers(
    stack: FittedStack,
    member_rows: MemberRows,
    positions: np.ndarray,
    members: list[np.ndarray],
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Row, fold and responses to each task of all answers, sorted by row."""
    folds = range(len(members))
    rows: list[list[np.ndarray]] = [[] for _ in folds]
    said: list[list[list[np.ndarray]]] = [[[] for _ in folds] for _ in stack.tasks]
    first = None
    for tasks, index, responses in stack.responses_to_held_out(member_rows):
        first = tasks[0] if first is None else first
        for f, own in enumerate(members):
            # Members of a fold hold out the same rows, in the same order in every net.
            kept = np.flatnonzero(index[own[0]] >= 0)
            if tasks[0] == first:
                rows[f].append(np.searchsorted(positions, index[own[0], kept]))
            for t, response in zip(tasks, responses, strict=True):
                said[t][f].append(response[own][:, kept].mean(axis=0))
    row = np.concatenate([part for of_fold in rows for part in of_fold])
    fold = np.repeat(folds, [sum(map(len, of_fold)) for of_fold in rows])
    order = np.argsort(row, kind="stable")
    answers = [
        np.concatenate([part for of_fold in of_task for part in of_fold])[order]
        for of_task in said
    ]
    return row[order], fold[order], answers


def labels_of(
    tasks: list[Task], columns: list[Column], weight: np.ndarray
) -> list[np.ndarray]:
    """Numbers or class codes (m,) of each task; NaN where missing, unknown or weight 0.

    Of more axes where the kind says more of a label.
    """
    labels = []
    for task, column, counts in zip(tasks, columns, (weight > 0).T, strict=True):
        of_task = task.encode(column) if task.is_classifier else task.labels_of(column)
        of_task = np.array(of_task, dtype=np.float64)
        of_task[~counts] = np.nan
        labels.append(of_task)
    return labels


def is_known(labels: np.ndarray) -> np.ndarray:
    """Tell which labels, (n,) or of more axes, are not NaN, (n,)."""
    known: np.ndarray = ~np.isnan(np.atleast_2d(labels.T)[0])
    return known


def exact_numbers(labels: np.ndarray) -> np.ndarray:
    """Labels (n,), or those of bounds (n, 2) that are numbers; NaN for the others."""
    lower, upper = np.atleast_2d(labels.T)[[0, -1]]
    return np.where(lower == upper, lower, np.nan)
