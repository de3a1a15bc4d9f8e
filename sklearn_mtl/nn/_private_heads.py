"""Layers of each task's own, of the same sizes for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._heads import OUTPUT_GAIN, Heads, HeadsByAutograd, HeadsPass
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._layers import HiddenLayer, StackedLinear
from sklearn_mtl.nn._links import EvenLinks, Links

Tensor = torch.Tensor


class PrivateHeads(Heads):
    """Layers of each task's own, of the same sizes, all tasks computed together.

    The first private layer of all tasks is one linear map of the units; every further
    one is a batched product over members and tasks. The last product is batched over
    raw outputs, so that tasks may own different numbers of them.

    Parameters
    ----------
    n_members, n_units : int
    sizes : sequence of int
        Widths of the private layers.
    task_of_output : int array of shape (C,)
    hidden : HiddenUnits
    by_task : bool
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
        n_tasks = len(self.tasks)
        self.first: HiddenLayer = hidden.layer(
            (n_members,), n_units, n_tasks * sizes[0]
        )
        self.inner = hidden.layers((n_members, n_tasks), sizes)
        self.last = StackedLinear(
            (n_members, len(task_of_output)),
            sizes[-1],
            1,
            gain=OUTPUT_GAIN,
            draws=hidden.draws,
        )
        hidden.drop(nn.ModuleList([self.first, *self.inner]))
        self.n_pieces = hidden.n_maps

    def forward(self, units: Tensor) -> Tensor:
        """Map units to raw outputs (K, B, C)."""
        hidden = self._first_of_own(units) if self.by_task else self.first(units)
        hidden = hidden.unflatten(-1, (len(self.tasks), -1)).transpose(1, 2)
        for layer in self.inner:
            hidden = layer(hidden)
        if not self.one_output_each:
            hidden = hidden.index_select(1, self.rank)
        return self.last(hidden).squeeze(-1).transpose(1, 2)

    def _first_of_own(self, units: Tensor) -> Tensor:
        """Map the units of each task by its part of the first layer, (K, B, T * s)."""
        first, shape = self.first, (self.n_pieces, len(self.tasks), -1)
        own = units.index_select(1, self.owner)
        maps = torch.einsum("ktbh,khpts->kbpts", own, first.weight.unflatten(2, shape))
        after = first.function.value(maps.flatten(2) + first.bias)
        return after if first.dropout is None else first.dropout(after)

    def bind(self, binding: Binding) -> HeadsPass:
        """Look up what the pass needs."""
        if self.by_task:
            return HeadsByAutograd(self, binding)
        return PrivateHeadsPass(self, binding)

    def set_prior(self, raw: Tensor) -> None:
        self.last.bias.copy_(raw.to(self.last.bias).view(-1, 1, 1))

    def links(self, padding: np.ndarray) -> list[Links]:
        return [EvenLinks(self.first.weight, self.tasks, self.n_pieces)]


class PrivateHeadsPass(HeadsPass):
    """Pass of `PrivateHeads`, all tasks together."""

    def __init__(self, heads: PrivateHeads, binding: Binding) -> None:
        self.n_tasks, self.one_output_each = len(heads.tasks), heads.one_output_each
        self.n_pieces = heads.n_pieces
        self.rank = heads.rank.to(binding.device)
        self.first = heads.first.bind(binding)
        self.inner: list[Any] = [layer.bind(binding.above) for layer in heads.inner]  # type: ignore[operator]
        self.last = heads.last.bind(binding.above)

    def forward(self, x: Tensor) -> Tensor:
        """Map units (K, B, h) to raw outputs (K, B, C)."""
        n_members, n_rows, _ = x.shape
        hidden = self.first.forward(x).view(n_members, n_rows, self.n_tasks, -1)
        hidden = hidden.transpose(1, 2).flatten(0, 1)
        for layer in self.inner:
            hidden = layer.forward(hidden)
        if not self.one_output_each:
            by_task = hidden.view(n_members, self.n_tasks, n_rows, -1)
            hidden = by_task.index_select(1, self.rank).flatten(0, 1)
        raw = self.last.forward(hidden)
        return raw.view(n_members, -1, n_rows).transpose(1, 2)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all layers; return that of the units."""
        return self.first.backward(self._to_first(upstream))

    def _to_first(self, upstream: Tensor) -> Tensor:
        """Set the gradients above the first layer; return that of its units."""
        n_members, n_rows, n_outputs = upstream.shape
        by_output = upstream.transpose(1, 2).reshape(-1, n_rows, 1)
        hidden = self.last.backward(by_output)
        if not self.one_output_each:
            shape = n_members, self.n_tasks, n_rows, hidden.shape[-1]
            hidden = hidden.view(n_members, n_outputs, n_rows, -1)
            by_task = hidden.new_zeros(shape)
            by_task.index_add_(1, self.rank, hidden)
            hidden = by_task.flatten(0, 1)
        for layer in reversed(self.inner):
            hidden = layer.backward(hidden)
        by_row = hidden.view(n_members, self.n_tasks, n_rows, -1).transpose(1, 2)
        return by_row.flatten(2)

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Go back through each task's part of the first layer by itself."""
        maps = self.first.through_activation(self._to_first(upstream))
        shape = self.n_pieces, self.n_tasks, -1
        weight = self.first.weight.unflatten(2, shape)
        return torch.einsum("kbpts,khpts->ktbh", maps.unflatten(2, shape), weight)
