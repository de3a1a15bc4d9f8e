"""The layers of each task's own, above those that all tasks share.

Tasks are known by their column of y. Inside of heads they stand in the order in which
their raw outputs do.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._layer import AutogradPass, Binding, Layer, Pass
from sklearn_mtl.nn._layers import (
    HiddenLayer,
    HiddenUnits,
    LinearPass,
    StackedLinear,
)
from sklearn_mtl.nn._links import EvenLinks, Links, UnevenLinks

Tensor = torch.Tensor

OUTPUT_GAIN = 0.1
"""Small initial output weights keep the first predictions near the prior."""


class Heads(Layer):
    """From units to the raw outputs of all tasks.

    Units are (K, B, h) for all tasks, or (K, T, B, h) where each task reads its own;
    then autograd finds the gradient.

    Parameters
    ----------
    task_of_output : int array of shape (C,)
        The task that owns each raw output; the outputs of each task are neighbours.
    by_task : bool
        Whether each task reads units of its own.

    Attributes
    ----------
    tasks : int ndarray
        Tasks in the order of their outputs.
    rank_of_output : int ndarray of shape (C,)
        Position of the owner of each output in `tasks`.
    """

    owner: Tensor
    rank: Tensor

    def __init__(self, task_of_output: np.ndarray, by_task: bool) -> None:
        super().__init__()
        self.task_of_output, self.by_task = task_of_output, by_task
        self.tasks = np.array(list(dict.fromkeys(task_of_output.tolist())))
        self.rank_of_output = _positions(task_of_output, self.tasks)
        self.one_output_each = len(self.tasks) == len(task_of_output)
        self.register_buffer("owner", torch.from_numpy(self.tasks), persistent=False)
        self.register_buffer(
            "rank", torch.from_numpy(self.rank_of_output), persistent=False
        )

    @abstractmethod
    def set_prior(self, raw: Tensor) -> None:
        """Let every member start from predicting these raw outputs, (C,)."""

    @abstractmethod
    def links(self, padding: np.ndarray) -> list[Links]:
        """Find the links of the tasks, one object for each tensor that holds some.

        Parameters
        ----------
        padding : bool array of shape (C,)
            Raw outputs that no loss reads; their weights count in no task's group.
        """

    def bind(self, binding: Binding) -> HeadsPass:
        """Look up what the pass needs."""
        return HeadsByAutograd(self, binding)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """As `Layer`, but what is left can still tell tasks apart."""
        super().__init_subclass__(**kwargs)
        if vars(cls).get("bind") is Layer.bind:
            cls.bind = Heads.bind  # type: ignore[method-assign]


class HeadsPass(Pass):
    """A pass that can also tell the tasks' gradients apart."""

    @abstractmethod
    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Gradient of the units that follows from the raw outputs of each task.

        Parameters
        ----------
        upstream : tensor of shape (K, B, C)
            May be overwritten, as may the gradients of the parameters.

        Returns
        -------
        tensor of shape (K, T, B, h)
            Tasks in the order of their outputs.
        """


class HeadsByAutograd(AutogradPass, HeadsPass):
    """The pass of heads without a formula, or whose tasks read units of their own."""

    def __init__(self, heads: Heads, binding: Binding) -> None:
        super().__init__(heads, binding)
        self.heads = heads

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        if self.heads.by_task:
            (by_task,) = torch.autograd.grad(
                self.y, self.x, upstream, retain_graph=True
            )
            return by_task.index_select(1, self.heads.owner)
        of_tasks = []
        for rank in range(len(self.heads.tasks)):
            of_task = upstream * (self.heads.rank == rank)
            found = torch.autograd.grad(self.y, self.x, of_task, retain_graph=True)
            of_tasks.append(found[0])
        return torch.stack(of_tasks, dim=1)


def make_heads(
    n_members: int,
    n_units: int,
    sizes: Sequence[int] | Sequence[Sequence[int]],
    task_of_output: np.ndarray,
    hidden: HiddenUnits,
    *,
    by_task: bool = False,
) -> Heads:
    """Make the heads of all tasks.

    Parameters
    ----------
    n_members : int
    n_units : int
        Units that a head reads.
    sizes : sequence of int, or one such sequence a task, in the order of y's columns
        Widths of private layers.
    task_of_output : int array of shape (C,)
    hidden : HiddenUnits
    by_task : bool, default=False
    """
    kind: Any = LinearHeads
    if any(np.ndim(size) for size in sizes):
        kind = MixedHeads
    elif len(sizes):
        kind = PrivateHeads
    heads: Heads = kind(n_members, n_units, sizes, task_of_output, hidden, by_task)
    return heads


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
            generator=hidden.generator,
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
            return HeadsByAutograd(self, binding)
        return LinearHeadsPass(self, binding)

    def set_prior(self, raw: Tensor) -> None:
        self.output.bias.copy_(raw.to(self.output.bias))

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

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Give each task the outputs that it owns, and go back to the units."""
        n_members, n_rows, n_outputs = upstream.shape
        by_task = upstream.new_zeros(n_members, self.n_tasks, n_rows, n_outputs)
        owner = self.rank.expand(n_members, n_rows, -1).unsqueeze(1)
        by_task.scatter_(1, owner, upstream.unsqueeze(1))
        below = torch.bmm(by_task.flatten(1, 2), self.weight.transpose(1, 2))
        return below.unflatten(1, (self.n_tasks, -1))


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
            generator=hidden.generator,
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


class MixedHeads(Heads):
    """Heads whose private layers differ from task to task.

    Tasks with layers of the same sizes are one group, which is computed together.

    Parameters
    ----------
    n_members, n_units : int
    sizes : sequence of tuple of int
        Widths of the private layers of each task, in the order of y's columns; empty
        for none.
    task_of_output : int array of shape (C,)
    hidden : HiddenUnits
    by_task : bool

    Attributes
    ----------
    groups : list of LinearHeads or PrivateHeads
    outputs_of_group : list of int ndarray
        Raw outputs that the heads of a group are of.
    """

    order: Tensor
    inverse: Tensor

    def __init__(
        self,
        n_members: int,
        n_units: int,
        sizes: Sequence[tuple[int, ...]],
        task_of_output: np.ndarray,
        hidden: HiddenUnits,
        by_task: bool,
    ) -> None:
        super().__init__(task_of_output, by_task)
        distinct = list(dict.fromkeys(tuple(sizes[t]) for t in self.tasks))
        group_of_output = np.array(
            [distinct.index(tuple(sizes[t])) for t in task_of_output]
        )
        self.outputs_of_group = [
            np.flatnonzero(group_of_output == group) for group in range(len(distinct))
        ]
        self.n_outputs_of_group = [len(outputs) for outputs in self.outputs_of_group]
        self.groups = nn.ModuleList(
            make_heads(
                n_members,
                n_units,
                size,
                task_of_output[outputs],
                hidden,
                by_task=by_task,
            )
            for size, outputs in zip(distinct, self.outputs_of_group, strict=True)
        )
        order = np.concatenate(self.outputs_of_group)
        self.register_buffer("order", torch.from_numpy(order))
        self.register_buffer("inverse", torch.from_numpy(np.argsort(order)))

    def forward(self, units: Tensor) -> Tensor:
        """Map units to raw outputs (K, B, C)."""
        raw = torch.cat([group(units) for group in self.groups], dim=-1)
        return raw.index_select(-1, self.inverse)

    def bind(self, binding: Binding) -> MixedHeadsPass:
        """Look up what the passes of the groups need."""
        return MixedHeadsPass(self, binding)

    def set_prior(self, raw: Tensor) -> None:
        for group, outputs in self._groups():
            group.set_prior(raw[outputs])

    def links(self, padding: np.ndarray) -> list[Links]:
        return [
            part
            for group, outputs in self._groups()
            for part in group.links(padding[outputs])
        ]

    def _groups(self) -> list[tuple[Any, np.ndarray]]:
        return list(zip(self.groups, self.outputs_of_group, strict=True))


class MixedHeadsPass(HeadsPass):
    """Passes of the groups of `MixedHeads`, one after the other."""

    def __init__(self, heads: MixedHeads, binding: Binding) -> None:
        self.groups: list[Any] = [group.bind(binding) for group in heads.groups]  # type: ignore[operator]
        self.order = heads.order.to(binding.device)
        self.inverse = heads.inverse.to(binding.device)
        self.n_outputs_of_group = heads.n_outputs_of_group
        self.needs_input = binding.needs_input
        tasks = np.concatenate([group.tasks for group in heads.groups])
        self.rank = torch.from_numpy(_positions(heads.tasks, tasks))

    def forward(self, x: Tensor) -> Tensor:
        """Map units to raw outputs (K, B, C)."""
        raw = torch.cat([group.forward(x) for group in self.groups], dim=-1)
        return raw.index_select(-1, self.inverse)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all groups; return that of the units."""
        gradients = [group.backward(part) for group, part in self._by_group(upstream)]
        total: Tensor = gradients[0]
        if self.needs_input:
            for gradient in gradients[1:]:
                total = total.add_(gradient)
        return total

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Put the tasks of all groups together, in the order of their outputs."""
        parts = [
            group.backward_by_task(part) for group, part in self._by_group(upstream)
        ]
        return torch.cat(parts, dim=1).index_select(1, self.rank.to(upstream.device))

    def _by_group(self, upstream: Tensor) -> list[tuple[Any, Tensor]]:
        by_group = upstream.index_select(-1, self.order)
        parts = by_group.split(self.n_outputs_of_group, dim=-1)
        return list(zip(self.groups, parts, strict=True))


def _positions(wanted: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Position of each entry of `wanted` in `among`, whose entries are distinct."""
    order = np.argsort(among)
    found: np.ndarray = order[np.searchsorted(among[order], wanted)]
    return found
