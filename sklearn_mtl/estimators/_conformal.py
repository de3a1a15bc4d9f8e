"""Intervals and sets whose coverage rests on rows that members held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sklearn_mtl.estimators._bounded_errors import (
    NO_LIMITS,
    Limits,
    opened,
    redistributed,
    sizes_of_errors,
)
from sklearn_mtl.tasks import Task

BISECTIONS = 52
"""Halvings that find a bound of the method "cv+" to the last digit."""

TIE = 1e-9
"""Counts of rows that are closer are equal: shares of a row sum to one but for this."""


class Ranked(NamedTuple):
    """Errors or depths of the rows of one fold, sorted.

    Attributes
    ----------
    values : ndarray of shape (n,)
        Infinite where it is only known that they lie beyond all others.
    share : ndarray of shape (n,) or None
        How much each counts, where several folds hold a row out, or where some errors
        are only bounded; None stands for ones.
    """

    values: np.ndarray
    share: np.ndarray | None = None

    @property
    def total(self) -> float:
        """Number of rows."""
        return float(len(self.values) if self.share is None else self.share.sum())

    @property
    def finite(self) -> Ranked:
        """Those that are known."""
        number = np.searchsorted(self.values, np.inf)
        share = None if self.share is None else self.share[:number]
        return Ranked(self.values[:number], share)

    def below(self, limits: np.ndarray, side: Any) -> np.ndarray:
        """Count rows below each limit, or up to it with ``side="right"``."""
        count = np.searchsorted(self.values, limits, side)
        if self.share is None:
            return count
        below: np.ndarray = np.append(0.0, np.cumsum(self.share))[count]
        return below


@dataclass(frozen=True, eq=False)
class Conformal:
    """How far labels lay from what the members that held them out had said.

    Attributes
    ----------
    members : list of int ndarray
        Members that held out each fold.
    errors : dict of (int, bool) to list of Ranked
        Of a numeric task, with or without being divided by the spread of the row: the
        absolute errors in each fold.
    depths : dict of int to list of Ranked
        Of a class task: how deep the labels lay in each fold.
    limits : dict of int to (float, float), or None
        Of a numeric task: beyond which labels are bounds alone; errors are those up to
        there. None stands for no such task.
    members_of : dict of int to list of int ndarray
        `members` of a task whose labels were held out in an earlier fit.
    """

    members: list[np.ndarray]
    errors: dict[tuple[int, bool], list[Ranked]]
    depths: dict[int, list[Ranked]]
    limits: dict[int, Limits] | None = None
    members_of: dict[int, list[np.ndarray]] = field(default_factory=dict)

    def folds_of(self, t: int) -> list[np.ndarray]:
        """Members that held out each fold of the labels of a task."""
        known = vars(self).get("members_of", {})  # files of earlier versions have none
        folds: list[np.ndarray] = known.get(t, self.members)
        return folds

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
        """Interval of some rows.

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
        errors = self.errors[t, normalize]
        n_labels = _total(errors)
        finite = [of_fold.finite for of_fold in errors]
        if not any(len(of_fold.values) for of_fold in finite):
            # What is predicted as missing has no bounds at all.
            missing = np.isnan(responses[..., 0]).all(axis=0)
            unbounded = np.where(missing, np.nan, np.inf)
            return -unbounded, unbounded

        def scale(response: np.ndarray) -> np.ndarray:
            if not normalize:
                return np.ones(len(response))
            return _spread(task, response, residual_std)

        limits = (self.limits or {}).get(t, NO_LIMITS)
        if method == "fold":
            response = _one_fold_a_row(responses, draw, self.folds_of(t))
            reach = scale(response) * _conformal_quantile(errors, coverage)
            centre = np.clip(response[:, 0], *limits)
            return opened(centre - reach, centre + reach, limits)
        held = [f for f, of_fold in enumerate(finite) if len(of_fold.values)]
        folds = self.folds_of(t)
        means = [responses[folds[f]].mean(axis=0) for f in held]
        centres = [np.clip(mean[:, 0], *limits) for mean in means]
        reaches = list(map(scale, means))
        errors = [finite[f] for f in held]
        rank = _rank(n_labels, coverage)
        lower = -_value_of_rank([-c for c in centres], reaches, errors, rank)
        upper = _value_of_rank(centres, reaches, errors, rank)
        return opened(lower, upper, limits)

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
        which_fold, last_class = draws
        depths = self.depths[t]
        if method == "fold":
            response = _one_fold_a_row(responses, which_fold, self.folds_of(t))
            limit = _conformal_quantile(depths, coverage)
            in_set: np.ndarray = _depth(response, last_class) <= limit
            return in_set
        beaten = np.zeros(responses.shape[1:])
        for members, ours in zip(self.folds_of(t), depths, strict=True):
            theirs = _depth(responses[members].mean(axis=0), last_class)
            beaten += ours.below(theirs, "left")
        in_set = beaten < coverage * (_total(depths) + 1)
        return in_set


def _one_fold_a_row(
    responses: np.ndarray, draw: np.ndarray, folds: list[np.ndarray]
) -> np.ndarray:
    """Take the responses (n_rows, m) of the members of one fold for each row."""
    means = np.stack([responses[members].mean(axis=0) for members in folds])
    fold = (draw * len(folds)).astype(int)
    one: np.ndarray = means[fold, np.arange(len(draw))]
    return one


def conformal_keeping(
    now: Conformal | None,
    earlier: Conformal | None,
    kept: Sequence[int],
    tasks: list[Task],
) -> Conformal | None:
    """Keep what an earlier fit knew of some tasks; None if neither knows anything.

    A task of which nothing is known has no errors: its intervals have no bounds.
    """
    either = now or earlier
    if either is None:
        return None
    errors: dict[tuple[int, bool], list[Ranked]] = {}
    depths: dict[int, list[Ranked]] = {}
    members_of, limits = {}, {}
    for t, task in enumerate(tasks):
        source = earlier if t in kept else now
        folds = either.members if source is None else source.folds_of(t)
        if folds is not either.members:
            members_of[t] = folds
        nothing = [Ranked(np.empty(0)) for _ in folds]
        if task.is_classifier:
            depths[t] = nothing if source is None else source.depths[t]
            continue
        if source is not None and t in (source.limits or {}):
            limits[t] = (source.limits or {})[t]
        for normalized in (False, True):
            known = nothing if source is None else source.errors[t, normalized]
            errors[t, normalized] = known
    return Conformal(either.members, errors, depths, limits, members_of)


def errors_of(
    task: Task,
    labels: np.ndarray,
    response: np.ndarray,
    residual_std: float,
    limits: Limits,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors (n,) of a numeric task, as they are and by the spread of each row.

    And which of them are at least so large, where labels are only bounds. What lies
    beyond a limit counts as if it lay there, labels and predictions alike.
    """
    error, at_least = sizes_of_errors(
        np.clip(labels, *limits), np.clip(response[:, 0], *limits)
    )
    return error, error / _spread(task, response, residual_std), at_least


def depths_of(codes: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Depths (n,) of the labels of a class task."""
    fixed = np.random.RandomState(0).uniform(size=len(codes))
    depths: np.ndarray = _depth(response, fixed)[np.arange(len(codes)), codes]
    return depths


def sorted_by_fold(
    values: np.ndarray,
    fold: np.ndarray,
    share: np.ndarray,
    n_folds: int,
    at_least: np.ndarray | None = None,
) -> list[Ranked]:
    """Split values (n,) by the fold that they are of, and sort them.

    Values that are `at_least` so large hand their shares on to larger ones.
    """
    if at_least is not None and at_least.any():
        share, beyond = redistributed(values, share, at_least)
        known = ~at_least
        values = np.append(values[known], np.full(n_folds, np.inf))
        share = np.append(share[known], np.full(n_folds, beyond / n_folds))
        fold = np.append(fold[known], np.arange(n_folds))
    alike = bool((share == 1.0).all())
    ranked = []
    for f in range(n_folds):
        own = np.flatnonzero(fold == f)
        own = own[np.argsort(values[own], kind="stable")]
        ranked.append(Ranked(values[own], None if alike else share[own]))
    return ranked


def _total(ranked: list[Ranked]) -> float:
    return sum(of_fold.total for of_fold in ranked)


def _spread(task: Task, response: np.ndarray, residual_std: float) -> np.ndarray:
    """Spread of rows that one fold's members predict, never 0."""
    none = np.zeros(len(response))
    return np.maximum(task.spread(response, none, residual_std), 1e-12)


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


def _rank(n: float, coverage: float) -> int:
    """Rank of the error that `coverage` of n errors and a new one do not exceed."""
    return int(np.ceil(coverage * (n + 1) - TIE))


def _conformal_quantile(errors: list[Ranked], coverage: float) -> float:
    """Error of that rank over all folds; infinite where there are too few."""
    n_labels = _total(errors)
    rank = _rank(n_labels, coverage)
    if rank > n_labels + TIE:
        return float("inf")
    pooled = np.concatenate([of_fold.values for of_fold in errors])
    if all(of_fold.share is None for of_fold in errors):
        return float(np.partition(pooled, rank - 1)[rank - 1])
    order = np.argsort(pooled, kind="stable")
    share = np.concatenate([of_fold.share for of_fold in errors])
    at_rank = np.searchsorted(np.cumsum(share[order]), rank - TIE)
    return float(pooled[order[at_rank]])


def _value_of_rank(
    centre: list[np.ndarray],
    reach: list[np.ndarray],
    errors: list[Ranked],
    rank: int,
) -> np.ndarray:
    """Value of rank `rank` among all ``centre + reach * errors`` of each row.

    Parameters
    ----------
    centre, reach : list of ndarray of shape (n_rows,)
        One for each fold; `reach` is positive.
    errors : list of Ranked
        Those of each fold.
    rank : int
        From 1.

    Returns
    -------
    ndarray of shape (n_rows,)
        Infinite where there are too few values.
    """
    if rank > _total(errors) + TIE:
        return np.full(len(centre[0]), np.inf)
    folds = list(zip(centre, reach, errors, strict=True))
    low = np.min([c + r * e.values[0] for c, r, e in folds], axis=0)
    high = np.max([c + r * e.values[-1] for c, r, e in folds], axis=0)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        below = sum(e.below((middle - c) / r, "right") for c, r, e in folds)
        too_few = below < rank - TIE
        low = np.where(too_few, middle, low)
        high = np.where(too_few, high, middle)
    return high


def _depth(probabilities: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Probability of all classes likelier than each, and a share of its own."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    above = np.cumsum(ranked, axis=1) - ranked
    depth = np.empty_like(above)
    np.put_along_axis(depth, order, above + uniform[:, None] * ranked, axis=1)
    return depth
