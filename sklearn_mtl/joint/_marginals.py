"""Labels of one column to latent scores and back, through what is predicted of a row.

A marginal turns labels into bounds of its latent scores, scores into labels, and a
normal law of the scores into an updated prediction. Before anything is known of a row
its scores are independent and standard normal, which gives the predicted distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import betainc, ndtr
from scipy.stats import nbinom

from sklearn_mtl.joint._normal import FARTHEST, nodes, score_below
from sklearn_mtl.tasks import Count, GammaRegression, Ordinal, Task

MOST_KNOTS = 513
"""Points that a distribution of residuals is kept at."""
MOST_ALONE = 24
"""Classes, the most frequent ones, that have a latent score of their own."""
LOWEST_IS_ZERO = Count, GammaRegression
"""Kinds of numbers that are never negative."""
FARTHEST_COUNT = 6.0
"""Score beyond which counts are not told apart."""
COUNT_CUTS = np.linspace(0.02, 0.98, 25)
"""Shares at which the counts of a row are cut, to tell how much their scores say."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """A numeric column: residuals in units of the spread that its kind predicts.

    Attributes
    ----------
    task : Task
    residual_std : float
    scores, values : ndarray of shape (q,)
        Normal scores of the residuals of held-out rows, and these, increasing.
    """

    task: Task
    residual_std: float
    scores: np.ndarray
    values: np.ndarray

    n_latents = 1

    def bounds(self, labels: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Lower and upper bounds (2, n, 1) of the scores; infinite where missing."""
        centre, spread = self._place(response)
        score = np.interp((labels - centre) / spread, self.values, self.scores)
        unknown = np.isnan(score)
        lower, upper = (
            np.where(unknown, -np.inf, score),
            np.where(unknown, np.inf, score),
        )
        return np.stack([lower, upper])[..., np.newaxis]

    def labels(self, scores: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Labels (n, S) of scores (n, S, 1)."""
        centre, spread = self._place(response)
        found: np.ndarray = centre[:, np.newaxis] + spread[
            :, np.newaxis
        ] * self.residuals(scores[..., 0])
        return found

    def residuals(self, scores: np.ndarray) -> np.ndarray:
        """Residuals of scores, in units of the spread."""
        return np.interp(scores, self.scores, self.values)

    def updated(
        self, mean: np.ndarray, std: np.ndarray, response: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Update the prediction (n,) where scores are normal (n, 1).

        Returns
        -------
        prediction, left : ndarray of shape (n,)
            And the share of the unconditional standard deviation that is left.
        """
        points, weights = nodes()
        at = self.residuals(mean + std * points)
        left = _std(at, weights) / max(_std(self.residuals(points), weights), 1e-300)
        average = at @ weights
        if self.task.level is not None:
            middle = score_below(np.array(self.task.level))
            average = self.residuals(mean[:, 0] + std[:, 0] * middle)
        centre, spread = self._place(response)
        return centre + spread * average, left

    def _place(self, response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return response[:, 0], spread_of(self.task, response, self.residual_std)


@dataclass(frozen=True, eq=False)
class Counts:
    """A column of whole numbers: a negative binomial law of the predicted mean.

    Attributes
    ----------
    task : Task
    residual_std : float
    excess : float
        Mean square of the residuals of held-out rows, in units of the spread that the
        kind predicts.
    """

    task: Task
    residual_std: float
    excess: float

    n_latents = 1

    def bounds(self, labels: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Lower and upper bounds (2, n, 1) of the scores; infinite where missing."""
        size, share = self._law(response)
        unknown = np.isnan(labels)
        known = np.where(unknown, 0.0, labels)
        upper = _below(known, size, share)
        lower = np.where(known > 0, _below(np.maximum(known - 1, 0), size, share), 0.0)
        lower, upper = apart(score_below(lower), score_below(upper))
        lower[unknown | (known <= 0)], upper[unknown] = -np.inf, np.inf
        return np.stack([lower, upper])[..., np.newaxis]

    def cuts(self, response: np.ndarray) -> list[np.ndarray]:
        """Scores (n, 25) that part the counts of each row."""
        size, share = (part[:, np.newaxis] for part in self._law(response))
        return [score_below(_below(nbinom.ppf(COUNT_CUTS, size, share), size, share))]

    def labels(self, scores: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Labels (n, S) of scores (n, S, 1)."""
        size, share = (part[:, np.newaxis] for part in self._law(response))
        # Beyond, a share rounds to one, and the label to infinity.
        within = np.clip(scores[..., 0], -FARTHEST_COUNT, FARTHEST_COUNT)
        found: np.ndarray = nbinom.ppf(ndtr(within), size, share)
        return found

    def updated(
        self, mean: np.ndarray, std: np.ndarray, response: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Update the prediction (n,) where scores are normal (n, 1).

        Returns
        -------
        prediction, left : ndarray of shape (n,)
            And the share of the unconditional standard deviation that is left.
        """
        points, weights = nodes()
        before = np.broadcast_to(points, (len(mean), len(points)))
        at, before = (
            self.labels(scores[..., np.newaxis], response)
            for scores in (mean + std * points, before)
        )
        grown = (at @ weights) / np.maximum(before @ weights, 1e-12)
        left = _std(at, weights) / np.maximum(_std(before, weights), 1e-12)
        return response[:, 0] * grown, left

    def _law(self, response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Size and share of the negative binomial law of each row."""
        mean = np.maximum(response[:, 0], 1e-9)
        variance = self.excess * spread_of(self.task, response, self.residual_std) ** 2
        size = mean**2 / np.maximum(variance - mean, 1e-3 * mean)
        return size, size / (size + mean)


@dataclass(frozen=True, eq=False)
class Classes:
    """A column of classes, by probabilities.

    Classes without an order are told apart one by one, the most frequent first: is it
    this one, or one of the rest? Each question has a score of its own, and the last
    score tells all classes apart that are left. Classes with an order have that last
    score alone.

    Attributes
    ----------
    task : Task
    order : int ndarray of shape (n_classes,)
        Codes, in the order in which they are told apart.
    n_alone : int
        Number of classes with a score of their own.
    """

    task: Task
    order: np.ndarray
    n_alone: int

    @property
    def n_latents(self) -> int:
        """Number of scores."""
        return self.n_alone + 1

    @cached_property
    def _rank(self) -> np.ndarray:
        return np.argsort(self.order)

    def cuts(self, response: np.ndarray) -> list[np.ndarray]:
        """Scores (n, c) below which each question is answered by no, and the last."""
        if len(self.order) < 2:
            return [np.empty((len(response), 0))]
        mass = response[:, self.order]
        left = np.cumsum(mass[:, ::-1], axis=1)[:, ::-1]
        left = np.maximum(left, 1e-300)
        alone = [
            score_below(1.0 - mass[:, [s]] / left[:, [s]]) for s in range(self.n_alone)
        ]
        rest = mass[:, self.n_alone :]
        below = np.cumsum(rest, axis=1)[:, :-1] / left[:, [self.n_alone]]
        return [*alone, score_below(below)]

    def bounds(self, codes: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Lower and upper bounds (2, n, L) of the scores; infinite where not asked."""
        bounds = np.empty((2, len(codes), self.n_latents))
        bounds[0], bounds[1] = -np.inf, np.inf
        known = np.flatnonzero(~np.isnan(codes))
        if not len(known) or len(self.order) < 2:
            return bounds
        rank = self._rank[codes[known].astype(int)]
        *alone, last = self.cuts(response[known])
        for s, cut in enumerate(alone):
            here, later = rank == s, rank > s
            bounds[0, known[here], s] = cut[here, 0]
            bounds[1, known[later], s] = cut[later, 0]
        rest = rank >= self.n_alone
        ends = np.pad(last[rest], [(0, 0), (1, 1)], constant_values=(-np.inf, np.inf))
        each, at = np.arange(rest.sum()), rank[rest] - self.n_alone
        lower, upper = apart(ends[each, at], ends[each, at + 1])
        bounds[0, known[rest], -1], bounds[1, known[rest], -1] = lower, upper
        return bounds

    def labels(self, scores: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Codes (n, S) of scores (n, S, L)."""
        if not len(self.order):
            return np.full(scores.shape[:2], np.nan)
        *alone, last = self.cuts(response)
        rank = np.full(scores.shape[:2], self.n_alone)
        for j in range(last.shape[1]):
            rank += scores[..., -1] > last[:, [j]]
        for s in reversed(range(self.n_alone)):
            rank = np.where(scores[..., s] > alone[s], s, rank)
        codes: np.ndarray = self.order[rank]
        return codes

    def updated(
        self, mean: np.ndarray, std: np.ndarray, response: np.ndarray
    ) -> np.ndarray:
        """Probabilities (n, n_classes) where scores are normal (n, L)."""
        *alone, last = self.cuts(response)
        left = np.ones((len(mean), 1))
        mass = []
        for s, cut in enumerate(alone):
            beyond = ndtr((mean[:, [s]] - cut) / std[:, [s]])
            mass.append(left * beyond)
            left = left * (1.0 - beyond)
        below = ndtr((last - mean[:, [-1]]) / std[:, [-1]])
        below = np.pad(below, [(0, 0), (1, 1)], constant_values=(0.0, 1.0))
        mass.append(left * np.diff(below, axis=1))
        found: np.ndarray = np.concatenate(mass, axis=1)[:, self._rank]
        return found


Marginal = Numbers | Counts | Classes


def marginal_of(
    task: Task,
    labels: np.ndarray,
    response: np.ndarray,
    weight: np.ndarray,
    residual_std: float,
) -> Marginal:
    """Learn how labels of a column scatter about what is predicted of held-out rows.

    Parameters
    ----------
    task : Task
    labels : ndarray of shape (n,)
        Numbers or class codes; NaN where missing.
    response : ndarray of shape (n, m)
    weight : ndarray of shape (n,)
    residual_std : float
    """
    if task.is_classifier:
        return _classes(task, response)
    known = np.flatnonzero(~np.isnan(labels) & (weight > 0))
    labels, response, weight = labels[known], response[known], weight[known]
    spread = spread_of(task, response, residual_std)
    residual = (labels - response[:, 0]) / spread
    if isinstance(task, Count) and (labels == np.rint(labels)).all():
        square = np.average(residual**2, weights=weight) if len(known) else 1.0
        return Counts(task, residual_std, float(square))
    return _numbers(task, residual, weight, residual_std)


def spread_of(task: Task, response: np.ndarray, residual_std: float) -> np.ndarray:
    """Spread (n,) of rows that one fold's members predict, never 0."""
    none = np.zeros(len(response))
    return np.maximum(task.spread(response, none, residual_std), 1e-12)


def _std(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted standard deviation along the last axis."""
    centred = values - (values @ weights)[..., np.newaxis]
    found: np.ndarray = np.sqrt(np.square(centred) @ weights)
    return found


def apart(lower: Any, upper: Any) -> tuple[np.ndarray, np.ndarray]:
    """Keep bounds from meeting, where a label was held to be impossible."""
    meet = ~(lower < upper)
    middle = 0.5 * (lower + upper)
    return (
        np.where(meet, middle - 1e-3, lower),
        np.where(meet, middle + 1e-3, upper),
    )


def _numbers(
    task: Task, residual: np.ndarray, weight: np.ndarray, residual_std: float
) -> Numbers:
    """Distribution of residuals, moved so that it agrees with the prediction."""
    scores = values = np.array([-3.0, 3.0])
    if len(residual):
        values, of_value = np.unique(residual, return_inverse=True)
        mass = np.bincount(of_value, weight)
        scores = score_below((np.cumsum(mass) - 0.5 * mass) / mass.sum())
        if len(values) > MOST_KNOTS:
            kept = np.linspace(0, len(values) - 1, MOST_KNOTS).round().astype(int)
            scores, values = scores[kept], values[kept]
        spread = float(np.sqrt(np.average(residual**2, weights=weight)))
        if len(values) > 1:
            scores, values = _with_tails(task, scores, values, spread)
    found = Numbers(task, residual_std, scores, values)
    if task.level is not None:
        centre = found.residuals(score_below(np.array(task.level)))
    else:
        points, weights = nodes()
        centre = found.residuals(points) @ weights
    return Numbers(task, residual_std, scores, values - centre)


def _with_tails(
    task: Task, scores: np.ndarray, values: np.ndarray, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Go on beyond the farthest residuals, as a normal law would."""
    below = values[0] - spread * (FARTHEST + scores[0])
    above = values[-1] + spread * (FARTHEST - scores[-1])
    if isinstance(task, LOWEST_IS_ZERO):
        below = values[0]
    return np.array([-FARTHEST, *scores, FARTHEST]), np.array([below, *values, above])


def _classes(task: Task, response: np.ndarray) -> Classes:
    n_classes = response.shape[1]
    if n_classes <= 2 or isinstance(task, Ordinal):
        return Classes(task, np.arange(n_classes), 0)
    mean = response.mean(axis=0) if len(response) else np.ones(n_classes)
    order = np.argsort(-mean, kind="stable")
    return Classes(task, order, min(n_classes - 2, MOST_ALONE))


def _below(count: np.ndarray, size: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Probability of at most so many under a negative binomial law."""
    found: np.ndarray = betainc(size, count + 1.0, share)
    return found
