"""Numbers that look random, but are the same for the same row in each reading."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from sklearn_mtl.tables._row_groups import RowGroups


def hash_of_positions(first: int, n_rows: int, seed: int) -> np.ndarray:
    """Hash (n_rows,) of the positions of rows that follow each other."""
    return _mixed(np.arange(first, first + n_rows, dtype=np.uint64), seed)


def hash_of_groups(groups: RowGroups, seed: int) -> np.ndarray:
    """Hash (n_rows,) of the groups of rows: one for all rows of a group."""
    first = np.unique(groups.codes, return_index=True)[1]
    of_each = [_of_cell(cell) for cell in groups.values[first].tolist()]
    return _mixed(np.array(of_each, dtype=np.uint64)[groups.codes], seed)


def _of_cell(cell: object) -> int:
    """Hash what a cell prints: Python's own hash of a string differs between runs."""
    return int.from_bytes(blake2b(repr(cell).encode(), digest_size=8).digest())


def _mixed(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Mix the bits of uint64 numbers, as splitmix64 does (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = numbers + np.uint64(seed) * np.uint64(0xD1342543DE82EF95)
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: np.ndarray = z ^ (z >> np.uint64(31))
        return mixed
