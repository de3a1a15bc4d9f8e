"""One level of experts: some of each task's own, and some that tasks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch

from sklearn_mtl.nn._gates import GATE_GAIN, shares_of, through_shares
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding, Pass
from sklearn_mtl.nn._layers import StackedLinear
from sklearn_mtl.nn._low_precision import bind_hidden
from sklearn_mtl.nn._trunks import Trunks, for_each
from sklearn_mtl.nn._workspace import Workspace

Tensor = torch.Tensor


class ExtractionLevel(torch.nn.Module):
    """Experts of one level and their gates.

    Parameters
    ----------
    n_members, n_tasks : int
    n_own : int
        Experts of each task alone.
    n_shared : int
        Experts of all tasks.
    widths : sequence of int
        Numbers that enter, and units of each layer of an expert.
    hidden : HiddenUnits
    is_last : bool
        Whether no level follows, so that nothing reads a mixture of all experts.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        n_members: int,
        n_tasks: int,
        n_own: int,
        n_shared: int,
        widths: Sequence[int],
        hidden: HiddenUnits,
        *,
        is_last: bool,
    ) -> None:
        super().__init__()
        self.n_tasks, self.n_own = n_tasks, n_own
        self.own = Trunks(n_members, n_tasks * n_own, widths, hidden)
        self.shared = Trunks(n_members, n_shared, widths, hidden)
        self.gates = StackedLinear(
            (n_members, n_tasks),
            widths[0],
            n_own + n_shared,
            gain=GATE_GAIN,
            draws=hidden.draws,
        )
        self.shared_gate = (
            None
            if is_last
            else StackedLinear(
                (n_members,),
                widths[0],
                n_tasks * n_own + n_shared,
                gain=GATE_GAIN,
                draws=hidden.draws,
            )
        )

    def shares(self, own: Tensor) -> Tensor:
        """Map what tasks read to shares of experts, (K, T, B, n_own + n_shared)."""
        logits: Tensor = self.gates(for_each(own, self.n_tasks))
        return shares_of(logits)

    def forward(self, own: Tensor, shared: Tensor) -> tuple[Tensor, Tensor | None]:
        """Mix the experts.

        Parameters
        ----------
        own : tensor of shape (K, T, B, d), or (K, B, d) for all tasks
        shared : tensor of shape (K, B, d)

        Returns
        -------
        own : tensor of shape (K, T, B, h)
        shared : tensor of shape (K, B, h), or None
            None in the last level.
        """
        of_own = self.own(own).unflatten(1, (self.n_tasks, self.n_own))
        of_shared, shares = self.shared(shared), self.shares(own)
        own_shares = shares[..., : self.n_own].transpose(2, 3).unsqueeze(-1)
        by_row = torch.matmul(
            shares[..., self.n_own :].transpose(1, 2), of_shared.transpose(1, 2)
        )
        mixed = (own_shares * of_own).sum(dim=2) + by_row.transpose(1, 2)
        if self.shared_gate is None:
            return mixed, None
        all_shares = shares_of(self.shared_gate(shared)).transpose(1, 2)
        of_all = torch.cat([of_own.flatten(1, 2), of_shared], dim=1)
        return mixed, (all_shares.unsqueeze(-1) * of_all).sum(dim=1)


class LevelPass:
    """Forward and backward of an `ExtractionLevel`, of two inputs and two outputs."""

    def __init__(self, level: ExtractionLevel, binding: Binding) -> None:
        self.n_tasks, self.n_own = level.n_tasks, level.n_own
        self.needs_input = binding.needs_input
        self.own: Pass = bind_hidden(level.own, binding)
        self.shared: Pass = bind_hidden(level.shared, binding)
        self.gates = level.gates.bind(binding)
        self.shared_gate = (
            None if level.shared_gate is None else level.shared_gate.bind(binding)
        )
        self.memory = Workspace(binding.trains)

    def _weighted(self, name: str, shares: Tensor, units: Tensor) -> Tensor:
        """Multiply what experts of one's own are of, (K, T, n_own, B, h)."""
        shape = tuple(torch.broadcast_shapes(shares.shape, units.shape))
        return torch.mul(shares, units, out=self.memory.empty(name, shape, units))

    def _rows_first(self, name: str, values: Tensor) -> Tensor:
        """Put rows before tasks or experts, as (K * B, m, h)."""
        return self.memory.contiguous(name, values.transpose(1, 2)).flatten(0, 1)

    def _product(self, name: str, a: Tensor, b: Tensor) -> Tensor:
        shape = len(a), a.shape[1], b.shape[2]
        return torch.bmm(a, b, out=self.memory.empty(name, shape, a))

    def forward(self, own: Tensor, shared: Tensor) -> tuple[Tensor, Tensor | None]:
        n_members, n_rows, _ = shared.shape
        of_own = self.own.forward(own).unflatten(1, (self.n_tasks, self.n_own))
        of_shared = self.shared.forward(shared)
        of_tasks = for_each(own, self.n_tasks)
        logits = self.gates.forward(of_tasks.reshape(-1, *of_tasks.shape[2:]))
        shares = shares_of(logits).unflatten(0, (n_members, self.n_tasks))
        own_shares = shares[..., : self.n_own].transpose(2, 3).unsqueeze(-1)
        of_rows = shares[..., self.n_own :].transpose(1, 2)
        row_shares = of_rows.flatten(0, 1)  # (K * B, T, n_shared)
        by_row = self._rows_first("shared", of_shared)
        of_rows = self._product("mixed", row_shares, by_row)
        weighted = self._weighted("own", own_shares, of_own)
        mixed = weighted.squeeze(2) if self.n_own == 1 else weighted.sum(dim=2)
        mixed += of_rows.unflatten(0, (n_members, n_rows)).transpose(1, 2)
        # Only at the end, as several threads may predict by one pass.
        self.reads_alike = own.ndim == 3
        self.of_own, self.shares, self.own_shares = of_own, shares, own_shares
        self.row_shares, self.by_row = row_shares, by_row
        if self.shared_gate is None:
            return mixed, None
        all_shares = shares_of(self.shared_gate.forward(shared))
        of_all = torch.cat([of_own.flatten(1, 2), of_shared], dim=1)
        self.all_shares, self.of_all = all_shares, of_all
        return mixed, (all_shares.transpose(1, 2).unsqueeze(-1) * of_all).sum(dim=1)

    def backward(self, own: Tensor, shared: Tensor | None) -> tuple[Tensor, Tensor]:
        """Set the gradients of experts and gates; return those of both inputs.

        Parameters
        ----------
        own : tensor of shape (K, T, B, h)
        shared : tensor of shape (K, B, h), or None in the last level
        """
        n_members, _, n_rows, _ = own.shape
        by_row = self._rows_first("upstream", own)  # (K * B, T, h)
        to_rows = self._product("to shared", self.row_shares.transpose(1, 2), by_row)
        to_shared = to_rows.unflatten(0, (n_members, n_rows)).transpose(1, 2)
        below_gates = self._through_gates(own, by_row)
        to_own = self._weighted("to own", self.own_shares, own.unsqueeze(2))
        below_gate: Tensor | float = 0.0
        if self.shared_gate is not None and shared is not None:
            to_all = self.all_shares.transpose(1, 2).unsqueeze(-1) * shared.unsqueeze(1)
            n_of_tasks = self.n_tasks * self.n_own
            to_own = to_own + to_all[:, :n_of_tasks].view_as(to_own)
            to_shared = to_shared + to_all[:, n_of_tasks:]
            of_shares = (self.of_all * shared.unsqueeze(1)).sum(-1).transpose(1, 2)
            below_gate = self.shared_gate.backward(
                through_shares(of_shares, self.all_shares)
            )
        below_own = self.own.backward(to_own.flatten(1, 2))
        below_shared = self.shared.backward(to_shared)
        if not self.needs_input:
            return own, own
        return below_own + below_gates, below_shared + below_gate

    def _through_gates(self, own: Tensor, by_row: Tensor) -> Tensor:
        n_members, _, n_rows, _ = own.shape
        of_own = self._weighted("to own", own.unsqueeze(2), self.of_own)
        of_own = of_own.sum(dim=-1).transpose(2, 3)
        of_rows = torch.bmm(by_row, self.by_row.transpose(1, 2))
        of_shared = of_rows.unflatten(0, (n_members, n_rows)).transpose(1, 2)
        of_shares = torch.cat([of_own, of_shared], dim=-1)
        logits = through_shares(of_shares, self.shares)
        below: Tensor = self.gates.backward(logits.flatten(0, 1))
        if not self.needs_input:
            return below
        below = below.unflatten(0, (n_members, self.n_tasks))
        return below.sum(dim=1) if self.reads_alike else below
