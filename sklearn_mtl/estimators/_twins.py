"""Rows of X that stand there more than once, which random folds would tear apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import read_columns

NEARLY_ALL = 0.9
"""Share of rows with a twin from which they are warned of."""

BY_CHANCE = 0.1
"""Most of them that may have one if cells of each column are shuffled: with few
distinct rows (a designed experiment, a few categories) twins say nothing."""

FEWEST_ROWS = 20
COLUMNS_AT_ONCE = 8
STEP = 1e-6
"""Numbers count as equal that differ by less, in standard deviations."""


def warn_of_twins(X: Any) -> None:
    """Warn where nearly all rows of X stand there more than once."""
    share = share_of_twins(X)
    if share >= NEARLY_ALL:
        warn(
            f"{share:.0%} of the rows of X stand there more than once, and members "
            "hold out rows at random, so that they train on twins of what they hold "
            "out: early stopping, oof_score_, intervals and calibration will be too "
            "good for new rows. Pass fit the groups of rows that belong together, or "
            "set cv."
        )


def share_of_twins(X: Any) -> float:
    """Tell which share of the rows has a twin; 0 where it might well be by chance.

    Stops at the first columns that tell most rows apart.
    """
    n_rows = X.shape[0]
    if n_rows < FEWEST_ROWS:
        return 0.0
    if sparse.issparse(X):
        real, shuffled = _codes_of_sparse_rows(X)
        return _share(real) if _share(shuffled) <= BY_CHANCE else 0.0
    # Nothing random is drawn for the fit: its result must not hang on this look.
    shuffle = np.random.default_rng(0).permutation
    real, shuffled = np.zeros(n_rows, np.int64), np.zeros(n_rows, np.int64)
    for number, codes in enumerate(_codes(X), start=1):
        real, shuffled = _joined(real, codes), _joined(shuffled, shuffle(codes))
        if number % COLUMNS_AT_ONCE == 0 and _share(real) < NEARLY_ALL:
            return 0.0
    return _share(real) if _share(shuffled) <= BY_CHANCE else 0.0


def codes_of_rows(X: Any) -> tuple[np.ndarray, np.ndarray]:
    """Integers (n_rows,) equal where rows of X are.

    Returns
    -------
    codes, by_chance : int64 ndarray of shape (n_rows,)
        The second ones are of rows whose cells were shuffled column by column.
    """
    if sparse.issparse(X):
        return _codes_of_sparse_rows(X)
    shuffle = np.random.default_rng(0).permutation
    real, shuffled = np.zeros(X.shape[0], np.int64), np.zeros(X.shape[0], np.int64)
    for codes in _codes(X):
        real, shuffled = _joined(real, codes), _joined(shuffled, shuffle(codes))
    return real, shuffled


def _codes_of_sparse_rows(X: Any) -> tuple[np.ndarray, np.ndarray]:
    """Integers as those of `codes_of_rows`: sums over the cells that are not zero.

    By chance, these stand in other rows of their column.
    """
    cells = sparse.csc_matrix(X, dtype=np.float64, copy=True)
    cells.sum_duplicates()
    cells.eliminate_zeros()
    n_rows, numbers = cells.shape[0], np.diff(cells.indptr)
    column = np.repeat(np.arange(cells.shape[1]), numbers)
    with np.errstate(over="ignore"):
        square = np.bincount(column, cells.data**2, minlength=cells.shape[1])
    step = STEP * np.sqrt(square / n_rows)[column]
    value = np.rint(np.clip(cells.data / step, -(2.0**62), 2.0**62)).astype(np.int64)
    codes = _joined(_joined(np.zeros_like(value), column), value)
    rng = np.random.default_rng(0)
    drawn = [rng.choice(n_rows, number, replace=False) for number in numbers if number]
    anywhere = np.concatenate([np.zeros(0, dtype=np.int64), *drawn])
    real, by_chance = np.zeros((2, n_rows), dtype=np.int64)
    np.add.at(real, cells.indices, codes)
    np.add.at(by_chance, anywhere, codes)
    return real, by_chance


def _codes(X: Any) -> Iterator[np.ndarray]:
    """Yield integers of each column, equal where its cells are."""
    if isinstance(X, np.ndarray) and X.dtype.kind in "fiub":
        for values in X.T:
            yield _steps(values.astype(np.float64))
        return
    for column in read_columns(X):
        is_number = column.content == "number"
        yield _steps(column.numbers()) if is_number else column.factorize()[0]


def _steps(numbers: np.ndarray) -> np.ndarray:
    known = np.isfinite(numbers)
    with np.errstate(over="ignore"):  # then there is no finite spread
        spread = numbers[known].std() if known.any() else 0.0
    steps = np.full(len(numbers), -1, dtype=np.int64)
    if not np.isfinite(spread) or spread == 0.0:
        return steps
    middle = numbers[known].mean()
    scaled = np.rint((numbers[known] - middle) / (STEP * spread))
    steps[known] = np.clip(scaled, -(2.0**62), 2.0**62).astype(np.int64)
    return steps


def _joined(codes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Codes of pairs, by a multiplication that wraps around."""
    mixed = codes.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = mixed ^ (mixed >> np.uint64(29))
    mixed = (mixed + others.astype(np.int64).view(np.uint64)) * np.uint64(
        0xBF58476D1CE4E5B9
    )
    joined: np.ndarray = (mixed ^ (mixed >> np.uint64(32))).view(np.int64)
    return joined


def _share(codes: np.ndarray) -> float:
    _, row, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return float((counts[row] > 1).mean())
