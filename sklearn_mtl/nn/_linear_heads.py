"""Raw outputs right on the units that tasks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._heads import ALIKE_GAIN, OUTPUT_GAIN, Heads, HeadsPass, OwnUnits
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._layers import LinearPass, StackedLinear
from sklearn_mtl.nn._links import EvenLinks, Links, UnevenLinks
from sklearn_mtl.nn._workspace import Workspace

Tensor = torch.Tensor


class LinearHeads(Heads):
    """Raw outputs right on the units.

    Parameters
    ----------
    n_members, n_units : int
    sizes : empty sequence
    task_of_output : int array of shape (C,)
    hidden : HiddenUnits
    by_task : bool

    Attributes
    ----------
    weight : parameter of shape (K, h, C)
    bias : parameter of shape (K, 1, C)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        n_members: int,
        n_units: int,
        sizes: Sequence[int],
        task_of_output: np.ndarray,
        hidden: HiddenUnits,
        by_task: bool,
    ) -> None:
        super().__init__(task_of_output, by_task)
        self.output = StackedLinear(
            (n_members,),
            n_units,
            len(task_of_output),
            gain=OUTPUT_GAIN,
            draws=hidden.draws,
        )

    @property
    def weight(self) -> nn.Parameter:
        """Weights of the raw outputs, of shape (K, h, C)."""
        return self.output.weight

    @property
    def bias(self) -> nn.Parameter:
        """Bias of the raw outputs, of shape (K, 1, C)."""
        return self.output.bias

    def forward(self, units: Tensor) -> Tensor:
        """Map units to raw outputs (K, B, C)."""
        if not self.by_task:
            return self.output(units)
        own = units.index_select(1, self.owner).index_select(1, self.rank)
        raw = own @ self.output.weight.transpose(1, 2).unsqueeze(-1)  # (K, C, B, 1)
        return raw.squeeze(-1).transpose(1, 2) + self.output.bias

    def bind(self, binding: Binding) -> HeadsPass:
        """Look up what the pass needs."""
        if self.by_task:
            return OwnLinearHeadsPass(self, binding)
        return LinearHeadsPass(self, binding)

    def set_prior(self, raw: Tensor) -> None:
        self.output.bias.copy_(raw.to(self.output.bias).unsqueeze(-2))

    def start_alike(self) -> None:
        weight = self.output.weight.detach()
        first = weight[:, :, :1] * (ALIKE_GAIN / OUTPUT_GAIN)
        weight.copy_(first.expand_as(weight))

    def links(self, padding: np.ndarray) -> list[Links]:
        if self.one_output_each:
            return [EvenLinks(self.output.weight, self.tasks)]
        group = np.where(padding, len(self.tasks), self.rank_of_output)
        return [UnevenLinks(self.output.weight, self.tasks, group)]


class LinearHeadsPass(LinearPass, HeadsPass):
    """Pass of `LinearHeads`."""

    def __init__(self, heads: LinearHeads, binding: Binding) -> None:
        super().__init__(heads.output, binding)
        self.rank, self.n_tasks = heads.rank, len(heads.tasks)
        self.of_outputs = OfOutputs(heads, binding)

    def gramian(self, upstream: Tensor) -> Tensor:
        """Compare the tasks' gradients without computing them."""
        return self.of_outputs.gramian(upstream, self.weight)

    def sums_over_rows(self, upstream: Tensor) -> Tensor:
        """Sum the tasks' gradients without computing them."""
        return self.of_outputs.sums_over_rows(upstream, self.weight)

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Give each task the outputs that it owns, and go back to the units."""
        n_members, n_rows, n_outputs = upstream.shape
        by_task = upstream.new_zeros(n_members, self.n_tasks, n_rows, n_outputs)
        owner = self.rank.expand(n_members, n_rows, -1).unsqueeze(1)
        by_task.scatter_(1, owner, upstream.unsqueeze(1))
        below = torch.bmm(by_task.flatten(1, 2), self.weight.transpose(1, 2))
        return below.unflatten(1, (self.n_tasks, -1))


class OwnLinearHeadsPass(LinearPass, HeadsPass):
    """Pass of `LinearHeads` whose tasks read units of their own."""

    def __init__(self, heads: LinearHeads, binding: Binding) -> None:
        super().__init__(heads.output, binding)
        owner = heads.owner.index_select(0, heads.rank).to(binding.device)
        self.units = OwnUnits(owner)
        self.tasks = heads.owner.to(binding.device)
        self.needs_input, self.is_by_row = binding.needs_input, True
        self.memory = Workspace(binding.trains)
        self.of_outputs = OfOutputs(heads, binding)

    def gramian(self, upstream: Tensor) -> Tensor:
        """Compare the tasks' gradients as if all had read the same units."""
        return self.of_outputs.gramian(upstream, self.weight)

    def sums_over_rows(self, upstream: Tensor) -> Tensor:
        """Sum the tasks' gradients without computing them."""
        return self.of_outputs.sums_over_rows(upstream, self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Map units (K, T, B, h) to raw outputs (K, B, C)."""
        own = self.units.pick(x)
        self.is_by_row = own.transpose(1, 2).is_contiguous()
        own = self.memory.contiguous("units", own)
        if self.trains:
            self.x = own
        # One row by a matrix: a matrix by one column takes six times as long.
        of_outputs = self.weight.transpose(1, 2).unsqueeze(2)  # (K, C, 1, h)
        raw = torch.matmul(of_outputs, own.transpose(-1, -2)).squeeze(2)
        return raw.transpose(1, 2) + self.bias

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of weight and bias; return that of the units."""
        if self.weight_gradient is not None:
            by_output = upstream.transpose(1, 2).unsqueeze(2)  # (K, C, 1, B)
            found = torch.matmul(by_output, self.x).squeeze(2)
            self.weight_gradient.copy_(found.transpose(1, 2))
        if self.bias_gradient is not None:
            torch.sum(upstream, 1, keepdim=True, out=self.bias_gradient)
        return self._below(upstream) if self.needs_input else upstream

    def _below(self, upstream: Tensor) -> Tensor:
        """Gradient of the units, in memory of the order in which they came."""
        by_row = upstream.unsqueeze(-1)  # (K, B, C, 1)
        of_weights = self.weight.transpose(1, 2).unsqueeze(1)  # (K, 1, C, h)
        if self.is_by_row:
            below = self._product(by_row, of_weights).transpose(1, 2)
        else:
            below = self._product(by_row.transpose(1, 2), of_weights.transpose(1, 2))
        return self.units.put_back(below)

    def _product(self, a: Tensor, b: Tensor) -> Tensor:
        shape = tuple(torch.broadcast_shapes(a.shape, b.shape))
        return torch.mul(a, b, out=self.memory.empty("below", shape, a))

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Go back to the units of each task."""
        return self._below(upstream).index_select(1, self.tasks)


class OfOutputs:
    r"""What tasks ask of the units that linear maps are read from, by output.

    The gradient of the units that output :math:`c` has in row :math:`b` is
    :math:`u_{bc} w_c`: the inner product of two outputs is
    :math:`(U^T U)_{cd} (W^T W)_{cd}`. What tasks ask are sums over their outputs.
    """

    def __init__(self, heads: LinearHeads, binding: Binding) -> None:
        self.is_owner: Tensor | None = None
        if not heads.one_output_each:
            ranks = torch.arange(len(heads.tasks), device=heads.rank.device)
            is_owner = heads.rank.unsqueeze(1) == ranks
            self.is_owner = binding.put(is_owner.to(heads.weight))  # (C, T)

    def gramian(self, upstream: Tensor, weight: Tensor) -> Tensor:
        """Compare tasks, (K, T, T), of upstream (K, B, C) and weight (K, h, C)."""
        of_rows = torch.bmm(upstream.transpose(1, 2), upstream)
        of_outputs = of_rows.mul_(torch.bmm(weight.transpose(1, 2), weight))
        if self.is_owner is None:
            return of_outputs
        return self.is_owner.T @ (of_outputs @ self.is_owner)

    def sums_over_rows(self, upstream: Tensor, weight: Tensor) -> Tensor:
        """Sum over rows, (K, T, h), of upstream (K, B, C) and weight (K, h, C)."""
        of_outputs = weight * upstream.sum(dim=1, keepdim=True)
        if self.is_owner is not None:
            of_outputs = of_outputs @ self.is_owner
        return of_outputs.transpose(1, 2)
