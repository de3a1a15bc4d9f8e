"""Which columns to train together."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import cut_tree, leaves_list, linkage
from scipy.spatial.distance import squareform
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

N_GROUPS = [Interval(Integral, 1, None, closed="left"), None]
"""What `n_groups` may be."""


@validate_params({"n_groups": N_GROUPS}, prefer_skip_nested_validation=True)
def suggest_groups(affinity: Any, n_groups: int | None = None) -> list[list[Any]]:
    """Part columns into groups that help each other.

    Groups are merged one by one, those first that help each other most on average
    (average linkage). What two columns do for each other is the mean of both ways.

    Parameters
    ----------
    affinity : Bunch, or array of shape (n_tasks, n_tasks)
        What `task_affinity` returned, or a matrix of affinities. The diagonal is not
        read.
    n_groups : int, default=None
        Number of groups. By default, groups are merged as long as their affinity is
        above 0: above no gain with "pairs" and "lookahead", above a right angle with
        "gradient".

    Returns
    -------
    list of list
        Names of the columns of each group; their positions where `affinity` is an
        array. In the order of the columns.

    Raises
    ------
    ValueError
        `affinity` is not square, an affinity is not finite, or there are fewer columns
        than groups.

    See Also
    --------
    task_affinity : The affinities.

    Examples
    --------
    >>> from sklearn_mtl.inspection import suggest_groups
    >>> affinity = [[0.0, 0.3, -0.1], [0.1, 0.0, -0.2], [0.0, 0.1, 0.0]]
    >>> suggest_groups(affinity)
    [[0, 1], [2]]
    >>> suggest_groups(affinity, n_groups=1)
    [[0, 1, 2]]
    """
    matrix, names = _read(affinity)
    n_tasks = len(matrix)
    if n_groups is not None and n_groups > n_tasks:
        raise ValueError(
            f"n_groups={n_groups} is more than the {n_tasks} columns. Lower n_groups, "
            "or leave it at None."
        )
    if n_tasks == 1:
        return [names]
    tree, at_zero = merge_tree(matrix)
    if n_groups is None:
        n_groups = n_tasks - int((tree[:, 2] < at_zero).sum())
    group = cut_tree(tree, n_clusters=n_groups).ravel()
    return [
        [names[t] for t in np.flatnonzero(group == g)] for g in dict.fromkeys(group)
    ]


def merge_tree(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Merge columns by average linkage.

    Returns
    -------
    tree : ndarray of shape (n_tasks - 1, 4)
        As scipy has it; heights rise where affinities fall.
    at_zero : float
        Height that an affinity of 0 has.
    """
    both = (matrix + matrix.T) / 2.0
    np.fill_diagonal(both, 0.0)
    similar = squareform(both, checks=False)
    # Heights must not be negative. Affinities that cancel out are not above 0, though
    # rounding may say so.
    at_zero = float(similar.max())
    tree = linkage(at_zero - similar, method="average", optimal_ordering=True)
    return tree, at_zero - 1e-12 * float(np.abs(similar).max())


def leaf_order(affinity: Any) -> np.ndarray:
    """Order columns so that groups stand together, whatever their number."""
    matrix, _ = _read(affinity)
    return leaves_list(merge_tree(matrix)[0]) if len(matrix) > 1 else np.zeros(1, int)


def _read(affinity: Any) -> tuple[np.ndarray, list[Any]]:
    is_bunch = isinstance(affinity, Bunch)
    if is_bunch and not {"affinity", "task_names"} <= affinity.keys():
        raise TypeError(
            f"affinity is a Bunch of {sorted(affinity)}. Pass what task_affinity "
            "returned, or a matrix."
        )
    matrix = _as_numbers(affinity.affinity if is_bunch else affinity)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(
            f"affinity has shape {matrix.shape}. Pass a square matrix, one row and one "
            "column for each column of y, or what task_affinity returned."
        )
    names = list(affinity.task_names) if is_bunch else list(range(len(matrix)))
    if len(names) != len(matrix):
        raise ValueError(
            f"affinity names {len(names)} columns for a matrix of shape "
            f"{matrix.shape}. Pass one name for each row of the matrix."
        )
    unknown = ~np.isfinite(matrix)
    np.fill_diagonal(unknown, False)
    if unknown.any():
        i, j = np.argwhere(unknown)[0]
        raise ValueError(
            f"The affinity of {names[i]!r} to {names[j]!r} is {matrix[i, j]}. Leave "
            "out columns with too few labels to be measured, or use more rows."
        )
    return matrix, names


def _as_numbers(affinity: Any) -> np.ndarray:
    """Copy a matrix of real numbers."""
    try:
        matrix = np.array(affinity)
        if matrix.dtype.kind != "c":
            return matrix.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"affinity={affinity!r} is no matrix of numbers: {error}. Pass a square "
            "one, or what task_affinity returned."
        ) from error
    raise TypeError(
        "affinity holds complex numbers, which cannot be compared. Pass real ones."
    )
