"""What members say of rows that they did not train on, and what follows from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task
from sklearn_mtl.training import MemberRows, MultiTaskNet, raw_of_held_out

BISECTIONS = 52
"""Halvings that find a bound of the method "cv+" to the last digit."""

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
            kept = index >= 0
            flat = index[kept]
            np.add.at(count, flat, 1.0)
            folds = np.broadcast_to(fold_of_member[:, None], index.shape)
            self.fold[flat] = folds[kept]
            for t, task in enumerate(tasks):
                response = task.response(raw[..., slices[t]])[kept]
                if sums[t] is None:
                    sums[t] = np.zeros((n_rows, response.shape[1]))
                np.add.at(sums[t], flat, response)
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
                column.keep(self.weight[:, t] > 0, rows),
                predictions[t][rows],
                self.weight[rows, t],
            )
            for t, (task, column) in enumerate(zip(tasks, columns, strict=True))
        ]
        known = [score for score in scores if not np.isnan(score)]
        return float(np.mean(known)) if known else float("nan")

    # -- intervals of numbers ------------------------------------------------------

    def interval(
        self,
        t: int,
        task: Task,
        responses: np.ndarray,
        draw: np.ndarray,
        *,
        residual_std: float,
        coverage: float,
        normalize: bool,
        method: str,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Conformal interval of some rows.

        Parameters
        ----------
        responses : ndarray of shape (K, n_rows, m)
            Responses of all members to the rows.
        draw : ndarray of shape (n_rows,)
            Picks the fold of each row, for the method "fold".

        Returns
        -------
        lower, upper : ndarray of shape (n_rows,)
        """
        known = self._known(t)
        if not known.any():
            return (np.full(responses.shape[1], np.nan),) * 2

        def scale(response: np.ndarray) -> np.ndarray:
            if not normalize:
                return np.ones(len(response))
            none = np.zeros(len(response))
            return np.maximum(task.spread(response, none, residual_std), 1e-12)

        held_out = self.responses[t][known]
        error = np.abs(self.labels[known, t] - held_out[:, 0]) / scale(held_out)
        if method == "fold":
            response = self._one_fold_a_row(responses, draw)
            reach = scale(response) * _conformal_quantile(error, coverage)
            return response[:, 0] - reach, response[:, 0] + reach
        centres, reaches, errors = [], [], []
        for f, members in enumerate(self.members):
            of_fold = np.sort(error[self.fold[known] == f])
            if len(of_fold):
                mean = responses[members].mean(axis=0)
                centres.append(mean[:, 0])
                reaches.append(scale(mean))
                errors.append(of_fold)
        place = _conformal_place(len(error), coverage)
        lower = -_at_place([-c for c in centres], reaches, errors, place)
        return lower, _at_place(centres, reaches, errors, place)

    def _one_fold_a_row(self, responses: np.ndarray, draw: np.ndarray) -> np.ndarray:
        """Take the responses (n_rows, m) of the members of one fold for each row."""
        means = np.stack([responses[members].mean(axis=0) for members in self.members])
        fold = (draw * len(self.members)).astype(int)
        one: np.ndarray = means[fold, np.arange(len(draw))]
        return one

    # -- sets of classes --------------------------------------------------------------

    def prediction_set(
        self,
        t: int,
        responses: np.ndarray,
        draws: tuple[np.ndarray, np.ndarray],
        *,
        coverage: float,
        method: str,
    ) -> np.ndarray:
        """Adaptive prediction sets (Romano et al. 2020) of some rows.

        Parameters
        ----------
        responses : ndarray of shape (K, n_rows, n_classes)
        draws : two ndarrays of shape (n_rows,)
            Pick the fold of each row, and whether its last class is taken.

        Returns
        -------
        bool ndarray of shape (n_rows, n_classes)
        """
        known = self._known(t)
        codes = self.labels[known, t].astype(int)
        which_fold, last_class = draws
        fixed = np.random.RandomState(0).uniform(size=len(codes))
        depth = _depth(self.responses[t][known], fixed)
        depth = depth[np.arange(len(codes)), codes]
        if method == "fold":
            response = self._one_fold_a_row(responses, which_fold)
            limit = _conformal_quantile(depth, coverage)
            in_set: np.ndarray = _depth(response, last_class) <= limit
            return in_set
        beaten = np.zeros(responses.shape[1:])
        for f, members in enumerate(self.members):
            ours = np.sort(depth[self.fold[known] == f])
            theirs = _depth(responses[members].mean(axis=0), last_class)
            beaten += np.searchsorted(ours, theirs, side="left")
        in_set = beaten < coverage * (len(codes) + 1)
        return in_set

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


def row_draws(features: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two numbers in [0, 1) a row, scattered as if at random but fixed by its content.

    What rests on them depends neither on a generator nor on the rows beside.
    """
    if sparse.issparse(features):
        features = features.toarray()
    bits = np.ascontiguousarray(features + 0.0, dtype=np.float64).view(np.uint64)
    mixed = np.zeros(len(bits), dtype=np.uint64)
    for column in bits.T:
        mixed = _splitmix(mixed ^ column)
    first = _splitmix(mixed)
    return _unit(first), _unit(_splitmix(first))


def _splitmix(x: np.ndarray) -> np.ndarray:
    """One round of splitmix64 (Steele, Lea, Flood 2014)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = x ^ (x >> np.uint64(31))
    return mixed


def _unit(bits: np.ndarray) -> np.ndarray:
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


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


def _conformal_place(n: int, coverage: float) -> int:
    """Rank of the error that `coverage` of n errors and a new one do not exceed."""
    return int(np.ceil(coverage * (n + 1) - 1e-9))


def _conformal_quantile(errors: np.ndarray, coverage: float) -> float:
    """Error of that rank; infinite where there are too few."""
    place = _conformal_place(len(errors), coverage)
    if place > len(errors):
        return float("inf")
    return float(np.partition(errors, place - 1)[place - 1])


def _at_place(
    centre: list[np.ndarray],
    reach: list[np.ndarray],
    errors: list[np.ndarray],
    place: int,
) -> np.ndarray:
    """Value of rank `place` among all ``centre + reach * errors`` of each row.

    Parameters
    ----------
    centre, reach : list of ndarray of shape (n_rows,)
        One for each fold; `reach` is positive.
    errors : list of ndarray
        Those of each fold, sorted.
    place : int
        From 1.

    Returns
    -------
    ndarray of shape (n_rows,)
        Infinite where there are too few values.
    """
    if place > sum(map(len, errors)):
        return np.full(len(centre[0]), np.inf)
    folds = list(zip(centre, reach, errors, strict=True))
    low = np.min([c + r * e[0] for c, r, e in folds], axis=0)
    high = np.max([c + r * e[-1] for c, r, e in folds], axis=0)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        rank = sum(np.searchsorted(e, (middle - c) / r, "right") for c, r, e in folds)
        low = np.where(rank < place, middle, low)
        high = np.where(rank < place, high, middle)
    return high


def _depth(probabilities: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Probability of all classes likelier than each, and a share of its own."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    above = np.cumsum(ranked, axis=1) - ranked
    depth = np.empty_like(above)
    np.put_along_axis(depth, order, above + uniform[:, None] * ranked, axis=1)
    return depth
