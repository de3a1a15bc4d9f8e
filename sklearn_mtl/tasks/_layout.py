"""Where each task's raw outputs stand, and the losses of all tasks at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from sklearn_mtl.tasks._base import Task


@dataclass(frozen=True)
class Block:
    """Neighbouring tasks whose losses one call computes."""

    task: Task
    outputs: slice
    n_tasks: int
    width: int
    padded: bool


class OutputLayout(nn.Module):
    """Order tasks so that each kind owns one slice of the raw outputs.

    Tasks stand in *block order* inside the training step: tasks of one kind are
    neighbours, so that one call computes all their losses on a view of the outputs.
    `order` leads there and `inverse` back to the order of y's columns. Only the table,
    the losses and the net of `sklearn_mtl.training` know it; all others see the
    columns in the order of y.

    Parameters
    ----------
    tasks : sequence of Task
        Fitted tasks, in the order of y's columns.

    Attributes
    ----------
    names : list of hashable
        Names of the columns of y.
    order, inverse : int64 ndarray of shape (T,)
        Column of y at each rank of the block order, and rank of each column.
    in_order : bool
        Whether the block order is that of y.
    n_outputs : int
        C, the number of raw outputs of all tasks.
    slices : list of slice
        Raw outputs that each task of y owns.
    reads : list of slice
        Raw outputs that each task's `response` reads: those that it owns, or those of
        all columns that it belongs with.
    task_of_output : int64 ndarray of shape (C,)
        The column of y that owns each raw output; columns appear in block order.
    rank_of_output : int64 ndarray of shape (C,)
        The same by rank in the block order.
    prior_raw : float64 ndarray of shape (C,)
        Raw outputs that predict the prior of every task.
    prior_cost : tensor of shape (T,)
        Cost of each task's prior, in block order; infinite where nothing is to learn,
        so that the loss there is 0.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    padding: torch.Tensor

    def __init__(self, tasks: Sequence[Task]) -> None:
        super().__init__()
        self.names = [getattr(task, "name_", t) for t, task in enumerate(tasks)]
        keys = [task.block_key() for task in tasks]
        block = {key: b for b, key in enumerate(dict.fromkeys(keys))}
        ranks = [task.group_position or 0 for task in tasks]
        self.order = np.lexsort((ranks, [block[key] for key in keys]))
        self.inverse = np.argsort(self.order)
        self.in_order = bool((self.order[1:] > self.order[:-1]).all())
        ordered = [tasks[t] for t in self.order]
        widths = np.array([task.block_width() for task in ordered])
        starts = np.concatenate([[0], np.cumsum(widths)])
        self.n_outputs = int(starts[-1])
        self.slices = [
            slice(int(starts[rank]), int(starts[rank]) + task.n_outputs_)
            for task, rank in zip(tasks, self.inverse, strict=True)
        ]
        self.rank_of_output = np.repeat(np.arange(len(ordered)), widths)
        self.task_of_output = self.order[self.rank_of_output]
        self.prior_raw = np.zeros(self.n_outputs)
        padding = np.zeros(self.n_outputs, dtype=bool)
        for task, start, width in zip(ordered, starts, widths, strict=False):
            self.prior_raw[start : start + task.n_outputs_] = task.prior_raw_
            padding[start + task.n_outputs_ : start + width] = True
        cost = np.array([task.prior_cost_ or np.inf for task in ordered])
        self.prior_cost = torch.from_numpy(cost)
        self.register_buffer("padding", torch.from_numpy(padding))
        self.blocks = _blocks(ordered, starts, padding)
        self.reads = self._reads(tasks)
        self._n_outputs_of_blocks = [
            block.n_tasks * block.width for block in self.blocks
        ]

    def _reads(self, tasks: Sequence[Task]) -> list[slice]:
        of_rank = [block.outputs for block in self.blocks for _ in range(block.n_tasks)]
        return [
            own if task.group_position is None else of_rank[rank]
            for task, own, rank in zip(tasks, self.slices, self.inverse, strict=True)
        ]

    @property
    def first_code(self) -> np.ndarray:
        """Where the codes of each task of y begin, (T,), among those of all."""
        n_codes = [block.task.n_codes for block in self.blocks]
        of_ranks = np.repeat(n_codes, [block.n_tasks for block in self.blocks])
        of_tasks = of_ranks[self.inverse]
        first: np.ndarray = np.cumsum(of_tasks) - of_tasks
        return first

    def losses(self, raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Loss of every label.

        Parameters
        ----------
        raw : tensor of shape (K, B, C)
        codes : tensor of shape (B, T) or (K, B, T)
            Codes in block order; 0 where a label is missing. The last axis is longer
            where a label takes several codes.

        Returns
        -------
        tensor of shape (K, B, T)
            In block order, not yet divided by the prior's cost.
        """
        losses = [
            block.task.loss(outputs, labels)
            for block, outputs, labels in self._by_block(raw, codes)
        ]
        return losses[0] if len(losses) == 1 else torch.cat(losses, dim=-1)

    def losses_and_gradient(
        self, raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss of every label, and the gradient of their sum.

        Returns
        -------
        losses : tensor of shape (K, B, T)
        gradient : tensor of shape (K, B, C)
        """
        parts = [
            block.task.loss_and_gradient(outputs, labels)
            for block, outputs, labels in self._by_block(raw, codes)
        ]
        if len(parts) == 1:
            loss, gradient = parts[0]
            return loss, gradient.flatten(-2)
        losses = torch.cat([loss for loss, _ in parts], dim=-1)
        return losses, torch.cat([part.flatten(-2) for _, part in parts], dim=-1)

    def _by_block(
        self, raw: torch.Tensor, codes: torch.Tensor
    ) -> Iterator[tuple[Block, torch.Tensor, torch.Tensor]]:
        """Raw outputs (K, B, tasks, width) and codes of each block."""
        n_codes = [block.n_tasks * block.task.n_codes for block in self.blocks]
        for block, outputs, labels in zip(
            self.blocks,
            raw.split(self._n_outputs_of_blocks, dim=-1),
            codes.split(n_codes, dim=-1),
            strict=True,
        ):
            if block.task.n_codes > 1:
                labels = labels.unflatten(-1, (block.n_tasks, block.task.n_codes))
            if block.padded:
                padding = self.padding[block.outputs]
                outputs = outputs.masked_fill(padding, -torch.inf)
            shape = *raw.shape[:-1], block.n_tasks, block.width
            yield block, outputs.view(shape), labels


def _blocks(
    ordered: list[Task], starts: np.ndarray, padding: np.ndarray
) -> list[Block]:
    blocks, begin = [], 0
    for end in range(1, len(ordered) + 1):
        if (
            end == len(ordered)
            or ordered[end].block_key() != ordered[begin].block_key()
        ):
            outputs = slice(int(starts[begin]), int(starts[end]))
            blocks.append(
                Block(
                    task=ordered[begin],
                    outputs=outputs,
                    n_tasks=end - begin,
                    width=ordered[begin].block_width(),
                    padded=bool(padding[outputs].any()),
                )
            )
            begin = end
    return blocks
