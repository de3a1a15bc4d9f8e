"""Numeric features in bins: an encoding between the features and the first layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from sklearn_mtl.nn._layer import Binding, Layer, Pass


class PiecewiseLinear(Layer):
    """Append piecewise linear functions of single features to the features.

    A net then need not spend its first layer on finding where a number matters
    (Gorishniy et al. 2022). Nothing here is trained.

    Parameters
    ----------
    bins : sequence of six ndarray of shape (m,)
        Feature, begin, slope, shift, low and high of each bin, whose function is
        ``clip((x[feature] - begin) * slope + shift, low, high)``.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> feature = np.array([0, 0])
    >>> begin, slope, shift = np.array([0.0, 1.0]), np.ones(2), np.zeros(2)
    >>> low, high = np.array([-np.inf, 0.0]), np.array([1.0, np.inf])
    >>> bend = PiecewiseLinear([feature, begin, slope, shift, low, high])
    >>> bend(torch.tensor([[-2.0], [0.5], [3.0]]).double())
    tensor([[-2.0000, -2.0000,  0.0000],
            [ 0.5000,  0.5000,  0.0000],
            [ 3.0000,  1.0000,  2.0000]], dtype=torch.float64)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    feature: torch.Tensor
    begin: torch.Tensor
    slope: torch.Tensor
    shift: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor

    def __init__(self, bins: Sequence[np.ndarray]) -> None:
        super().__init__()
        names = ("feature", "begin", "slope", "shift", "low", "high")
        for name, values in zip(names, bins, strict=True):
            self.register_buffer(name, torch.from_numpy(values))

    @property
    def n_bins(self) -> int:
        """Number of columns that are appended, m."""
        return len(self.get_buffer("feature"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., d) to (..., d + m)."""
        bent = x.index_select(-1, self.feature) - self.begin
        bent = torch.addcmul(self.shift, bent, self.slope)
        return torch.cat([x, bent.clamp(self.low, self.high)], dim=-1)

    def bind(self, binding: Binding) -> BinsPass:
        """Look up the bins."""
        return BinsPass(self, binding)


class BinsPass(Pass):
    """Pass of `PiecewiseLinear`: there is nothing to go back to."""

    def __init__(self, layer: PiecewiseLinear, binding: Binding) -> None:
        self.bins = [binding.put(values) for values in layer.buffers()]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., d) to (..., d + m)."""
        feature, begin, slope, shift, low, high = self.bins
        # In place, which takes less time: nothing goes back through here.
        bent = x.index_select(-1, feature).sub_(begin)
        torch.addcmul(shift, bent, slope, out=bent)
        return torch.cat([x, bent.clamp_(low, high)], dim=-1)

    def backward(self, upstream: torch.Tensor) -> torch.Tensor:
        return upstream
