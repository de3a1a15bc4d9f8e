"""Numbers that are never negative, under a logarithmic link: counts and amounts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._numbers import NumberTask
from sklearn_mtl.tasks._regression import LARGEST_LOG, second_moment_spread


def bounded_exp(log: torch.Tensor) -> torch.Tensor:
    """Exponential that goes on along its tangent above `LARGEST_LOG`."""
    bounded = log.clamp_max(LARGEST_LOG)
    return bounded.exp() * (1.0 + log - bounded)


LEAST_OF_MEAN = 1e-3
"""Of the mean, which stands for predictions of another model that are not positive."""


class LogLinkTask(NumberTask):
    """A first raw output that is the logarithm of the mean, in units of the prior's.

    Attributes
    ----------
    mean_ : float
        Weighted mean of the observed labels.
    """

    limits: ClassVar[tuple[float, float]] = (0.0, np.inf)

    mean_: float

    _lowest: ClassVar[str] = "non-negative"
    _n_outputs: ClassVar[int] = 1

    def fit(self, column: Column, weight: np.ndarray) -> LogLinkTask:
        """Learn the mean from the observed labels."""
        self.name_ = column.name
        counts = weight > 0
        values, weight = self._read_in_range(column)[counts], weight[counts]
        self.n_outputs_ = self._n_outputs
        self.prior_raw_ = np.zeros(self._n_outputs)
        self.mean_, self.prior_cost_ = float("nan"), 0.0
        if not len(values):
            return self
        self.mean_ = float(np.average(values, weights=weight))
        if values.min() < values.max():
            self.prior_raw_ = self._prior(values, weight)
            raw = torch.from_numpy(self.prior_raw_).expand(len(values), -1)
            loss = self.loss(raw, torch.from_numpy(self._code(values)))
            self.prior_cost_ = float(np.average(loss, weights=weight))
        return self

    def _prior(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Raw outputs that predict the prior."""
        return np.zeros(1)

    def _code(self, values: np.ndarray) -> np.ndarray:
        return values

    def _read_in_range(self, column: Column) -> np.ndarray:
        numbers = self.read(column)
        wrong = numbers <= 0 if self._lowest == "positive" else numbers < 0
        if wrong.any():
            raise ValueError(
                f"Column {column.name!r} of y holds {numbers[wrong][0]:g}, but "
                f"{self.kind} labels must be {self._lowest}. Name another kind in "
                "task_types, such as 'regression', or make the label missing."
            )
        return numbers

    def nearest_labels(self, numbers: np.ndarray) -> np.ndarray:
        """Raise numbers to 0; to a thousandth of the mean where 0 is no label."""
        least = LEAST_OF_MEAN * self.mean_ if self._lowest == "positive" else 0.0
        return np.maximum(numbers, least)

    def encode(self, column: Column) -> np.ndarray:
        """Turn labels into the units that are learned, NaN where missing."""
        return self._code(self._read_in_range(column))


class GammaRegression(LogLinkTask):
    """A positive, skewed column under Gamma noise with a logarithmic link.

    Errors count in proportion to the mean, as with prices, durations or incomes; the
    loss is half the unit deviance that `sklearn.linear_model.GammaRegressor` has.

    Attributes
    ----------
    mean_ : float
        Weighted mean of the observed labels.

    See Also
    --------
    Regression : Numbers under squared error.
    Survival : Times until an event.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> y = np.exp(2 * X[:, 0]) * rng.gamma(5.0, 0.2, size=200)
    >>> net = MultiTaskNetEstimator(task_types="gamma", max_iter=30, random_state=0)
    >>> bool((net.fit(X, y).predict(X) > 0).all())
    True
    """

    kind: ClassVar[str] = "gamma"

    _lowest: ClassVar[str] = "positive"

    def _code(self, values: np.ndarray) -> np.ndarray:
        return values / self.mean_

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Half the Gamma deviance; labels that are missing have the code 0."""
        log_mean = raw.squeeze(-1)
        ratio = codes * bounded_exp(-log_mean)
        tiny = torch.finfo(codes.dtype).tiny
        return ratio - 1.0 + log_mean - codes.clamp_min(tiny).log()

    @staticmethod
    def loss_and_gradient(
        raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss, and its gradient."""
        slope = raw.neg().clamp_max_(LARGEST_LOG).exp_()
        return GammaRegression.loss(raw, codes), 1.0 - codes.unsqueeze(-1) * slope

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Tell means in the units of the labels."""
        log_mean = np.clip(raw, -LARGEST_LOG, LARGEST_LOG)
        return np.exp(log_mean if self.prior_cost_ else 0.0 * raw) * self.mean_

    def residual(self, labels: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Tell errors as shares of the mean."""
        share: np.ndarray = labels / response[..., 0] - 1.0
        return share

    def spread(
        self, response: np.ndarray, between: np.ndarray, residual_std: float
    ) -> np.ndarray:
        """Noise in proportion to the mean, and the spread of the members."""
        return np.sqrt(between + (residual_std * response[:, 0]) ** 2)


class Count(LogLinkTask):
    """A column of counts under Poisson noise with a logarithmic link.

    The loss is half the Poisson deviance. Counts over different exposures (hours,
    areas, persons) are learned as rates: pass ``y = count / exposure`` and
    ``sample_weight = exposure``, as with `sklearn.linear_model.PoissonRegressor`.

    Attributes
    ----------
    mean_ : float
        Weighted mean of the observed labels.

    See Also
    --------
    NegativeBinomial : Counts that scatter more.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> y = rng.poisson(np.exp(1 + X[:, 0]))
    >>> net = MultiTaskNetEstimator(task_types="count", max_iter=30, random_state=0)
    >>> mean, std = net.fit(X, y).predict(X, return_std=True)
    >>> bool((std >= np.sqrt(mean)).all())
    True
    """

    kind: ClassVar[str] = "count"

    def _prior(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.log([self.mean_])

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Half the Poisson deviance."""
        log_mean = raw.squeeze(-1)
        mean = bounded_exp(log_mean)
        return torch.xlogy(codes, codes) - codes * (1.0 + log_mean) + mean

    @staticmethod
    def loss_and_gradient(
        raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss, and its gradient."""
        slope = raw.clamp_max(LARGEST_LOG).exp_()
        return Count.loss(raw, codes), slope.sub_(codes.unsqueeze(-1))

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Mean, and second moment about `mean_`."""
        mean = np.exp(np.clip(raw[..., 0], -LARGEST_LOG, LARGEST_LOG))
        if not self.prior_cost_:
            mean = np.full_like(mean, self.mean_)
        about = (mean - self.mean_) ** 2 + self._variance(mean, raw)
        return np.stack([mean, about], axis=-1)

    def _variance(self, mean: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return mean

    def spread(
        self, response: np.ndarray, between: np.ndarray, residual_std: float
    ) -> np.ndarray:
        """Take the standard deviation of the mixture of the members' distributions."""
        return second_moment_spread(response, self.mean_)


class NegativeBinomial(Count):
    """A column of counts that scatter more than a Poisson law allows.

    The network outputs the logarithms of mean and dispersion for each row; the
    variance is mean + dispersion * mean**2. The loss is the negative log-likelihood
    less that of the Poisson law which meets every count exactly, so that it is never
    negative and comparable with that of `Count`.

    Attributes
    ----------
    mean_ : float
        Weighted mean of the observed labels.
    dispersion_ : float
        Dispersion of the labels around their mean, by the method of moments.

    See Also
    --------
    Count : Counts of a Poisson law.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> y = rng.poisson(np.exp(1 + X[:, 0]) * rng.gamma(1.0, 1.0, size=300))
    >>> net = MultiTaskNetEstimator(
    ...     task_types="negative_binomial", max_iter=30, random_state=0
    ... )
    >>> mean, std = net.fit(X, y).predict(X, return_std=True)
    >>> bool((std > 1.2 * np.sqrt(mean)).mean() > 0.5)
    True
    """

    kind: ClassVar[str] = "negative_binomial"

    LEAST_DISPERSION: ClassVar[float] = 1e-3

    dispersion_: float

    _n_outputs: ClassVar[int] = 2

    def _prior(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        variance = np.average((values - self.mean_) ** 2, weights=weight)
        excess = (variance - self.mean_) / self.mean_**2
        self.dispersion_ = float(max(excess, self.LEAST_DISPERSION))
        return np.log([self.mean_, self.dispersion_])

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood above that of the Poisson law at the label."""
        log_mean, log_dispersion = raw.unbind(-1)
        floor = np.log(NegativeBinomial.LEAST_DISPERSION)
        log_size = -log_dispersion.clamp(floor, LARGEST_LOG)
        size = log_size.exp()
        log_total = torch.logaddexp(log_size, log_mean)
        log_likelihood = (
            torch.lgamma(codes + size)
            - torch.lgamma(size)
            + size * (log_size - log_total)
            + codes * (log_mean - log_total)
        )
        return torch.xlogy(codes, codes) - codes - log_likelihood

    def _variance(self, mean: np.ndarray, raw: np.ndarray) -> np.ndarray:
        dispersion = np.exp(np.minimum(raw[..., 1], LARGEST_LOG))
        dispersion = np.maximum(dispersion, self.LEAST_DISPERSION)
        variance: np.ndarray = mean + dispersion * mean**2
        return variance
