"""Numbers under a choice of noise: Gaussian, with outliers, or of varying size."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch.nn import functional as F

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._numbers import ROUNDING, NumberTask, weighted_quantiles

LARGEST_LOG = 30.0
"""Logarithms of means and variances are bounded by it, so that a row far outside
cannot make them infinite."""


class Regression(NumberTask):
    """A numeric column under Gaussian noise: squared error.

    Codes are z-scores of the observed labels. Half the squared error is the negative
    log-likelihood up to a constant; the prior's mean costs one half.

    Attributes
    ----------
    mean_, scale_ : float
        Weighted mean and standard deviation of the observed labels.

    See Also
    --------
    LaplaceRegression : Numbers under absolute error.
    HuberRegression : Numbers with outliers.
    HeteroscedasticRegression : Numbers whose noise is learned for each row.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetEstimator(max_iter=5, random_state=0).fit(X, y)
    >>> net.tasks_[0]
    Regression() of column 0
    >>> round(net.tasks_[0].mean_, 2)
    22.31
    """

    kind: ClassVar[str] = "regression"

    mean_: float
    scale_: float

    def fit(self, column: Column, weight: np.ndarray) -> Regression:
        """Learn centre and scale from the observed labels."""
        self.name_ = column.name
        counts = weight > 0
        values, weight = self.read(column)[counts], weight[counts]
        self.prior_raw_ = np.zeros(self._n_outputs)
        self.n_outputs_ = self._n_outputs
        if not len(values):
            self.mean_, self.scale_, self.prior_cost_ = float("nan"), 1.0, 0.0
            return self
        self.mean_, self.scale_ = self._centre_and_scale(values, weight)
        if not self.scale_ > ROUNDING * abs(self.mean_):
            self.scale_, self.prior_cost_ = 1.0, 0.0
            return self
        codes = torch.from_numpy((values - self.mean_) / self.scale_)
        raw = torch.from_numpy(self.prior_raw_).expand(len(codes), -1)
        self.prior_cost_ = float(np.average(self.loss(raw, codes), weights=weight))
        return self

    _n_outputs: ClassVar[int] = 1

    def _centre_and_scale(
        self, values: np.ndarray, weight: np.ndarray
    ) -> tuple[float, float]:
        mean = float(np.average(values, weights=weight))
        return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=weight)))

    def encode(self, column: Column) -> np.ndarray:
        """Turn labels into z-scores, NaN where missing."""
        return (self.read(column) - self.mean_) / self.scale_

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Half the squared error of the z-score."""
        return 0.5 * (raw.squeeze(-1) - codes).square()

    @staticmethod
    def loss_and_gradient(
        raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss, and the error as its gradient."""
        error = raw.squeeze(-1) - codes
        return error.square().mul_(0.5), error.unsqueeze(-1)

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw outputs into predictions in the units of the labels."""
        # A column that holds one number is predicted as that number.
        return raw * (self.scale_ if self.prior_cost_ else 0.0) + self.mean_


class LaplaceRegression(Regression):
    """A numeric column under Laplace noise: absolute error, which predicts the median.

    For columns with outliers, which squared error would chase.

    Attributes
    ----------
    mean_, scale_ : float
        Weighted median, and mean absolute deviation from it, of the observed labels.

    See Also
    --------
    Regression : Numbers under squared error.
    HuberRegression : Numbers with outliers.
    Quantile : Several quantiles at once.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> y = np.where(np.arange(100) % 10, X[:, 0], 50.0)  # every tenth is broken
    >>> net = MultiTaskNetEstimator(task_types="laplace", max_iter=20, random_state=0)
    >>> bool(abs(net.fit(X, y).predict(X)).max() < 5)
    True
    """

    kind: ClassVar[str] = "laplace"
    level = 0.5

    def _centre_and_scale(
        self, values: np.ndarray, weight: np.ndarray
    ) -> tuple[float, float]:
        median = float(weighted_quantiles(values, weight, np.array(0.5)))
        return median, float(np.average(np.abs(values - median), weights=weight))

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Absolute error in units of the prior's."""
        return (raw.squeeze(-1) - codes).abs()

    @staticmethod
    def loss_and_gradient(
        raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss, and the sign of the error as its gradient."""
        error = raw.squeeze(-1) - codes
        return error.abs(), error.sign_().unsqueeze(-1)


class HuberRegression(Regression):
    """A numeric column under Huber's loss: squared near the label, absolute far away.

    The bend lies at 1.345 scales, where the loss keeps 95 % of the efficiency of
    squared error under Gaussian noise [1]_.

    Attributes
    ----------
    mean_, scale_ : float
        Weighted median, and 1.4826 times the weighted median absolute deviation from
        it (their mean where it is 0), of the observed labels.

    See Also
    --------
    Regression : Numbers under squared error.
    LaplaceRegression : Numbers under absolute error.

    References
    ----------
    .. [1] P. J. Huber, "Robust Estimation of a Location Parameter", Annals of
       Mathematical Statistics 35, 1964.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetEstimator(task_types="huber", max_iter=5, random_state=0)
    >>> net.fit(X, y).predict(X).shape
    (768, 2)
    """

    kind: ClassVar[str] = "huber"
    level = 0.5

    DELTA: ClassVar[float] = 1.345

    def _centre_and_scale(
        self, values: np.ndarray, weight: np.ndarray
    ) -> tuple[float, float]:
        half = np.array(0.5)
        median = float(weighted_quantiles(values, weight, half))
        deviation = np.abs(values - median)
        scale = 1.4826 * float(weighted_quantiles(deviation, weight, half))
        return median, scale or float(np.average(deviation, weights=weight))

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Compute Huber's loss of the robust z-score."""
        prediction = raw.squeeze(-1)
        return F.huber_loss(
            prediction,
            codes.expand_as(prediction),
            reduction="none",
            delta=HuberRegression.DELTA,
        )

    @staticmethod
    def loss_and_gradient(
        raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss, and the bounded error as its gradient."""
        error = raw.squeeze(-1) - codes
        delta = HuberRegression.DELTA
        bounded = error.clamp(-delta, delta)
        return bounded * (error - 0.5 * bounded), bounded.unsqueeze(-1)


class HeteroscedasticRegression(Regression):
    """A numeric column under Gaussian noise whose variance is learned for each row.

    The network outputs mean and log-variance [1]_; ``predict(return_std=True)`` then
    tells rows that are hard to predict from easy ones.

    Attributes
    ----------
    mean_, scale_ : float
        Weighted mean and standard deviation of the observed labels.

    See Also
    --------
    Regression : Numbers under squared error.
    Quantile : Several quantiles at once.

    References
    ----------
    .. [1] D. A. Nix, A. S. Weigend, "Estimating the mean and variance of the target
       probability distribution", ICNN 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(400, 1))
    >>> y = X[:, 0] * rng.normal(size=400)  # noise grows with x
    >>> net = MultiTaskNetEstimator(
    ...     task_types="heteroscedastic", max_iter=30, random_state=0
    ... )
    >>> _, std = net.fit(X, y).predict([[0.1], [0.9]], return_std=True)
    >>> bool(std[0] < 0.5 * std[1])
    True
    """

    kind: ClassVar[str] = "heteroscedastic"

    _n_outputs: ClassVar[int] = 2

    LEAST_LOG_VARIANCE: ClassVar[float] = -14.0
    """Keeps a label that is met exactly from driving the variance to zero."""

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood of mean and log-variance, up to a constant."""
        mean, log_variance = raw.unbind(-1)
        floor = HeteroscedasticRegression.LEAST_LOG_VARIANCE
        log_variance = log_variance.clamp_min(floor)
        return 0.5 * (log_variance + (codes - mean).square() * (-log_variance).exp())

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Mean, and second moment about `mean_`, in the units of the labels."""
        scale = self.scale_ if self.prior_cost_ else 0.0
        mean = raw[..., 0] * scale + self.mean_
        log_variance = np.clip(raw[..., 1], self.LEAST_LOG_VARIANCE, LARGEST_LOG)
        variance = np.exp(log_variance) * scale**2
        return np.stack([mean, (mean - self.mean_) ** 2 + variance], axis=-1)

    def spread(
        self, response: np.ndarray, between: np.ndarray, residual_std: float
    ) -> np.ndarray:
        """Take the standard deviation of the mixture of the members' distributions."""
        return second_moment_spread(response, self.mean_)


def second_moment_spread(response: np.ndarray, about: float) -> np.ndarray:
    """Turn mean and second moment about a number, (n, 2), into a spread (n,).

    About a number near the mean, as about 0 the difference would cancel far out.
    """
    variance = response[:, 1] - (response[:, 0] - about) ** 2
    return np.sqrt(np.maximum(variance, 0.0))
