"""Times until an event, of which some are only known not to have come yet."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from scipy.special import log_expit
from torch.nn import functional as F

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import Column, bounds_of
from sklearn_mtl.tasks._concordance import concordance
from sklearn_mtl.tasks._distances import distance_to_bounds
from sklearn_mtl.tasks._numbers import NumberTask

Tensor = torch.Tensor

SMALL = 1e-4
"""Hazards of the prior are this far from 0 and 1; sums of hazards below it are
computed by their logarithms."""
STEPS = 30
"""Of the EM algorithm that finds the prior where events lie in intervals."""


class Survival(NumberTask):
    """A column of times until an event, which may not have come yet.

    Labels are read as those of `Censored`: a number is the time of the event, ">5.2" a
    time at which it had not come yet, "[3, 4]" an event between two looks. Time is cut
    at quantiles of the events; for each interval the network outputs the hazard, the
    probability that the event comes there if it has not come before [1]_. So nothing is
    assumed of how hazards change with time, nor that those of rows are proportional.

    `predict` gives the mean time until the event or the last cut, whichever is earlier
    (restricted mean survival time); ``estimators_[j].predict_survival_function(X)`` the
    probabilities of no event up to each of `times_`. `score` is the concordance.

    Parameters
    ----------
    n_intervals : int, default=20
        Most intervals that time is cut into.

    Attributes
    ----------
    times_ : ndarray of shape (n_intervals,)
        Ends of the intervals.
    last_ : float
        Time that is predicted everywhere where nothing was to be learned.

    References
    ----------
    .. [1] M. F. Gensheimer, B. Narasimhan, "A scalable discrete-time survival model for
       neural networks", PeerJ 7, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, size=(400, 2))
    >>> time = rng.exponential(np.exp(2 * X[:, 0]))
    >>> seen = rng.exponential(2.0, size=400)  # how long each row was watched
    >>> until = np.where(time < seen, time, np.inf)
    >>> y = pd.arrays.IntervalArray.from_arrays(
    ...     np.minimum(time, seen), until, closed="both"
    ... )
    >>> net = MultiTaskNetEstimator(task_types="survival", max_iter=20, random_state=0)
    >>> net.fit(X, y).score(X, y) > 0.7
    True
    """

    kind: ClassVar[str] = "survival"
    n_codes: ClassVar[int] = 2
    limits: ClassVar[tuple[float, float]] = (0.0, np.inf)

    times_: np.ndarray
    last_: float

    def __init__(self, n_intervals: Any = 20) -> None:
        self.n_intervals = n_intervals

    def labels_of(self, column: Column) -> np.ndarray:
        """Earliest and latest time of each event, (n_rows, 2); NaN where missing."""
        bounds = bounds_of(column)
        negative = (bounds < 0) & np.isfinite(bounds)
        if negative.any():
            raise ValueError(
                f"Column {column.name!r} of y holds {bounds[negative][0]:g}, but times "
                f"of the kind {self.kind} are never negative. Count them from the "
                "beginning of each row, or make the label missing."
            )
        bounds[np.isneginf(bounds)] = 0.0
        return bounds

    def fit(self, column: Column, weight: np.ndarray) -> Survival:
        """Learn the cuts of time, and the hazards of all rows together."""
        self.name_ = column.name
        if not isinstance(self.n_intervals, Integral) or self.n_intervals < 1:
            raise ValueError(
                f"n_intervals={self.n_intervals!r} for column {column.name!r}: pass a "
                "number of 1 or more, such as 20."
            )
        counts = weight > 0
        bounds, weight = self.labels_of(column)[counts], weight[counts]
        self.times_, self.last_, self.prior_cost_ = np.ones(1), float("nan"), 0.0
        if len(bounds):
            self.last_ = float(bounds[np.isfinite(bounds)].max())
            self._cut(bounds, weight)
        self.n_outputs_ = len(self.times_)
        self.prior_raw_ = np.zeros(self.n_outputs_)
        if not len(bounds) or bounds[:, 0].max() <= bounds[:, 1].min():
            return self
        codes = self._codes(bounds)
        self.prior_raw_ = _logits(_hazards(codes, weight, self.n_outputs_))
        raw = np.broadcast_to(self.prior_raw_, (len(codes), self.n_outputs_)).copy()
        loss = self.loss_of_arrays(raw, codes)
        self.prior_cost_ = float(np.average(loss, weights=weight))
        return self

    def _cut(self, bounds: np.ndarray, weight: np.ndarray) -> None:
        is_event = np.isfinite(bounds[:, 1])
        events, weight = bounds[is_event, 1], weight[is_event]
        if not len(events):
            warn(
                f"No label of column {self.name_!r} of y is an event: all are times "
                f"like '>{self.last_:g}' at which it had not come yet, and nothing "
                "tells when it will. Drop the column, or watch longer."
            )
            return
        shares = np.arange(1, self.n_intervals + 1) / self.n_intervals
        cuts = np.quantile(events, shares, weights=weight, method="inverted_cdf")
        cuts = np.unique(cuts)
        self.times_ = cuts[cuts > 0] if (cuts > 0).any() else np.ones(1)

    def encode(self, column: Column) -> np.ndarray:
        """First and last interval in which each event may lie; NaN where missing.

        That after the last cut has the number `n_outputs_`.
        """
        return self._codes(self.labels_of(column))

    def _codes(self, bounds: np.ndarray) -> np.ndarray:
        lower, upper = bounds.T
        middles = self.times_ - 0.5 * np.diff(self.times_, prepend=0.0)
        event = np.searchsorted(self.times_, upper, side="left")
        # An interval counts as survived if its middle was.
        survived = np.searchsorted(middles, lower, side="right")
        first = np.where(lower == upper, event, np.minimum(survived, event))
        codes = np.column_stack([first, event]).astype(np.float64)
        codes[np.isnan(lower)] = np.nan
        return codes

    @staticmethod
    def loss(raw: Tensor, codes: Tensor) -> Tensor:
        """Negative log-likelihood of the intervals in which events may lie."""
        risk = _Risk.of(raw, codes)
        survived = (risk.hazard * risk.before).sum(dim=-1)
        return survived - torch.where(risk.is_event, risk.log_within(), 0.0)

    @staticmethod
    def loss_and_gradient(raw: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Loss, and its gradient: hazards survived, less the shares of the event."""
        risk = _Risk.of(raw, codes)
        within = risk.log_within().unsqueeze(-1)
        odds = within + risk.sum_within.unsqueeze(-1)
        share = (F.logsigmoid(raw) - odds).exp() * risk.within
        gradient = torch.sigmoid(raw) * risk.before - share * risk.is_event.unsqueeze(
            -1
        )
        survived = (risk.hazard * risk.before).sum(dim=-1)
        loss = survived - torch.where(risk.is_event, within.squeeze(-1), 0.0)
        return loss, gradient

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Restricted mean, then the probability of no event up to each cut."""
        survival = np.exp(np.cumsum(log_expit(-raw), axis=-1))
        mean = self._mean(survival)
        if not self.prior_cost_:
            mean = np.full_like(mean, self.last_)
        return np.concatenate([mean[..., np.newaxis], survival], axis=-1)

    def _mean(self, survival: np.ndarray) -> np.ndarray:
        """Integrate a curve that is straight between its cuts, (..., K) to (...)."""
        widths = np.diff(self.times_, prepend=0.0)
        weights = 0.5 * (widths + np.append(widths[1:], 0.0))
        mean: np.ndarray = survival @ weights + 0.5 * widths[0]
        return mean

    def residual(self, labels: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Distance from the prediction to what the label allows; 0 where it does."""
        return distance_to_bounds(labels, response[..., 0])

    def spread(
        self, response: np.ndarray, between: np.ndarray, residual_std: float
    ) -> np.ndarray:
        """Take the standard deviation of the time, up to the last cut, by its curve."""
        mean, after = response[:, 0], response[:, 1:]
        before = np.pad(after[:, :-1], [(0, 0), (1, 0)], constant_values=1.0)
        start, end = np.append(0.0, self.times_[:-1]), self.times_
        # Twice the integral of time by survival.
        same, crossed = start * before + end * after, start * after + end * before
        square = (2.0 * same + crossed) @ (end - start) / 3.0
        return np.sqrt(np.maximum(square - mean**2, 0.0))

    def score(
        self,
        labels: np.ndarray,
        predictions: np.ndarray,
        sample_weight: np.ndarray | None = None,
    ) -> float:
        """Concordance: share of the pairs of a known order predicted in it.

        Parameters
        ----------
        labels : ndarray of shape (n, 2), or (n,) of times
        predictions : ndarray of shape (n,)
        sample_weight : ndarray of shape (n,), default=None

        Returns
        -------
        float
            0.5 is guessing; NaN where no order of two labels is known.
        """
        bounds = labels if labels.ndim == 2 else np.column_stack([labels, labels])
        return concordance(bounds, predictions, sample_weight)

    def block_key(self) -> tuple[Any, ...]:
        """Columns of as many intervals share one call of `loss`."""
        return type(self), self.n_outputs_


class _Risk(NamedTuple):
    """What the loss reads of labels and raw outputs."""

    hazard: Tensor
    """Cumulative hazard (..., K) of each interval: minus log of its survival."""
    raw: Tensor
    before: Tensor
    within: Tensor
    is_event: Tensor
    sum_within: Tensor

    @classmethod
    def of(cls, raw: Tensor, codes: Tensor) -> _Risk:
        position = torch.arange(raw.shape[-1], device=raw.device)
        first, last = (code.unsqueeze(-1) for code in codes.unbind(-1))
        before, within = position < first, (position >= first) & (position <= last)
        is_event = (last < raw.shape[-1]).squeeze(-1)
        hazard = F.softplus(raw)
        sum_within = (hazard * within).sum(dim=-1)
        return cls(hazard, raw, before, within, is_event, sum_within)

    def log_within(self) -> Tensor:
        """Logarithm of the probability that the event comes within, if not before."""
        series = self.raw - 0.5 * self.raw.clamp_max(0.0).exp()
        log_hazard = self.hazard.clamp_min(1e-30).log()
        log_hazard = torch.where(self.raw < -15.0, series, log_hazard)
        masked = torch.where(self.within, log_hazard, -torch.inf)
        # What is no event has no interval within: any number does.
        masked = torch.where(self.is_event.unsqueeze(-1), masked, self.raw * 0.0)
        small = torch.logsumexp(masked, dim=-1) - 0.5 * self.sum_within
        is_small = (self.sum_within < SMALL) | ~self.is_event
        total = torch.where(is_small, 1.0, self.sum_within)
        return torch.where(is_small, small, (-torch.expm1(-total)).log())


def _hazards(codes: np.ndarray, weight: np.ndarray, n_intervals: int) -> np.ndarray:
    """Hazard of each interval that makes the labels likeliest, (n_intervals,).

    Events over those at risk; of events that lie in several intervals, the shares that
    the hazards themselves give them, again and again.
    """
    position = np.arange(n_intervals)
    first, last = codes[:, :1], codes[:, 1:]
    may = (position >= first) & (position <= last) & (last < n_intervals)
    chance = np.full(n_intervals, 1.0 / (n_intervals + 1))
    for _ in range(STEPS if (may.sum(axis=1) > 1).any() else 1):
        share = may * chance
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
        events = weight @ share
        reached = share[:, ::-1].cumsum(axis=1)[:, ::-1]  # by those with an event
        at_risk = weight @ np.where(last < n_intervals, reached, position < first)
        hazard = np.clip(events / np.maximum(at_risk, 1e-300), SMALL, 1.0 - SMALL)
        chance = hazard * np.append(1.0, np.cumprod(1.0 - hazard)[:-1])
    return hazard


def _logits(shares: np.ndarray) -> np.ndarray:
    return np.log(shares) - np.log1p(-shares)
