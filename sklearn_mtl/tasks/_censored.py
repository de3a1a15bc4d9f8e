"""Numbers of which some labels are only bounds: "<0.5", ">1000", intervals."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import log_ndtr
from scipy.stats import norm

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import Column, bounds_of
from sklearn_mtl.tasks._distances import (
    distance_to_bounds,
    least_cost_of_a_constant,
    mean_squared_distance,
)
from sklearn_mtl.tasks._numbers import ROUNDING
from sklearn_mtl.tasks._regression import HeteroscedasticRegression

Tensor = torch.Tensor

LOG_2PI = float(np.log(2.0 * np.pi))
NARROW = 5e-3
"""Intervals of less, in deviations times the distance of their middle, are computed by
a series: differences of probabilities would lose their digits."""
FARTHEST = 50.0
"""How far mean and logarithm of the scale are sought, in units of a first guess."""


class Censored(HeteroscedasticRegression):
    """A numeric column of which some labels are only bounds.

    Left-censored ("<0.5"), right-censored (">1000") and interval-censored labels
    ("[0.5, 2]") count by the probability of what they allow, under Gaussian noise whose
    mean and variance the network outputs for each row: the likelihood of the Tobit
    model [1]_, with a scale that is learned. Predictions are of the number itself, also
    beyond the bounds. Labels are read as by `sklearn_mtl.tasks.read_bounds`.

    Attributes
    ----------
    mean_, scale_ : float
        Mean and standard deviation of the censored normal distribution that fits the
        observed labels best.

    See Also
    --------
    Survival : Times until an event.
    read_bounds : Read labels such as "<0.5".

    References
    ----------
    .. [1] J. Tobin, "Estimation of Relationships for Limited Dependent Variables",
       Econometrica 26, 1958.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, size=(400, 1))
    >>> dose = 3 * X[:, 0] + 0.3 * rng.normal(size=400)
    >>> y = np.where(dose > 1, ">1", dose.astype(object))  # a third lies beyond
    >>> net = MultiTaskNetEstimator(
    ...     learning_rate_init=0.01, max_iter=50, random_state=0
    ... ).fit(X, y)
    >>> net.tasks_
    [Censored() of column 0]
    >>> bool(net.predict([[0.9]])[0] > 2)
    True
    """

    kind: ClassVar[str] = "censored"
    n_codes: ClassVar[int] = 2

    def labels_of(self, column: Column) -> np.ndarray:
        """Lower and upper bounds of the labels, (n_rows, 2); NaN where missing."""
        return bounds_of(column)

    def fit(self, column: Column, weight: np.ndarray) -> Censored:
        """Learn centre and scale from the observed labels, numbers and bounds."""
        self.name_ = column.name
        counts = weight > 0
        bounds, weight = self.labels_of(column)[counts], weight[counts]
        self.n_outputs_, self.prior_raw_ = 2, np.zeros(2)
        self.mean_, self.scale_, self.prior_cost_ = float("nan"), 1.0, 0.0
        if not len(bounds):
            return self
        lowest, highest = bounds[:, 1].min(), bounds[:, 0].max()
        if highest - lowest <= ROUNDING * np.abs(bounds[np.isfinite(bounds)]).max():
            self.mean_ = _as_numbers(np.array([[highest, lowest]]))[0]
            self._warn_of_one_side(bounds)
            return self
        self.mean_, self.scale_ = _best_normal(bounds, weight)
        loss = self.loss_of_arrays(np.zeros((len(bounds), 2)), self._codes(bounds))
        self.prior_cost_ = float(np.average(loss, weights=weight))
        return self

    def _warn_of_one_side(self, bounds: np.ndarray) -> None:
        infinite = np.isinf(bounds).all(axis=0)
        if infinite.any():
            side, last = ("lower", "highest") if infinite[1] else ("upper", "lowest")
            warn(
                f"All labels of column {self.name_!r} of y are {side} bounds, which "
                f"tell nothing of how far the numbers lie beyond; the {last} of them, "
                f"{self.mean_:g}, is predicted everywhere. Drop the column, or have it "
                f"read as classes (task_types={{{self.name_!r}: 'multiclass'}})."
            )

    def encode(self, column: Column) -> np.ndarray:
        """Turn both bounds into z-scores, (n_rows, 2); NaN where missing."""
        return self._codes(self.labels_of(column))

    def _codes(self, bounds: np.ndarray) -> np.ndarray:
        return (bounds - self.mean_) / self.scale_

    @staticmethod
    def loss(raw: Tensor, codes: Tensor) -> Tensor:
        """Negative log-likelihood, up to constants of each label.

        A number counts by its density, a half-line by its probability, an interval by
        its probability over its width: that of a narrow one is the density's.
        """
        label = _Label.of(raw, codes)
        return _loss_of(label, _intervals_of(label))

    @staticmethod
    def loss_and_gradient(raw: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Loss, and its gradient: errors of numbers, hazards of bounds."""
        label = _Label.of(raw, codes)
        inside = label.inside
        hazard = (2.0 / torch.pi) ** 0.5 / torch.special.erfcx(inside * -(0.5**0.5))
        by_mean = torch.where(label.exact, label.z, label.side * hazard)
        by_mean = by_mean * -label.per_scale
        by_log_variance = torch.where(
            label.exact, 0.5 - 0.5 * label.z.square(), 0.5 * inside * hazard
        )
        intervals = _intervals_of(label)
        if intervals is not None:
            of_mean, of_log_variance = intervals.gradient()
            by_mean = torch.where(label.two_sided, of_mean, by_mean)
            by_log_variance = torch.where(
                label.two_sided, of_log_variance, by_log_variance
            )
        learns = raw[..., 1] >= Censored.LEAST_LOG_VARIANCE
        gradient = torch.stack([by_mean, by_log_variance * learns], dim=-1)
        return _loss_of(label, intervals), gradient

    def residual(self, labels: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Distance from the prediction to what the label allows; 0 where it does."""
        return distance_to_bounds(labels, response[..., 0])

    def score(
        self,
        labels: np.ndarray,
        predictions: np.ndarray,
        sample_weight: np.ndarray | None = None,
    ) -> float:
        """R2 by distances to the bounds: a prediction that a bound allows is no error.

        Compared with the constant that is best by the same distances; where no label
        is a bound, it is R2.

        Parameters
        ----------
        labels : ndarray of shape (n, 2), or (n,) of numbers
            Bounds, or numbers that are known.
        predictions : ndarray of shape (n,)
            What `predict` returned of these rows.
        sample_weight : ndarray of shape (n,), default=None
            Weight of each label; ones if None.

        Returns
        -------
        float
            NaN for fewer than two labels.
        """
        if len(labels) < 2:
            return float("nan")
        bounds = labels if labels.ndim == 2 else np.column_stack([labels, labels])
        left = mean_squared_distance(bounds, predictions, sample_weight)
        total = least_cost_of_a_constant(bounds, sample_weight)
        if not total > 0:
            return float(left <= total)
        return 1.0 - left / total


class _Label(NamedTuple):
    """What the loss reads of labels and raw outputs, each of shape (...)."""

    lower: Tensor
    upper: Tensor
    mean: Tensor
    log_variance: Tensor
    per_scale: Tensor
    z: Tensor
    """Distance from the mean up to the number, or to the finite bound."""
    exact: Tensor
    two_sided: Tensor
    side: Tensor
    """1 where the number lies above the bound, else -1."""

    @classmethod
    def of(cls, raw: Tensor, codes: Tensor) -> _Label:
        mean, log_variance = raw.unbind(-1)
        log_variance = log_variance.clamp_min(Censored.LEAST_LOG_VARIANCE)
        lower, upper = codes.unbind(-1)
        per_scale = (-0.5 * log_variance).exp()
        z = (torch.where(lower.isinf(), upper, lower) - mean) * per_scale
        exact = lower == upper
        two_sided = ~(exact | lower.isinf() | upper.isinf())
        side = torch.where(upper.isinf(), 1.0, -1.0).to(z)
        return cls(
            lower, upper, mean, log_variance, per_scale, z, exact, two_sided, side
        )

    @property
    def inside(self) -> Tensor:
        """How far the mean lies on the side that a bound allows, in deviations."""
        return torch.where(self.exact, 0.0, -self.side * self.z)


class _Interval(NamedTuple):
    """Intervals, mirrored so that most of the probability lies below both ends."""

    label: _Label
    high: Tensor
    low: Tensor
    mirror: Tensor
    middle: Tensor
    width: Tensor
    narrow: Tensor

    @classmethod
    def of(cls, label: _Label) -> _Interval:
        upper = torch.where(label.two_sided, label.upper, label.lower + 1.0)
        width = torch.where(label.two_sided, upper - label.lower, 1.0)
        width = width * label.per_scale
        middle = torch.where(label.two_sided, label.z, 0.0) + 0.5 * width
        mirror = torch.where(middle > 0, -1.0, 1.0).to(width)
        high = mirror * middle + 0.5 * width
        narrow = width * (1.0 + middle.abs()) < NARROW
        return cls(label, high, high - width, mirror, middle, width, narrow)

    def log_probability(self) -> Tensor:
        log_high = torch.special.log_ndtr(self.high)
        ratio = torch.special.log_ndtr(self.low) - log_high
        ratio = torch.where(self.narrow, -1.0, ratio)
        return log_high + (-torch.expm1(ratio)).log()

    def curvature(self) -> Tensor:
        """By what share the mean density exceeds that of the middle."""
        return self.width.square() * (self.middle.square() - 1.0) / 24.0

    def loss(self) -> Tensor:
        own_width = self.label.upper - self.label.lower
        per_width = own_width.log().clamp_max(0.5 * LOG_2PI) - 0.5 * LOG_2PI
        wide = per_width - self.log_probability()
        series = 0.5 * (self.middle.square() + self.label.log_variance)
        # A narrow interval is narrower than where the width is bounded, unless the
        # noise is that large.
        series = series - torch.log1p(self.curvature())
        series = series + per_width - (own_width.log() - 0.5 * LOG_2PI)
        return torch.where(self.narrow, series, wide)

    def gradient(self) -> tuple[Tensor, Tensor]:
        """Gradient of the loss into mean and log-variance."""
        log_probability = self.log_probability()
        at_high, at_low = (
            (-0.5 * end.square() - 0.5 * LOG_2PI - log_probability).exp()
            for end in (self.high, self.low)
        )
        by_middle = self.mirror * (at_low - at_high)
        by_log_variance = 0.5 * (self.high * at_high - self.low * at_low)
        share = 1.0 + self.curvature()
        square, far = self.width.square() / share, self.middle.square()
        by_middle = torch.where(
            self.narrow, self.middle * (1.0 - square / 12.0), by_middle
        )
        series = 0.5 * (1.0 - far) - square * (1.0 - 2.0 * far) / 24.0
        by_log_variance = torch.where(self.narrow, series, by_log_variance)
        return -self.label.per_scale * by_middle, by_log_variance


def _intervals_of(label: _Label) -> _Interval | None:
    """Give the intervals among labels; None where it is known that there are none.

    On an accelerator, to look would be to wait for it.
    """
    if label.two_sided.device.type == "cpu" and not label.two_sided.any():
        return None
    return _Interval.of(label)


def _loss_of(label: _Label, intervals: _Interval | None) -> Tensor:
    gaussian = 0.5 * (label.z.square() + label.log_variance)
    beyond = -torch.special.log_ndtr(label.inside)
    loss = torch.where(label.exact, gaussian, beyond)
    if intervals is None:
        return loss
    return torch.where(label.two_sided, intervals.loss(), loss)


def _best_normal(bounds: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Mean and deviation of the censored normal distribution of most likelihood."""
    values = _as_numbers(bounds)
    centre = float(np.average(values, weights=weight))
    unit = float(np.sqrt(np.average((values - centre) ** 2, weights=weight)))
    codes = torch.from_numpy((bounds - centre) / unit)
    share = torch.from_numpy(weight / weight.sum())

    def cost(raw: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = Censored.loss_and_gradient(
            torch.from_numpy(raw).expand(len(codes), -1), codes
        )
        return float(share @ loss), (share @ gradient).numpy()

    within = [(-FARTHEST, FARTHEST), (Censored.LEAST_LOG_VARIANCE, FARTHEST / 2)]
    found = minimize(
        cost,
        np.zeros(2),
        jac=True,
        method="L-BFGS-B",
        bounds=within,
        options={"ftol": 1e-15, "gtol": 1e-9},
    )
    mean, log_variance = found.x
    return centre + unit * float(mean), unit * float(np.exp(0.5 * log_variance))


def _as_numbers(bounds: np.ndarray) -> np.ndarray:
    """Middles of intervals (n,), and the only bound where there is one."""
    lower, upper = bounds.T
    middle = np.clip(lower, -np.inf, upper) / 2 + upper / 2
    numbers: np.ndarray = np.where(
        np.isinf(lower), upper, np.where(np.isinf(upper), lower, middle)
    )
    return numbers


def censored_log_likelihood(
    bounds: np.ndarray, mean: np.ndarray, std: np.ndarray
) -> np.ndarray:
    """Log-likelihood (n,) of labels (n, 2) under normal distributions.

    The density of a number, the probability of what a bound allows.
    """
    low, high = (bounds.T - mean) / std
    mirror = low + high > 0
    low, high = np.where(mirror, -high, low), np.where(mirror, -low, high)
    log_high = log_ndtr(high)
    with np.errstate(divide="ignore"):
        probability = log_high + np.log1p(-np.exp(log_ndtr(low) - log_high))
    density = norm.logpdf(bounds[:, 0], mean, std)
    return np.where(bounds[:, 0] == bounds[:, 1], density, probability)
