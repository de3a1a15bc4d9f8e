"""Shares that sum to 1: what gates give to their experts."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._layers import LinearPass, StackedLinear
from sklearn_mtl.nn._random import MemberDraws

Tensor = torch.Tensor
aten = torch.ops.aten

GATE_GAIN = 0.1
"""Small initial gates let each task begin with nearly the mean of its experts."""


def shares_of(logits: Tensor) -> Tensor:
    """Softmax over the last axis, (..., m, E).

    Over a short last axis torch takes ten times as long as over the one before it.
    """
    return logits.transpose(-1, -2).softmax(dim=-2).transpose(-1, -2)


def through_shares(upstream: Tensor, shares: Tensor) -> Tensor:
    """Turn the gradient of shares into that of their logits, in memory of its own."""
    gradient: Tensor = aten._softmax_backward_data(
        upstream.transpose(-1, -2).contiguous(),
        shares.transpose(-1, -2),
        -2 % shares.ndim,
        shares.dtype,
    )
    return gradient.transpose(-1, -2).contiguous()


class SoftmaxGates(StackedLinear):
    """A gate a task: the softmax of a linear map of the features.

    Parameters
    ----------
    n_members, n_features, n_tasks, n_experts : int
    draws : MemberDraws
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        n_members: int,
        n_features: int,
        n_tasks: int,
        n_experts: int,
        draws: MemberDraws,
    ) -> None:
        n_logits = n_tasks * n_experts
        super().__init__(
            (n_members,), n_features, n_logits, gain=GATE_GAIN, draws=draws
        )
        self.n_tasks = n_tasks

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, d) to shares of experts, (K, B, T, E)."""
        logits = super().forward(features)
        return shares_of(logits.unflatten(-1, (self.n_tasks, -1)))

    def bind(self, binding: Binding) -> SoftmaxGatesPass:
        """Look up what the pass needs."""
        return SoftmaxGatesPass(self, binding)


class SoftmaxGatesPass(LinearPass):
    """Pass of `SoftmaxGates`."""

    def __init__(self, gates: SoftmaxGates, binding: Binding) -> None:
        super().__init__(gates, binding)
        self.n_tasks = gates.n_tasks

    def forward(self, x: Tensor) -> Tensor:
        shares = shares_of(super().forward(x).unflatten(-1, (self.n_tasks, -1)))
        if self.trains:
            self.shares = shares
        return shares

    def backward(self, upstream: Tensor) -> Tensor:
        return super().backward(through_shares(upstream, self.shares).flatten(-2))
