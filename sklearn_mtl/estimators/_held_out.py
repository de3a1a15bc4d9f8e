"""What members say of rows that they did not train on, and what follows from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from sklearn_mtl.estimators._conformal import Conformal
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task
from sklearn_mtl.training import MemberRows, MultiTaskNet, raw_of_held_out

COLDEST, HOTTEST = 0.2, 5.0
"""Range in which a temperature is sought."""


class HeldOut:
    """Responses of members to rows that they held out.

    Parameters
    ----------
    net : MultiTaskNet
    tasks : list of Task
    rows : MemberRows
        Rows that members were validated on, or those that they trained on where there
        are no others.
    columns : list of Column
        Labels of the table behind `rows`.
    weight : ndarray of shape (n, T)

    Attributes
    ----------
    responses : list of float64 ndarray of shape (n, m)
        One for each task; NaN in rows that no member held out.
    fold : int ndarray of shape (n,)
        The fold that a row is in, -1 if none.
    members : list of int ndarray
        Members that held out each fold.
    labels : float64 ndarray of shape (n, T)
        Numbers or class codes; NaN where missing or unknown.
    """

    def __init__(
        self,
        net: MultiTaskNet,
        tasks: list[Task],
        rows: MemberRows,
        columns: list[Column],
        weight: np.ndarray,
    ) -> None:
        self.weight = weight
        fold_of_member = np.array(rows.fold_of_member)
        self.members = [
            np.flatnonzero(fold_of_member == f) for f in range(fold_of_member.max() + 1)
        ]
        n_rows = len(weight)
        self.fold = np.full(n_rows, -1)
        self.responses = self._collect(net, tasks, rows, fold_of_member, n_rows)
        self.labels = np.column_stack(
            [_labels(task, column) for task, column in zip(tasks, columns, strict=True)]
        )
        self.labels[~(weight > 0)] = np.nan

    def _collect(
        self,
        net: MultiTaskNet,
        tasks: list[Task],
        rows: MemberRows,
        fold_of_member: np.ndarray,
        n_rows: int,
    ) -> list[np.ndarray]:
        sums: list[Any] = [None] * len(tasks)
        count = np.zeros(n_rows)
        slices = net.criterion_.layout.slices
        for index, raw in raw_of_held_out(net.module_, rows):
            places = [np.flatnonzero(row >= 0) for row in index]
            for k, kept in enumerate(places):
                count[index[k, kept]] += 1.0
                self.fold[index[k, kept]] = fold_of_member[k]
            for t, task in enumerate(tasks):
                response = task.response(raw[..., slices[t]])
                if sums[t] is None:
                    sums[t] = np.zeros((n_rows, response.shape[2]))
                for k, kept in enumerate(places):
                    sums[t][index[k, kept]] += response[k, kept]
        count[count == 0] = np.nan
        return [total / count[:, None] for total in sums]

    def residual_std(self, tasks: list[Task]) -> np.ndarray:
        """Root mean square of the residuals of numeric tasks, (T,); NaN elsewhere."""
        std = np.full(len(tasks), np.nan)
        for t, task in enumerate(tasks):
            known = self._known(t)
            if task.is_classifier or not known.any():
                continue
            residual = task.residual(self.labels[known, t], self.responses[t][known])
            squared = np.average(residual**2, weights=self.weight[known, t])
            std[t] = np.sqrt(squared)
        return std

    def _known(self, t: int) -> np.ndarray:
        """Rows with a label and a response of task `t`."""
        first = self.responses[t][:, :1].sum(axis=1)
        known: np.ndarray = ~np.isnan(self.labels[:, t]) & ~np.isnan(first)
        return known

    def predictions(self, tasks: list[Task]) -> list[np.ndarray]:
        """One array of predictions a task; missing in rows that no one held out."""
        covered = self.fold >= 0
        columns = []
        for task, response in zip(tasks, self.responses, strict=True):
            known = task.predict(np.where(covered[:, None], response, 0.0))
            columns.append(known if covered.all() else _blank(known, ~covered))
        return columns

    def score(self, tasks: list[Task], columns: list[Column]) -> float:
        """Mean over columns of the default score on the rows that were held out."""
        rows = np.flatnonzero(self.fold >= 0)
        predictions = self.predictions(tasks)
        scores = [
            task.score(
                column.keep(~np.isnan(self.labels[:, t]), rows),
                predictions[t][rows],
                self.weight[rows, t],
            )
            for t, (task, column) in enumerate(zip(tasks, columns, strict=True))
        ]
        known = [score for score in scores if not np.isnan(score)]
        return float(np.mean(known)) if known else float("nan")

    # -- what intervals and sets rest on ------------------------------------------

    def conformal(self, tasks: list[Task], residual_std: np.ndarray) -> Conformal:
        """Keep of the held-out rows what intervals and sets need."""
        kept = Conformal(self.members)
        for t, task in enumerate(tasks):
            known = self._known(t)
            labels, response = self.labels[known, t], self.responses[t][known]
            fold = self.fold[known]
            if task.is_classifier:
                kept.add_classes(t, fold, labels.astype(int), response)
            else:
                kept.add_numbers(t, task, fold, labels, response, residual_std[t])
        return kept

    # -- calibration --------------------------------------------------------------

    def calibrate(self, tasks: list[Task], temperature: np.ndarray) -> None:
        """Set one temperature a class task, and apply it to the held-out responses."""
        for t, task in enumerate(tasks):
            if task.is_classifier:
                temperature[t] = self.temperature(t)
                self.responses[t] = temper(self.responses[t], temperature[t])

    def temperature(self, t: int) -> float:
        """Temperature that minimises the log-loss of the held-out labels.

        One where there is nothing to learn it from (Guo et al. 2017).
        """
        known = self._known(t)
        codes = self.labels[known, t].astype(int)
        if len(np.unique(codes)) < 2:
            return 1.0
        response, weight = self.responses[t][known], self.weight[known, t]

        def cost(log_temperature: float) -> float:
            tempered = temper(response, np.exp(log_temperature))
            chosen = tempered[np.arange(len(codes)), codes]
            return float(-(weight * np.log(np.maximum(chosen, 1e-300))).sum())

        bounds = np.log(COLDEST), np.log(HOTTEST)
        found = minimize_scalar(cost, bounds=bounds, method="bounded")
        return float(np.exp(found.x))


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logarithms of probabilities by a temperature and normalise."""
    logits = np.log(np.maximum(probabilities, 1e-300))
    tempered: np.ndarray = softmax(logits / temperature, axis=-1)
    return tempered


def _labels(task: Task, column: Column) -> np.ndarray:
    if task.is_classifier:
        return task.encode(column)
    numbers = np.full(len(column), np.nan)
    if column.content != "category":
        numbers[~column.missing] = column.observed.astype(np.float64)
    return numbers


def _blank(column: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Make the predictions of some rows missing."""
    if column.dtype.kind in "iuf":
        column = column.astype(np.float64)
        column[rows] = np.nan
        return column
    column = column.astype(object)
    column[rows] = None
    return column
