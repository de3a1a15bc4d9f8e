"""What has to be balanced: the levels of each column of y."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.tables import Column, TargetTable, are_bounds, bounds_of


def read_levels(
    table: TargetTable, *, n_bins: int, smallest_share: float
) -> np.ndarray:
    """Give the levels of all columns numbers.

    A level is a class, a bin of a number or of a bound, or "missing". Columns of a
    single level say nothing about a row and are left out.

    Parameters
    ----------
    table : TargetTable
    n_bins : int
        Most bins that a column of numbers is cut into.
    smallest_share : float
        Share of the rows that the smallest fold gets. There are no more bins than let
        it have a row of each.

    Returns
    -------
    int ndarray of shape (n_rows, n_columns)
        In each column the level of the row; no two columns share a level.
    """
    columns: list[np.ndarray] = []
    first = 0
    for column in table.columns:
        levels, n_levels = _renumber(_codes(column, n_bins, smallest_share))
        if n_levels > 1:
            columns.append(levels + first)
            first += n_levels
    if not columns:
        return np.empty((len(table), 0), dtype=np.intp)
    return np.column_stack(columns)


def _codes(column: Column, n_bins: int, smallest_share: float) -> np.ndarray:
    """Code of each cell, 0 where it is missing."""
    if are_bounds(column):
        return _codes_of_bounds(bounds_of(column), n_bins, smallest_share)
    if column.content != "number":
        return column.factorize()[0] + 1
    return _codes_of_numbers(~column.missing, column.observed, n_bins, smallest_share)


def _codes_of_numbers(
    is_there: np.ndarray, numbers: np.ndarray, n_bins: int, smallest_share: float
) -> np.ndarray:
    codes = np.zeros(len(is_there), dtype=np.int64)
    most = max(1, min(n_bins, int(len(numbers) * smallest_share)))
    if len(numbers):
        codes[is_there] = 1 + _bins(numbers, n_bins, most)
    return codes


def _codes_of_bounds(
    bounds: np.ndarray, n_bins: int, smallest_share: float
) -> np.ndarray:
    """Cut numbers into bins, and lower and upper bounds alone; intervals by middles."""
    lower, upper = bounds.T
    kinds = (
        (np.isfinite(lower) & np.isfinite(upper), 0.5 * (lower + upper)),
        (np.isneginf(lower), upper),
        (np.isposinf(upper), lower),
    )
    codes = np.zeros(len(bounds), dtype=np.int64)
    for is_kind, numbers in kinds:
        found = _codes_of_numbers(is_kind, numbers[is_kind], n_bins, smallest_share)
        codes[is_kind] = codes.max() + found[is_kind]
    return codes


def _bins(numbers: np.ndarray, n_values: int, n_bins: int) -> np.ndarray:
    """Cut numbers into bins of equally many rows; up to `n_values` values stay whole.

    Equal numbers share a bin, that of the middle of their ranks: so a value which many
    rows have, often 0, does not mix with its neighbours.
    """
    values, codes, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    if len(values) <= n_values:
        return codes
    middle = np.cumsum(counts) - (counts + 1) / 2
    return (middle * n_bins // len(numbers)).astype(np.int64)[codes]


def _renumber(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Give codes numbers by first appearance; all that occur once share the last.

    So the numbers depend on the labels alone, not on their container. A class of one
    row can be balanced with nothing, but all such rows together can.
    """
    counts = np.bincount(codes)
    rows = np.arange(len(codes))
    first = np.empty_like(counts)
    first[codes[::-1]] = rows[::-1]
    often = np.flatnonzero(counts > 1)
    numbers = np.full(len(counts), len(often))
    numbers[often[np.argsort(first[often])]] = np.arange(len(often))
    return numbers[codes], len(often) + bool((counts == 1).any())
