"""What members say of rows that they did not train on, and what follows from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from sklearn_mtl.estimators._conformal import Conformal
from sklearn_mtl.metrics import column_score, mean_of_known
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task
from sklearn_mtl.training import MemberRows, MultiTaskNet, raw_of_held_out

COLDEST, HOTTEST = 0.2, 5.0
"""Range in which a temperature is sought."""
PRIOR_OF_TEMPERATURE = np.log(2.0)
"""Standard deviation of the logarithm of a temperature before labels are seen."""


class HeldOut:
    """Responses of members to rows that they held out.

    Parameters
    ----------
    nets : list of (MultiTaskNet, list of int)
        Nets, and the tasks that each predicts.
    tasks : list of Task
    rows : MemberRows
        Rows that members were validated on, or those that they trained on where there
        are no others.
    columns : list of Column
        Labels of the table behind `rows`.
    weight : ndarray of shape (n, T)
        Weight of each label, without that of its class.
    training_weight : ndarray of shape (n, T)
        The same with it; what the net was trained to fit, and is calibrated by.

    Attributes
    ----------
    places : int ndarray of shape (m,)
        Rows of the table that a member held out; the other attributes are of these.
    columns : list of Column
    weight : ndarray of shape (m, T)
    responses : list of float64 ndarray of shape (m, r)
        One for each task.
    fold : int ndarray of shape (m,)
        The fold that a row is in.
    members : list of int ndarray
        Members that held out each fold.
    labels : float64 ndarray of shape (m, T)
        Numbers or class codes; NaN where missing or unknown.
    """

    def __init__(
        self,
        nets: list[tuple[MultiTaskNet, list[int]]],
        tasks: list[Task],
        rows: MemberRows,
        columns: list[Column],
        weight: np.ndarray,
        training_weight: np.ndarray,
    ) -> None:
        fold_of_member = np.array(rows.fold_of_member)
        self.members = [
            np.flatnonzero(fold_of_member == f) for f in range(fold_of_member.max() + 1)
        ]
        held = rows.read_by_someone()
        self.places = np.flatnonzero(held)
        everywhere = len(self.places) == len(held)
        self.weight = weight if everywhere else weight[self.places]
        self.training_weight = training_weight
        if not everywhere:
            self.training_weight = training_weight[self.places]
        self.columns = columns
        if not everywhere:
            self.columns = [column.take(self.places) for column in columns]
        self.fold = np.empty(len(self.places), dtype=np.int32)
        self.responses: list[np.ndarray] = [np.empty(0)] * len(tasks)
        for net, chosen in nets:
            self._collect(net, {t: tasks[t] for t in chosen}, rows, fold_of_member)
        self.labels = np.empty((len(self.places), len(tasks)))
        for t, (task, column) in enumerate(zip(tasks, self.columns, strict=True)):
            self.labels[:, t] = _labels(task, column)
        self.labels[~(self.weight > 0)] = np.nan

    def _collect(
        self,
        net: MultiTaskNet,
        tasks: dict[int, Task],
        rows: MemberRows,
        fold_of_member: np.ndarray,
    ) -> None:
        """Set `fold`, and the responses of those tasks that a net predicts."""
        sums: dict[int, Any] = {}
        count = np.zeros(len(self.places), dtype=np.int32)
        slices = net.criterion_.layout.slices
        for index, raw in raw_of_held_out(net.module_, rows):
            kept = [np.flatnonzero(row >= 0) for row in index]
            places = [
                np.searchsorted(self.places, index[k, own])
                for k, own in enumerate(kept)
            ]
            for k, place in enumerate(places):
                count[place] += 1
                self.fold[place] = fold_of_member[k]
            for t, task in tasks.items():
                response = task.response(raw[..., slices[t]])
                if t not in sums:
                    sums[t] = np.zeros((len(self.places), response.shape[2]))
                for k, place in enumerate(places):
                    sums[t][place] += response[k, kept[k]]
        for t, total in sums.items():
            self.responses[t] = total / count[:, None]

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
        """One array of predictions (m,) a task."""
        return [
            task.predict(response)
            for task, response in zip(tasks, self.responses, strict=True)
        ]

    def score(self, tasks: list[Task]) -> float:
        """Mean over columns of the default score on the rows that were held out."""
        everything = np.arange(len(self.places))
        return mean_of_known(
            column_score(
                task,
                column.keep(~np.isnan(self.labels[:, t]), everything),
                predictions,
                self.weight[:, t],
            )
            for t, (task, column, predictions) in enumerate(
                zip(tasks, self.columns, self.predictions(tasks), strict=True)
            )
        )

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
                if temperature[t] != 1.0:
                    self.responses[t] = temper(self.responses[t], temperature[t])

    def temperature(self, t: int) -> float:
        """Temperature that minimises the log-loss of the held-out labels.

        One where there is nothing to learn it from (Guo et al. 2017). A few labels say
        little, so that a prior keeps it near one; it fades with their number.
        """
        known = self._known(t)
        codes = self.labels[known, t].astype(int)
        if len(np.unique(codes)) < 2:
            return 1.0
        response, weight = self.responses[t][known], self.training_weight[known, t]

        def cost(log_temperature: float) -> float:
            tempered = temper(response, np.exp(log_temperature))
            chosen = tempered[np.arange(len(codes)), codes]
            surprise = -(weight * np.log(np.maximum(chosen, 1e-300))).sum()
            return float(surprise + 0.5 * (log_temperature / PRIOR_OF_TEMPERATURE) ** 2)

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
    if column.content == "category":
        return np.full(len(column), np.nan)
    return column.numbers()
