"""Layers of each task's own that differ from task to task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._heads import Heads, HeadsPass, positions
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._linear_heads import LinearHeads
from sklearn_mtl.nn._links import Links
from sklearn_mtl.nn._private_heads import PrivateHeads

Tensor = torch.Tensor


def make_heads(
    n_members: int,
    n_units: int,
    sizes: Sequence[int] | Sequence[Sequence[int]],
    task_of_output: np.ndarray,
    hidden: HiddenUnits,
    *,
    by_task: bool = False,
    generation: Sequence[int] = (0,),
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
    generation : sequence of int, default=(0,)
        Which growth of a network brought each task, in the order of y's columns.
    """
    kind: Any = PrivateHeads if len(sizes) else LinearHeads
    if any(np.ndim(size) for size in sizes):
        kind = MixedHeads
    if len(set(generation)) > 1:
        if kind is not MixedHeads:
            sizes = [tuple(sizes)] * len(generation)  # type: ignore[assignment]
        return MixedHeads(
            n_members,
            n_units,
            sizes,  # type: ignore[arg-type]
            task_of_output,
            hidden,
            by_task,
            generation,
        )
    heads: Heads = kind(n_members, n_units, sizes, task_of_output, hidden, by_task)
    return heads


class MixedHeads(Heads):
    """Heads whose private layers differ from task to task.

    Tasks with layers of the same sizes, that one growth of the network brought, are one
    group, which is computed together: that a network grows changes no other group.

    Parameters
    ----------
    n_members, n_units : int
    sizes : sequence of tuple of int
        Widths of the private layers of each task, in the order of y's columns; empty
        for none.
    task_of_output : int array of shape (C,)
    hidden : HiddenUnits
    by_task : bool
    generation : sequence of int, default=None
        Which growth brought each task; None for none.

    Attributes
    ----------
    groups : list of LinearHeads or PrivateHeads
    outputs_of_group : list of int ndarray
        Raw outputs that the heads of a group are of.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

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
        generation: Sequence[int] | None = None,
    ) -> None:
        super().__init__(task_of_output, by_task)
        age = [0] * len(sizes) if generation is None else generation
        kinds = [(int(born), tuple(own)) for born, own in zip(age, sizes, strict=True)]
        distinct = list(dict.fromkeys(kinds[t] for t in self.tasks))
        group_of_output = np.array([distinct.index(kinds[t]) for t in task_of_output])
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
            for (_, size), outputs in zip(distinct, self.outputs_of_group, strict=True)
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
            group.set_prior(raw[..., outputs])

    @property
    def parts(self) -> list[Heads]:
        return list(self.groups)  # type: ignore[arg-type]

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
        self.rank = torch.from_numpy(positions(heads.tasks, tasks))

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
