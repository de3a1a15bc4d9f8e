"""A hidden layer that only the first members of a stack use."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._layers import HiddenLayer, HiddenPass
from sklearn_mtl.nn._random import MemberDraws

Tensor = torch.Tensor


class PartialHiddenLayer(HiddenLayer):
    """A hidden layer of the first members; the units of the others pass it by.

    Parameters
    ----------
    stack : tuple of int
        (k,), or (k, T), of the members that use the layer.
    n_units : int
        Numbers that enter, and units that leave.
    n_members : int
        K, how many members the stack of networks has.
    activation : str
    maxout_pieces : int
    draws : MemberDraws
    """

    of_members: ClassVar[tuple[str, ...]] = ("n_members",)

    def __init__(
        self,
        stack: tuple[int, ...],
        n_units: int,
        *,
        n_members: int,
        activation: str,
        maxout_pieces: int,
        draws: MemberDraws,
    ) -> None:
        super().__init__(
            stack,
            n_units,
            n_units,
            activation=activation,
            maxout_pieces=maxout_pieces,
            draws=draws,
        )
        self.n_members = n_members

    def forward(self, x: Tensor) -> Tensor:
        """Map (K, ..., B, n_units) to units of the same shape."""
        n_using, *others = self.weight.shape[:-2]
        if x.ndim == 2:
            x = x.expand(self.n_members, *others, *x.shape)
        if n_using == 0:
            return x
        return torch.cat([super().forward(x[:n_using]), x[n_using:]])

    def bind(self, binding: Binding) -> HiddenPass:
        """Look up what the pass of the layer needs."""
        all_use_it = len(self.weight) == self.n_members
        return HiddenPass(self, binding) if all_use_it else PartialPass(self, binding)


class PartialPass(HiddenPass):
    """Pass of a `PartialHiddenLayer`; all maps of the stack on one axis, S."""

    def __init__(self, layer: PartialHiddenLayer, binding: Binding) -> None:
        super().__init__(layer, binding)
        self.n_using = len(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, B, n_units) to units of the same shape."""
        if self.n_using == 0:
            return x
        return torch.cat([super().forward(x[: self.n_using]), x[self.n_using :]])

    def backward(self, upstream: Tensor) -> Tensor:
        if self.n_using:
            of_using = upstream[: self.n_using]
            of_using.copy_(super().backward(of_using))
        return upstream

    def products(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        n_tasks = upstream.shape[1]
        products = upstream.new_zeros(len(upstream), n_tasks, n_tasks)
        if self.n_using == 0:
            return products, upstream
        found, below = super().products(upstream[: self.n_using])
        products[: self.n_using] = found
        return products, torch.cat([below, upstream[self.n_using :]])
