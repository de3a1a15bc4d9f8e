"""What makes one member different: the rows it holds out."""

from __future__ import annotations

import math
from typing import Any

import torch

from sklearn_mtl.training._batches import MemberRows, TaskTable

LEAST_FOLDS = 5
"""A member never holds out more than a fifth of the rows to fill all folds."""


def member_rows(
    table: TaskTable,
    *,
    n_members: int,
    prior_cost: torch.Tensor,
    holds_out: bool,
    validation_fraction: float,
    validation_table: TaskTable | None,
    generator: torch.Generator,
) -> MemberRows:
    """Give every member its rows to train and to be validated on.

    Parameters
    ----------
    table : TaskTable
        All labelled rows.
    n_members : int
    prior_cost : tensor of shape (T,)
    holds_out : bool
        Whether members hold rows out. With as many members as there are folds, every
        row is held out by a member.
    validation_fraction : float
        Share of the rows that a member holds out.
    validation_table : TaskTable or None
        Rows that all members are validated on; none is held out then.
    generator : torch.Generator
        Draws the folds.

    Returns
    -------
    MemberRows
        With ``held_out`` where there is something to be validated on.
    """
    n_rows = len(table)
    shared: dict[str, Any] = {"prior_cost": prior_cost, "n_members": n_members}
    if validation_table is not None:
        everything = torch.arange(len(validation_table))
        held_out = MemberRows(validation_table, everything, None, **shared)
        return MemberRows(
            table, torch.arange(n_rows), None, held_out=held_out, **shared
        )
    if not holds_out or n_rows < 2:
        return MemberRows(table, torch.arange(n_rows), None, **shared)
    folds = _folds(n_rows, n_members, validation_fraction, generator)
    index, weight = _pad([folds[k % len(folds)] for k in range(n_members)])
    held_out = MemberRows(table, index, weight, **shared)
    held_out.fold_of_member = [k % len(folds) for k in range(n_members)]
    if n_members == 1:
        rest = torch.ones(n_rows, dtype=torch.bool)
        rest[folds[0]] = False
        return MemberRows(
            table, rest.nonzero().squeeze(1), None, held_out=held_out, **shared
        )
    row_weight = torch.ones(n_members, n_rows)
    for k in range(n_members):
        row_weight[k, folds[k % len(folds)]] = 0.0
    return MemberRows(
        table, torch.arange(n_rows), row_weight, held_out=held_out, **shared
    )


def _folds(
    n_rows: int, n_members: int, fraction: float, generator: torch.Generator
) -> list[torch.Tensor]:
    """Split the rows into folds of about `fraction`, at random.

    There are as many folds as members where that leaves a fold small enough.
    """
    n_folds = max(2, math.floor(1.0 / fraction + 1e-9))
    if LEAST_FOLDS <= n_members < n_folds:
        n_folds = n_members
    n_folds = min(n_folds, n_rows)
    return list(torch.randperm(n_rows, generator=generator).tensor_split(n_folds))


def _pad(folds: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Stack index lists that differ by one in length; what fills up weighs 0."""
    longest = max(map(len, folds))
    index = torch.stack(
        [torch.cat([fold, fold[:1].expand(longest - len(fold))]) for fold in folds]
    )
    lengths = torch.tensor([[len(fold)] for fold in folds])
    weight = (torch.arange(longest) < lengths).float()
    return index, None if bool(weight.all()) else weight
