"""Several quantiles of one column, which never cross."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn import functional as F

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._numbers import ROUNDING, NumberTask, weighted_quantiles


class Quantile(NumberTask):
    """A numeric column of which several quantiles are learned at once.

    The first raw output is the lowest quantile; every further one is turned into a
    positive step by a softplus, so that quantiles never cross. The loss is the mean
    pinball loss [1]_. `predict` gives the quantile nearest to the median;
    ``estimators_[j].predict_quantiles(X)`` gives all.

    Parameters
    ----------
    quantiles : sequence of float, default=(0.1, 0.5, 0.9)
        Increasing shares between 0 and 1.

    Attributes
    ----------
    mean_, scale_ : float
        Weighted mean and standard deviation of the observed labels.

    See Also
    --------
    LaplaceRegression : Numbers under absolute error.
    HeteroscedasticRegression : Numbers whose noise is learned for each row.

    References
    ----------
    .. [1] R. Koenker, G. Bassett, "Regression Quantiles", Econometrica 46, 1978.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.tasks import Quantile
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(400, 1))
    >>> y = X[:, 0] * rng.normal(size=400)
    >>> kind = Quantile((0.1, 0.9))
    >>> net = MultiTaskNetEstimator(task_types=kind, max_iter=10, random_state=0)
    >>> low, high = net.fit(X, y).estimators_[0].predict_quantiles(X).T
    >>> bool((low < high).all())
    True
    """

    kind: ClassVar[str] = "quantile"

    mean_: float
    scale_: float

    def __init__(self, quantiles: Any = (0.1, 0.5, 0.9)) -> None:
        self.quantiles = quantiles

    def fit(self, column: Column, weight: np.ndarray) -> Quantile:
        """Learn mean, scale and the quantiles of the observed labels."""
        self.name_ = column.name
        shares = np.asarray(self.quantiles)
        numbers = shares.ndim == 1 and shares.dtype.kind in "fiu"
        inside = numbers and ((shares > 0) & (shares < 1)).all()
        if not inside or not len(shares) or (np.diff(shares) <= 0).any():
            raise ValueError(
                f"quantiles={self.quantiles!r} for column {column.name!r}: pass "
                "increasing numbers between 0 and 1, such as (0.1, 0.5, 0.9)."
            )
        self.n_outputs_ = len(shares)
        self.prior_raw_, self.prior_cost_ = np.zeros(len(shares)), 0.0
        self.mean_, self.scale_ = float("nan"), 1.0
        counts = weight > 0
        values, weight = self.read(column)[counts], weight[counts]
        if not len(values):
            return self
        self.mean_ = float(np.average(values, weights=weight))
        scale = np.sqrt(np.average((values - self.mean_) ** 2, weights=weight))
        if not scale > ROUNDING * abs(self.mean_):
            return self
        self.scale_ = float(scale)
        codes = (values - self.mean_) / self.scale_
        prior = weighted_quantiles(codes, weight, shares)
        steps = np.maximum(np.diff(prior), 1e-3)
        self.prior_raw_ = np.concatenate([prior[:1], np.log(np.expm1(steps))])
        loss = self.loss(
            torch.from_numpy(self.prior_raw_).expand(len(codes), -1),
            torch.from_numpy(codes),
        )
        self.prior_cost_ = float(np.average(loss, weights=weight))
        return self

    def encode(self, column: Column) -> np.ndarray:
        """Turn labels into z-scores, NaN where missing."""
        return (self.read(column) - self.mean_) / self.scale_

    def loss(self, raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Mean pinball loss over the quantiles."""
        steps = torch.cat([raw[..., :1], F.softplus(raw[..., 1:])], dim=-1)
        error = codes.unsqueeze(-1) - steps.cumsum(dim=-1)
        shares = raw.new_tensor(self.quantiles)
        return torch.maximum(shares * error, (shares - 1.0) * error).mean(dim=-1)

    @property
    def level(self) -> float:  # type: ignore[override]
        """Share of the quantile nearest to the median."""
        return float(self.quantiles[self._nearest()])

    def _nearest(self) -> int:
        return int(np.abs(np.asarray(self.quantiles) - 0.5).argmin())

    def response(self, raw: np.ndarray) -> np.ndarray:
        """All quantiles, the one nearest to the median once more in front."""
        steps = np.concatenate([raw[..., :1], np.logaddexp(0.0, raw[..., 1:])], axis=-1)
        scale = self.scale_ if self.prior_cost_ else 0.0
        quantiles = steps.cumsum(axis=-1) * scale + self.mean_
        return np.concatenate([quantiles[..., [self._nearest()]], quantiles], axis=-1)

    def block_key(self) -> tuple[Any, ...]:
        """Let columns with the same quantiles share one call of `loss`."""
        return type(self), tuple(self.quantiles)
