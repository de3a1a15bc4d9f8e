"""Layers of each task's own, of the same sizes for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._heads import OUTPUT_GAIN, Heads, HeadsPass, OwnUnits
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._layers import HiddenLayer, HiddenPass, StackedLinear
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
        hidden = self._first_of_own(units) if self.by_task else self._first(units)
        for layer in self.inner:
            hidden = layer(hidden)
        if not self.one_output_each:
            hidden = hidden.index_select(1, self.rank)
        return self.last(hidden).squeeze(-1).transpose(1, 2)

    def _first(self, units: Tensor) -> Tensor:
        """Map the units of all tasks to the first private ones, (K, T, B, s)."""
        hidden: Tensor = self.first(units)
        return hidden.unflatten(-1, (len(self.tasks), -1)).transpose(1, 2)

    def _first_of_own(self, units: Tensor) -> Tensor:
        """Map the units of each task by its part of the first layer."""
        first, own = self.first, units.index_select(1, self.owner)
        weight, bias = (
            self.by_task_of(p).flatten(3) for p in (first.weight, first.bias)
        )
        after = first.function.value(own @ weight + bias)
        return after if first.dropout is None else first.dropout(after)

    def by_task_of(self, of_first: Tensor) -> Tensor:
        """View what the first layer holds of each task, (K, T, ..., n_pieces, s)."""
        shape = self.n_pieces, len(self.tasks), -1
        return of_first.unflatten(2, shape).permute(0, 3, 1, 2, 4)

    def bind(self, binding: Binding) -> HeadsPass:
        """Look up what the pass needs."""
        if self.by_task:
            return OwnPrivateHeadsPass(self, binding)
        return PrivateHeadsPass(self, binding)

    def set_prior(self, raw: Tensor) -> None:
        self.last.bias.copy_(raw.to(self.last.bias)[..., None, None])

    def links(self, padding: np.ndarray) -> list[Links]:
        return [EvenLinks(self.first.weight, self.tasks, self.n_pieces)]


class PrivateHeadsPass(HeadsPass):
    """Pass of `PrivateHeads`, all tasks together."""

    def __init__(self, heads: PrivateHeads, binding: Binding) -> None:
        self.n_tasks, self.one_output_each = len(heads.tasks), heads.one_output_each
        self.n_pieces = heads.n_pieces
        self.rank = heads.rank.to(binding.device)
        self.first: HiddenPass = heads.first.bind(binding)
        self.inner: list[Any] = [layer.bind(binding.above) for layer in heads.inner]  # type: ignore[operator]
        self.last = heads.last.bind(binding.above)

    def forward(self, x: Tensor) -> Tensor:
        """Map units (K, B, h) to raw outputs (K, B, C)."""
        n_members, n_rows, _ = x.shape
        hidden = self.first.forward(x).view(n_members, n_rows, self.n_tasks, -1)
        return self._from_first(hidden.transpose(1, 2).flatten(0, 1), n_members)

    def _from_first(self, hidden: Tensor, n_members: int) -> Tensor:
        """Map first private units (K * T, B, s) to raw outputs."""
        n_rows = hidden.shape[1]
        for layer in self.inner:
            hidden = layer.forward(hidden)
        if not self.one_output_each:
            by_task = hidden.view(n_members, self.n_tasks, n_rows, -1)
            hidden = by_task.index_select(1, self.rank).flatten(0, 1)
        raw = self.last.forward(hidden)
        return raw.view(n_members, -1, n_rows).transpose(1, 2)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all layers; return that of the units."""
        by_row = self._by_row(self._to_first(upstream), len(upstream))
        return self.first.backward(by_row)

    def _to_first(self, upstream: Tensor) -> Tensor:
        """Set the gradients above the first layer; return that of its units.

        Of shape (K * T, B, s).
        """
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
        return hidden

    def _by_row(self, hidden: Tensor, n_members: int) -> Tensor:
        """Put the units of tasks side by side again, (K, B, T * s)."""
        by_task = hidden.view(n_members, self.n_tasks, *hidden.shape[1:])
        return by_task.transpose(1, 2).flatten(2)

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Go back through each task's part of the first layer by itself."""
        by_row = self._by_row(self._to_first(upstream), len(upstream))
        maps = self.first.through_activation(by_row)
        shape = self.n_pieces, self.n_tasks, -1
        weight = self.first.weight.unflatten(2, shape)
        return torch.einsum("kbpts,khpts->ktbh", maps.unflatten(2, shape), weight)


class OwnPrivateHeadsPass(PrivateHeadsPass):
    """Pass of `PrivateHeads` whose tasks read units of their own."""

    def __init__(self, heads: PrivateHeads, binding: Binding) -> None:
        super().__init__(heads, binding)
        self.own_first = FirstOfOwnPass(heads, binding)
        self.tasks = heads.owner.to(binding.device)

    def forward(self, x: Tensor) -> Tensor:
        """Map units (K, T, B, h) to raw outputs (K, B, C)."""
        return self._from_first(self.own_first.forward(x), len(x))

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all layers; return that of the units."""
        return self.own_first.backward(self._to_first(upstream))

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Go back to the units of each task."""
        return self.backward(upstream).index_select(1, self.tasks)


class FirstOfOwnPass(HiddenPass):
    """Pass of a first private layer whose parts read units of their own."""

    def __init__(self, heads: PrivateHeads, binding: Binding) -> None:
        super().__init__(heads.first, binding)
        self.units = OwnUnits(heads.owner.to(binding.device))
        self.needs_input = binding.needs_input
        self.of_tasks = [heads.by_task_of(p) for p in (self.weight, self.bias)]
        self.gradients: list[tuple[Tensor, Tensor]] = []
        if binding.trains:
            self.weight_gradient = self._side_by_side(heads, self.weight_gradient)
            self.bias_gradient = self._side_by_side(heads, self.bias_gradient)

    def _side_by_side(self, heads: PrivateHeads, whole: Tensor | None) -> Tensor | None:
        """Make room for the gradients of tasks one after another."""
        if whole is None:
            return None
        view = heads.by_task_of(whole)
        found = torch.empty_like(view, memory_format=torch.contiguous_format)
        self.gradients.append((view, found))
        return found.view(-1, view.shape[2], view.shape[3] * view.shape[4])

    def forward(self, x: Tensor) -> Tensor:
        """Map units (K, T, B, h) to private ones (K * T, B, s)."""
        own = self.units.pick(x)
        self.weight, self.bias = (p.flatten(3).flatten(0, 1) for p in self.of_tasks)
        if self.trains and self.needs_input:
            self.transposed = self.weight.transpose(1, 2)
        return super().forward(own.reshape(-1, *own.shape[2:]))

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of weight and bias; return that of the units."""
        below = super().backward(upstream)
        for whole, found in self.gradients:
            whole.copy_(found)
        if not self.needs_input:
            return upstream
        return self.units.put_back(below.unflatten(0, (-1, len(self.units.tasks))))
