"""Tables that were encoded apart, as one table in which each member has its own rows."""

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
    held_out = None
    if rows[0].held_out is not None:
        held_out = _joined([own.held_out for own in rows], numbers, table, cost)
    return _joined(rows, numbers, table, cost, held_out)


def _below_each_other(parts: Sequence[TableOfMembers]) -> TaskTable:
    """Make one table, its features dense and in bins."""
    tables = [part.table for part in parts]
    joined = copy(tables[0])
    joined.features = torch.cat(
        [_features(part.table, part.bins) for part in parts]
    )
    joined.codes = torch.cat([table.codes for table in tables])
    if any(table.label_weight is not None for table in tables):
        weights = [table.label_weight for table in tables]
        joined.label_weight = torch.cat(
            [
                torch.ones_like(table.codes) if weight is None else weight
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


def _joined(
    parts: Sequence[Any],
    numbers: list[int],
    table: TaskTable,
    prior_cost: Tensor,
    held_out: MemberRows | None = None,
) -> MemberRows:
    """Rows (K, n) of the joined table; what fills up weighs 0."""
    longest, start = max(map(len, parts)), 0
    index, weight = [], []
    for part, number in zip(parts, numbers, strict=True):
        own = part.index.expand(number, -1) + start
        counts = part.row_weight
        if counts is None:
            counts = torch.ones_like(own, dtype=table.dtype)
        missing = longest - own.shape[1]
        index.append(torch.cat([own, own[:, :1].expand(-1, missing)], dim=1))
        weight.append(torch.nn.functional.pad(counts, (0, missing)))
        start += len(part.table)
    all_weights = torch.cat(weight)
    return MemberRows(
        table,
        torch.cat(index),
        None if bool((all_weights == 1).all()) else all_weights,
        prior_cost=prior_cost,
        n_members=sum(numbers),
        held_out=held_out,
    )


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
    net.criterion_.layout = OutputLayout(tasks).to(next(net.module_.parameters()).device)
