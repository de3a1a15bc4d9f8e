"""Experts that all tasks share, mixed for each task by a gate of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding, Layer
from sklearn_mtl.nn._low_precision import bind_hidden
from sklearn_mtl.nn._sharing import Sharing
from sklearn_mtl.nn._trunks import PassByTask, Trunks, check_has_layers
from sklearn_mtl.nn._workspace import Workspace

Tensor = torch.Tensor


class Mixture(Sharing):
    """Experts that all tasks share under gates of any kind.

    A subclass has a parameter ``n_experts`` and makes the gates.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    formula_of: ClassVar[tuple[str, ...]] = ("forward", "gate_weights")

    n_experts: int

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
        self.gates = self.make_gates(n_members, n_tasks, n_features, hidden)
        self.n_tasks, self.n_units, self.by_task = n_tasks, sizes[-1], True

    @abstractmethod
    def make_gates(
        self, n_members: int, n_tasks: int, n_features: int, hidden: HiddenUnits
    ) -> Layer:
        """Make what maps features (K, B, d) to shares of experts, (K, B, T, E).

        Parameters
        ----------
        n_members : int
            K.
        n_tasks : int
            T.
        n_features : int
            Numbers that a gate reads.
        hidden : HiddenUnits
            Makes layers, and draws for members.

        Returns
        -------
        Layer
            The gates.
        """

    def gate_weights(self, features: Tensor) -> Tensor:
        """Map features to shares of experts.

        Parameters
        ----------
        features : tensor of shape (K, B, n_features)
            What the gates read.

        Returns
        -------
        tensor of shape (K, B, T, E)
            Shares of each row and task sum to 1.
        """
        shares: Tensor = self.gates(features)
        return shares

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
    """Pass of a `Mixture`, in two halves: experts and gates, and what mixes them."""

    def __init__(self, sharing: Mixture, binding: Binding) -> None:
        super().__init__(sharing, binding)
        self.n_tasks, self.n_experts = sharing.n_tasks, sharing.n_experts
        self.needs_input = binding.needs_input
        self.experts = bind_hidden(sharing.experts, binding)
        self.gates: Any = sharing.gates.bind(binding)
        self.memory = Workspace(binding.trains)
        self.by_row: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        of_experts, shares = self.parts(x)
        by_row = self._rows_of(of_experts)
        shape = len(by_row), self.n_tasks, by_row.shape[-1]
        mixed = torch.bmm(
            shares.flatten(0, 1), by_row, out=self.memory.empty("mixed", shape, x)
        )
        self.by_row = by_row
        return mixed.unflatten(0, x.shape[:2]).transpose(1, 2)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map features to what is mixed, (K, E, B, h), and to shares, (K, B, T, E)."""
        of_experts, shares = self.experts.forward(x), self.gates.forward(x)
        # Only at the end, as several threads may predict by one pass.
        self.of_experts, self.shares, self.by_row = of_experts, shares, None
        return of_experts, shares

    def _rows_of(self, of_experts: Tensor) -> Tensor:
        by_row = of_experts.transpose(1, 2)
        return self.memory.contiguous("experts", by_row).flatten(0, 1)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of experts and gates; return that of the features."""
        if self.by_row is None:
            self.by_row = self._rows_of(self.of_experts)
        mixed = upstream.transpose(1, 2)  # (K, B, T, h)
        members_and_rows = mixed.shape[:2]
        mixed = self.memory.contiguous("upstream", mixed).flatten(0, 1)
        of_shares = torch.bmm(mixed, self.by_row.transpose(1, 2))
        by_row = self.memory.empty("to experts by row", tuple(self.by_row.shape), mixed)
        shares = self.shares.flatten(0, 1)
        torch.bmm(shares.transpose(1, 2), mixed, out=by_row)
        to_experts = by_row.unflatten(0, members_and_rows).transpose(1, 2)
        to_experts = self.memory.contiguous("to experts", to_experts)
        return self.below(to_experts, of_shares.unflatten(0, members_and_rows))

    def below(self, to_experts: Tensor, of_shares: Tensor) -> Tensor:
        """Go back from what is mixed, (K, E, B, h), and from shares, (K, B, T, E)."""
        below_gates = self.gates.backward(of_shares)
        below = self.experts.backward(to_experts)
        return below + below_gates if self.needs_input else to_experts
