"""Experts that all tasks share, mixed for each task by a gate of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.nn._gates import shares_of, through_shares
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._layers import StackedLinear
from sklearn_mtl.nn._low_precision import bind_hidden
from sklearn_mtl.nn._sharing import Sharing
from sklearn_mtl.nn._trunks import PassByTask, Trunks, check_has_layers
from sklearn_mtl.nn._workspace import Workspace

Tensor = torch.Tensor

GATE_GAIN = 0.1
"""Small initial gates let each task begin with nearly the mean of its experts."""


class MixtureOfExperts(Sharing):
    r"""Experts that all tasks share, and a gate a task: MMoE [1]_.

    Task :math:`t` reads :math:`\sum_e g_{te}(x) f_e(x)`, where each expert :math:`f_e`
    is a trunk of `hidden_layer_sizes` and :math:`g_t(x)` the softmax of a linear map of
    the features.

    Parameters
    ----------
    n_experts : int, default=4

    References
    ----------
    .. [1] J. Ma, Z. Zhao, X. Yi, J. Chen, L. Hong, E. Chi, "Modeling Task Relationships
       in Multi-task Learning with Multi-gate Mixture-of-Experts", KDD 2018.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.nn import MixtureOfExperts
    >>> X, y = make_multitask(100, n_features=4, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetRegressor(
    ...     sharing=MixtureOfExperts(n_experts=2),
    ...     hidden_layer_sizes=(8,),
    ...     n_members=5,
    ...     max_iter=5,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> net.gate_usage_.shape  # tasks, experts of all members
    (3, 10)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_experts": [Interval(Integral, 1, None, closed="left")]
    }

    formula_of: ClassVar[tuple[str, ...]] = ("forward", "gate_weights")

    def __init__(self, n_experts: int = 4) -> None:
        super().__init__()
        self.n_experts = n_experts

    def setup(
        self,
        *,
        n_members: int,
        n_tasks: int,
        n_features: int,
        sizes: Sequence[int],
        hidden: HiddenUnits,
    ) -> None:
        """Make a trunk of `sizes` for each expert, and the gates."""
        check_has_layers(self, sizes)
        widths = [n_features, *sizes]
        self.experts = Trunks(n_members, self.n_experts, widths, hidden)
        self.gates = StackedLinear(
            (n_members,),
            n_features,
            n_tasks * self.n_experts,
            gain=GATE_GAIN,
            draws=hidden.draws,
        )
        self.n_tasks, self.n_units, self.by_task = n_tasks, sizes[-1], True

    def gate_weights(self, features: Tensor) -> Tensor:
        """Map features (K, B, n_features) to shares of experts, (K, B, T, E)."""
        logits = self.gates(features).unflatten(-1, (self.n_tasks, -1))
        return shares_of(logits)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        by_row = self.experts(features).transpose(1, 2)  # (K, B, E, h)
        return torch.matmul(self.gate_weights(features), by_row).transpose(1, 2)

    def bind(self, binding: Binding) -> MixturePass:
        """Look up what the passes of experts and gates need."""
        return MixturePass(self, binding)

    def shared_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name those of the experts."""
        return self.experts.named_parameters(prefix="experts")


class MixturePass(PassByTask):
    """Pass of a `MixtureOfExperts`."""

    def __init__(self, sharing: MixtureOfExperts, binding: Binding) -> None:
        super().__init__(sharing, binding)
        self.n_tasks, self.needs_input = sharing.n_tasks, binding.needs_input
        self.experts = bind_hidden(sharing.experts, binding)
        self.gates = sharing.gates.bind(binding)
        self.memory = Workspace(binding.trains)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        n_members, n_rows, _ = x.shape
        logits = self.gates.forward(x).view(n_members * n_rows, self.n_tasks, -1)
        shares = shares_of(logits)
        by_row = self.experts.forward(x).transpose(1, 2)
        by_row = self.memory.contiguous("experts", by_row).flatten(0, 1)
        shape = *shares.shape[:2], by_row.shape[-1]
        mixed = torch.bmm(shares, by_row, out=self.memory.empty("mixed", shape, x))
        self.shares, self.by_row = shares, by_row
        return mixed.unflatten(0, (n_members, n_rows)).transpose(1, 2)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of experts and gates; return that of the features."""
        n_members, _, n_rows, _ = upstream.shape
        mixed = upstream.transpose(1, 2)
        mixed = self.memory.contiguous("upstream", mixed).flatten(0, 1)  # (K * B, T, h)
        of_shares = torch.bmm(mixed, self.by_row.transpose(1, 2))
        logits = through_shares(of_shares, self.shares)
        below = self.gates.backward(logits.view(n_members, n_rows, -1))
        by_row = self.memory.empty("to experts by row", tuple(self.by_row.shape), mixed)
        torch.bmm(self.shares.transpose(1, 2), mixed, out=by_row)
        by_expert = by_row.unflatten(0, (n_members, n_rows)).transpose(1, 2)
        by_expert = self.memory.contiguous("to experts", by_expert)
        of_experts = self.experts.backward(by_expert)
        return below + of_experts if self.needs_input else upstream
