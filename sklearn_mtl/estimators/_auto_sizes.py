"""Sizes that "auto" stands for: members of the stack, rows of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_MEMBERS, ROWS_OF_MOST_MEMBERS = 8, 20_000
"""``n_members="auto"`` keeps rows times members constant beyond these."""

MOST_MEMBERS_OF_SPLITS = 64
"""A splitter of many parts, on few rows, gets no more members than these."""

FEW_ROWS = 250
"""Below these, batches are of 32 rows."""


def number_of_members(
    n_members: Any, n_rows: int, holds_out: bool, *, n_read: int | None = None
) -> int:
    """Size of the stack; no more members than rows where each holds rows out.

    Of `n_rows` that have labels; `n_read` counts those without, if they are read too.
    """
    if n_members == "auto":
        n_read = n_rows if n_read is None else n_read
        affordable = max(1, MOST_MEMBERS * ROWS_OF_MOST_MEMBERS // max(n_read, 1))
        return min(MOST_MEMBERS, affordable, n_rows if holds_out else MOST_MEMBERS)
    if holds_out and n_members > n_rows:
        raise ValueError(
            f"n_members={n_members} is more than the number of rows that have labels, "
            f"n_samples = {n_rows}. Lower n_members, or leave it at 'auto'."
        )
    return int(n_members)


def members_of_splits(n_members: int, n_splits: int, n_read: int) -> int:
    """Size of the stack, by "auto", where a splitter says the folds.

    The same number for each split, `n_members` in all or fewer. More splits than that
    get one member each: always up to eight, beyond as far as "auto" affords.
    """
    if n_splits <= n_members:
        return n_members // n_splits * n_splits
    affordable = MOST_MEMBERS * ROWS_OF_MOST_MEMBERS // max(n_read, 1)
    return min(n_splits, max(MOST_MEMBERS, min(affordable, MOST_MEMBERS_OF_SPLITS)))


def rows_of_a_batch(batch_size: Any, n_rows: int) -> int:
    """Rows of a batch; "auto" aims at 32 steps an epoch within 64 to 256 rows.

    Few rows make batches of 32, so that an epoch still is several steps.
    """
    if batch_size != "auto":
        return int(batch_size)
    if n_rows < FEW_ROWS:
        return 32
    return int(np.clip(2 ** round(np.log2(n_rows / 32)), 64, 256))
