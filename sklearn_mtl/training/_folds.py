"""Rows that are held out together, and the rows of each member."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from sklearn_mtl.training._batches import MemberRows, TaskTable
from sklearn_mtl.training._members import Fold, Members

LEAST_FOLDS = 5
"""A member never holds out more than a fifth of the rows to fill all folds."""


def random_folds(
    n_rows: int, n_members: int, fraction: float, generator: torch.Generator
) -> list[Fold]:
    """Split the rows at random into folds of about `fraction`, for some members.

    There are as many folds as members where that leaves a fold small enough: every row
    is then held out by a member.

    Parameters
    ----------
    n_rows : int
        Two or more; with fewer there is nothing to hold out, and no fold.
    n_members : int
    fraction : float
        Share of the rows that a member holds out.
    generator : torch.Generator

    Returns
    -------
    list of Fold
        At most one a member.
    """
    if n_rows < 2:
        return []
    n_folds = min(number_of_folds(n_members, fraction), n_rows)
    parts = torch.randperm(n_rows, generator=generator).tensor_split(n_folds)
    return [Fold(None, part.numpy().copy()) for part in parts[:n_members]]


def number_of_folds(n_members: int, fraction: float) -> int:
    """Tell how many folds hold about `fraction` of the rows, or one a member."""
    n_folds = max(2, math.floor(1.0 / fraction + 1e-9))
    return n_members if LEAST_FOLDS <= n_members < n_folds else n_folds


def member_rows(
    table: TaskTable,
    members: Members,
    *,
    prior_cost: torch.Tensor,
    validation_table: TaskTable | None = None,
) -> MemberRows:
    """Give every member its rows to train and to be validated on.

    Parameters
    ----------
    table : TaskTable
        All labelled rows.
    members : Members
    prior_cost : tensor of shape (T,)
    validation_table : TaskTable or None
        Rows that all members are validated on, where they hold out none.

    Returns
    -------
    MemberRows
        With ``held_out`` where there is something to be validated on.
    """
    shared: dict[str, Any] = {"prior_cost": prior_cost, "n_members": members.number}
    if not members.folds:
        held_out = None
        if validation_table is not None:
            everything = torch.arange(len(validation_table))
            held_out = MemberRows(validation_table, everything, None, **shared)
        return MemberRows(
            table, torch.arange(len(table)), None, held_out=held_out, **shared
        )
    held_out = MemberRows(table, *_held_out(members), **shared)
    return MemberRows(
        table, *_trained_on(members, len(table)), held_out=held_out, **shared
    )


def _trained_on(
    members: Members, n_rows: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Rows that some member trains on, and their weights (K, n) if members differ."""
    trains = np.stack([fold.trains_on(n_rows) for fold in members.folds])
    rows = np.flatnonzero(trains.any(axis=0))
    trains = trains[:, rows]
    if trains.all():
        return torch.from_numpy(rows), None
    weight = torch.from_numpy(trains).float()
    return torch.from_numpy(rows), weight[members.fold.tolist()]


def _held_out(members: Members) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Rows (m,) that all members hold out, or (K, m) of each; what fills up weighs 0.

    Folds may differ in length.
    """
    folds = [torch.from_numpy(fold.held_out) for fold in members.folds]
    if len(folds) == 1:
        return folds[0], None
    longest = max(map(len, folds))
    index = torch.stack(
        [torch.cat([fold, fold[:1].expand(longest - len(fold))]) for fold in folds]
    )
    lengths = torch.tensor([[len(fold)] for fold in folds])
    of_member = members.fold.tolist()
    weight = (torch.arange(longest) < lengths).float()
    return index[of_member], None if bool(weight.all()) else weight[of_member]
