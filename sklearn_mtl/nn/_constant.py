"""Numbers that are learned and depend on no feature."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from sklearn_mtl.nn._layer import Binding, Layer, Pass, gradient_of
from sklearn_mtl.nn._random import MemberDraws

Tensor = torch.Tensor


class Constant(Layer):
    """Numbers for each member, the same for all rows.

    Parameters
    ----------
    n_members, n_numbers : int
    std : float
        Standard deviation of the initial numbers.
    draws : MemberDraws

    Attributes
    ----------
    value : parameter of shape (K, 1, n_numbers)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, n_members: int, n_numbers: int, std: float, draws: MemberDraws
    ) -> None:
        super().__init__()
        value = torch.empty(n_members, 1, n_numbers, dtype=torch.float32)
        self.value = nn.Parameter(draws.normal_(value, std))

    def forward(self, x: Tensor) -> Tensor:
        """Give the numbers, (K, 1, n_numbers), whatever the features are."""
        return self.value

    def bind(self, binding: Binding) -> ConstantPass:
        """Look up what the pass needs."""
        return ConstantPass(self, binding)


class ConstantPass(Pass):
    """Pass of a `Constant`."""

    def __init__(self, layer: Constant, binding: Binding) -> None:
        self.value, self.needs_input = binding.put(layer.value), binding.needs_input
        self.gradient = gradient_of(layer.value) if binding.trains else None

    def forward(self, x: Tensor) -> Tensor:
        if self.needs_input:
            self.x = x
        return self.value

    def backward(self, upstream: Tensor) -> Tensor:
        if self.gradient is not None:
            self.gradient.copy_(upstream)
        return torch.zeros_like(self.x) if self.needs_input else upstream
