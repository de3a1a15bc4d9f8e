"""The layers of each task's own, above those that all tasks share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._activations import activation_of
from sklearn_mtl.nn._layers import Dropout, StackedLinear, hidden_layer

OUTPUT_GAIN = 0.1
"""Small initial output weights keep the first predictions near the prior."""


def make_heads(
    n_members: int,
    n_shared: int,
    sizes: Sequence[int] | Sequence[Sequence[int]],
    task_of_output: np.ndarray,
    **hidden: Any,
) -> StackedLinear | PrivateHeads | MixedHeads:
    """Make the heads of all tasks, which map shared units to raw outputs.

    Parameters
    ----------
    sizes : sequence of int, or one such sequence a task
        Widths of private layers.
    task_of_output : int array of shape (C,)
    **hidden
        What `PrivateHeads` takes: activation, maxout_pieces, dropout, generator.
    """
    if any(np.ndim(size) for size in sizes):
        by_task: list[Any] = [tuple(size) for size in sizes]  # type: ignore[arg-type]
        return MixedHeads(n_members, n_shared, by_task, task_of_output, **hidden)
    if len(sizes):
        widths: Any = sizes
        return PrivateHeads(n_members, n_shared, widths, task_of_output, **hidden)
    return StackedLinear(
        (n_members,),
        n_shared,
        len(task_of_output),
        gain=OUTPUT_GAIN,
        generator=hidden["generator"],
    )


def set_bias(heads: nn.Module, bias: torch.Tensor) -> None:
    """Set the bias of the raw outputs, (C,), for every member."""
    if isinstance(heads, MixedHeads):
        for group, outputs in zip(heads.groups, heads.outputs_of_group, strict=True):
            set_bias(group, bias[outputs])
        return
    assert isinstance(heads, StackedLinear | PrivateHeads)
    heads.bias.copy_(bias.to(heads.bias).view(heads.bias.shape[1:]))


class PrivateHeads(nn.Module):
    """Layers of each task's own, all tasks computed together.

    The first private layer of all tasks is one linear map of the shared units; every
    further one is a batched product over members and tasks. The last product is
    batched over raw outputs, so that tasks may own different numbers of them.
    """

    task_of_output: torch.Tensor

    def __init__(
        self,
        n_members: int,
        n_shared: int,
        sizes: Sequence[int],
        task_of_output: np.ndarray,
        *,
        activation: str,
        maxout_pieces: int,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.activation, self.maxout_pieces = activation, maxout_pieces
        function = activation_of(activation, maxout_pieces)
        n_tasks = int(task_of_output[-1]) + 1
        self.n_tasks = n_tasks
        self.n_pieces = function.n_inputs
        self.one_output_each = n_tasks == len(task_of_output)
        self.register_buffer("task_of_output", torch.from_numpy(task_of_output))
        self.first = hidden_layer(
            (n_members,), n_shared, n_tasks * sizes[0], function, generator
        )
        self.inner = nn.ModuleList(
            hidden_layer((n_members, n_tasks), n_in, n_out, function, generator)
            for n_in, n_out in pairwise(sizes)
        )
        self.last = StackedLinear(
            (n_members, len(task_of_output)),
            sizes[-1],
            1,
            gain=OUTPUT_GAIN,
            generator=generator,
        )
        self.dropout = Dropout(dropout, generator)

    @property
    def bias(self) -> torch.Tensor:
        """Bias of the raw outputs, of shape (K, C, 1, 1)."""
        return self.last.bias

    def forward(self, shared: torch.Tensor) -> torch.Tensor:
        """Map shared units (K, B, h) to raw outputs (K, B, C)."""
        activate = activation_of(self.activation, self.maxout_pieces).value
        hidden = self.dropout(activate(self.first(shared)))
        hidden = hidden.unflatten(-1, (self.n_tasks, -1)).transpose(1, 2)
        for layer in self.inner:
            hidden = self.dropout(activate(layer(hidden)))
        if not self.one_output_each:
            hidden = hidden.index_select(1, self.task_of_output)
        return self.last(hidden).squeeze(-1).transpose(1, 2)


class MixedHeads(nn.Module):
    """Heads whose private layers differ from task to task.

    Tasks with layers of the same sizes are one group, which is computed together.

    Parameters
    ----------
    sizes : sequence of tuple of int
        Widths of the private layers of each task; empty for none.

    Attributes
    ----------
    groups : list of StackedLinear or PrivateHeads
    tasks_of_group, outputs_of_group : list of int ndarray
        Tasks, and raw outputs, that the heads of a group are of.
    """

    order: torch.Tensor
    inverse: torch.Tensor

    def __init__(
        self,
        n_members: int,
        n_shared: int,
        sizes: Sequence[tuple[int, ...]],
        task_of_output: np.ndarray,
        **hidden: Any,
    ) -> None:
        super().__init__()
        distinct = {size: group for group, size in enumerate(dict.fromkeys(sizes))}
        group_of_task = np.array([distinct[size] for size in sizes])
        group_of_output = group_of_task[task_of_output]
        self.tasks_of_group = [
            np.flatnonzero(group_of_task == group) for group in range(len(distinct))
        ]
        self.outputs_of_group = [
            np.flatnonzero(group_of_output == group) for group in range(len(distinct))
        ]
        self.n_outputs_of_group = [len(outputs) for outputs in self.outputs_of_group]
        self.groups = nn.ModuleList(
            make_heads(
                n_members,
                n_shared,
                size,
                np.searchsorted(tasks, task_of_output[outputs]),
                **hidden,
            )
            for size, tasks, outputs in zip(
                distinct, self.tasks_of_group, self.outputs_of_group, strict=True
            )
        )
        order = np.concatenate(self.outputs_of_group)
        self.register_buffer("order", torch.from_numpy(order))
        self.register_buffer("inverse", torch.from_numpy(np.argsort(order)))

    def forward(self, shared: torch.Tensor) -> torch.Tensor:
        """Map shared units (K, B, h) to raw outputs (K, B, C)."""
        raw = torch.cat([group(shared) for group in self.groups], dim=-1)
        return raw.index_select(-1, self.inverse)
