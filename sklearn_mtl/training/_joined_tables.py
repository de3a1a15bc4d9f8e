"""Tables that were encoded apart, as one in which each member has its own rows."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
import torch

from sklearn_mtl.nn import PiecewiseLinear
from sklearn_mtl.tasks import OutputLayout, Task
from sklearn_mtl.training._batches import MemberRows, TaskTable
from sklearn_mtl.training._folds import member_rows
from sklearn_mtl.training._members import Members
from sklearn_mtl.training._net import MultiTaskNet

Tensor = torch.Tensor


class TableOfMembers(NamedTuple):
    """A table, and the members that read it.

    Attributes
    ----------
    table : TaskTable
    bins : Bins or None
    tasks : sequence of Task
        Fitted to the table.
    members : Members
    """

    table: TaskTable
    bins: Any
    tasks: Sequence[Task]
    members: Members


def join_tables(net: MultiTaskNet, parts: Sequence[TableOfMembers]) -> MemberRows:
    """Let the members of one net read tables that were encoded apart.

    Parameters
    ----------
    net : MultiTaskNet
        Of all members, in the order of `parts`; it reads features in bins, and is not
        trained yet. Each member starts from the prior of its own table.
    parts : sequence of TableOfMembers
        Alike in the blocks of their tasks, and in the numbers that a network reads.

    Returns
    -------
    MemberRows
        Of a table that holds all of them below each other.
    """
    layouts = [OutputLayout(part.tasks) for part in parts]
    numbers = [part.members.number for part in parts]
    prior = np.stack([layout.prior_raw for layout in layouts])
    net.module_.set_prior(np.repeat(prior, numbers, axis=0))
    rows = [
        member_rows(part.table, part.members, prior_cost=layout.prior_cost)
        for part, layout in zip(parts, layouts, strict=True)
    ]
    cost = torch.cat(
        [
            layout.prior_cost.expand(number, -1)
            for layout, number in zip(layouts, numbers, strict=True)
        ]
    )
    table = _below_each_other(parts)
    starts = np.cumsum([0, *(len(part.table) for part in parts)]).tolist()
    shared: dict[str, Any] = {"prior_cost": cost, "n_members": sum(numbers)}
    held_out = None
    if rows[0].held_out is not None:
        of_held_out = [own.held_out for own in rows]
        held_out = MemberRows(table, *_filled(of_held_out, numbers, starts), **shared)
    index, weight = _filled(rows, numbers, starts)
    n_batches = -(-max(map(len, rows)) // net.batch_size)
    # As many steps as on rows among which those that a member holds out weigh 0.
    net.set_params(batch_size=-(-index.shape[1] // n_batches))
    return MemberRows(table, index, weight, held_out=held_out, **shared)


def _below_each_other(parts: Sequence[TableOfMembers]) -> TaskTable:
    """Make one table, its features dense and in bins."""
    tables = [part.table for part in parts]
    joined = copy(tables[0])
    joined.features = torch.cat([_features(part.table, part.bins) for part in parts])
    joined.codes = torch.cat([table.codes for table in tables])
    if any(table.label_weight is not None for table in tables):
        n_tasks = len(parts[0].tasks)
        weights = [table.label_weight for table in tables]
        joined.label_weight = torch.cat(
            [
                table.codes.new_ones(len(table), n_tasks) if weight is None else weight
                for table, weight in zip(tables, weights, strict=True)
            ]
        )
    return joined


def _features(table: TaskTable, bins: Any) -> Tensor:
    everything = torch.arange(len(table), device=table.device)
    features: Tensor = table.rows(everything)[0]
    if bins is None:
        return features
    binned: Tensor = PiecewiseLinear(bins).to(features)(features)
    return binned


def _filled(
    parts: Sequence[Any], numbers: list[int], starts: list[int]
) -> tuple[Tensor, Tensor | None]:
    """Rows (K, n) that count for each member, and weights; what fills up weighs 0."""
    own = [
        part.index.expand(number, -1)[k] + start
        if part.row_weight is None
        else part.index.expand(number, -1)[k][part.row_weight[k] > 0] + start
        for part, number, start in zip(parts, numbers, starts, strict=False)
        for k in range(number)
    ]
    lengths = torch.tensor([[len(rows)] for rows in own], device=own[0].device)
    longest = int(lengths.max())
    index = torch.stack(
        [torch.cat([rows, rows[:1].expand(longest - len(rows))]) for rows in own]
    )
    counts = torch.arange(longest, device=index.device) < lengths
    return index, None if bool(counts.all()) else counts.float()


def read_one_table(
    net: MultiTaskNet, n_features: int, bins: Any, tasks: Sequence[Task]
) -> None:
    """Let members that were trained on a joined table read the one that was theirs.

    Parameters
    ----------
    net : MultiTaskNet
        Of these members.
    n_features : int
        Of the table.
    bins : Bins or None
    tasks : sequence of Task
        Fitted to the table.
    """
    net.module_.put_into_bins(n_features, bins)
    net.criterion_.layout = OutputLayout(tasks).to(
        next(net.module_.parameters()).device
    )
