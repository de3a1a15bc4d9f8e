"""Whole groups of rows dealt to folds, the largest first.

Each goes to the fold where the sum over folds and levels of d² / n stays least, where
d is how many rows of a level of size n a fold has; so folds get equal shares of each
level, and of the rows.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

_DIGITS = 9
"""What is closer than that counts as equal, whatever the order of a sum."""


def deal_groups(
    levels: np.ndarray, groups: np.ndarray, n_folds: int, order: np.ndarray
) -> np.ndarray:
    """Deal whole groups to folds such that each fold has its share of each level.

    Parameters
    ----------
    levels : int ndarray of shape (n_rows, n_columns)
        The levels that each row has; no two columns share a level.
    groups : int ndarray of shape (n_rows,)
        From 0 to n_groups - 1.
    n_folds : int
        At most n_groups.
    order : int ndarray of shape (n_groups,)
        Of groups that are alike, the one that stands first in it is dealt first.

    Returns
    -------
    int ndarray of shape (n_rows,)
        The fold of each row.
    """
    counts = _counts(levels, groups, len(order))
    size = np.asarray(counts.sum(axis=0)).ravel()
    weight = 1.0 / np.maximum(size, 1.0)
    # Equal sizes count as much as all columns together.
    weight[-1] *= max(1, levels.shape[1])
    held = np.zeros((n_folds, counts.shape[1]))
    fold_of_group = np.empty(len(order), dtype=np.intp)
    empty = n_folds
    queue = order[np.argsort(-np.bincount(groups)[order], kind="stable")]
    for n_left, group in zip(range(len(queue), 0, -1), queue, strict=True):
        own = slice(*counts.indptr[group : group + 2])
        columns, numbers = counts.indices[own], counts.data[own]
        cost = held[:, columns] @ (weight[columns] * numbers)
        if n_left <= empty:
            cost[held[:, -1] > 0] = np.inf
        fold = int(cost.round(_DIGITS).argmin())
        empty -= held[fold, -1] == 0
        held[fold, columns] += numbers
        fold_of_group[group] = fold
    return fold_of_group[groups]


def _counts(levels: np.ndarray, groups: np.ndarray, n_groups: int) -> sparse.csr_array:
    """Rows of each level in each group; "being a row" is the last level of all."""
    n_rows, n_columns = levels.shape
    n_levels = int(levels.max(initial=-1)) + 1
    row = np.full((n_rows, 1), n_levels, dtype=np.intp)
    codes = np.hstack([levels.astype(np.intp), row]).ravel()
    of_group = np.repeat(groups, n_columns + 1)
    ones = np.ones(len(codes))
    return sparse.coo_array(
        (ones, (of_group, codes)), shape=(n_groups, n_levels + 1)
    ).tocsr()
