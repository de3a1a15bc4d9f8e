"""Which rows belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_mtl.tables._columns import is_missing
from sklearn_mtl.tables._targets import array_from_rows


@dataclass(frozen=True, eq=False)
class RowGroups:
    """The group of each row.

    Attributes
    ----------
    values : ndarray of shape (n_rows,)
        As they were passed.
    codes : int64 ndarray of shape (n_rows,)
        The same numbered by first appearance.
    """

    values: np.ndarray
    codes: np.ndarray

    @property
    def number(self) -> int:
        """How many groups there are."""
        return len(np.unique(self.codes))

    def take(self, rows: np.ndarray) -> RowGroups:
        """Take some rows."""
        return RowGroups(self.values[rows], self.codes[rows])


def read_groups(groups: Any, counts: np.ndarray) -> RowGroups:
    """Read the group of each row.

    Parameters
    ----------
    groups : array-like of shape (n_rows,)
        Numbers, strings, dates or other objects that can be told apart.
    counts : bool ndarray of shape (n_rows,)
        Rows that must have a group.
    """
    values = _as_array(groups)
    if len(values) != len(counts):
        raise ValueError(
            f"groups has {len(values)} entries for {len(counts)} rows. Pass one a row."
        )
    missing = _missing(values)
    if (missing & counts).any():
        row = int(np.flatnonzero(missing & counts)[0])
        (cell,) = values[[row]].tolist()
        raise ValueError(
            f"groups holds {cell!r} at row {row}. Pass a group for each row; a row "
            "that stands alone has a group of its own."
        )
    return RowGroups(values, _numbered(values, missing))


def _as_array(groups: Any) -> np.ndarray:
    if isinstance(groups, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(groups)
        groups = groups.data.astype(object)
        groups[masked] = None
    is_list = isinstance(groups, list | tuple)
    values = array_from_rows(groups) if is_list else np.asarray(groups)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"groups has {values.ndim} dimensions. Pass one entry a row: an array of "
            "shape (n_rows,), or one column of a frame."
        )
    return values


def _missing(values: np.ndarray) -> np.ndarray:
    kind = values.dtype.kind
    if kind == "O":
        return np.fromiter(map(is_missing, values), dtype=bool, count=len(values))
    if kind in "fmM":
        missing: np.ndarray = values != values  # NaN and NaT alike
        return missing
    return np.zeros(len(values), dtype=bool)


def _numbered(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Codes by first appearance; missing ones are a group of their own."""
    cells = values.tolist()
    if missing.any():
        cells = [
            None if gone else cell for cell, gone in zip(cells, missing, strict=True)
        ]
    code_of: dict[Any, int] = {}
    try:
        return np.array(
            [code_of.setdefault(cell, len(code_of)) for cell in cells], dtype=np.int64
        )
    except TypeError as error:
        raise TypeError(
            "groups holds a list, a set or a dict, which cannot be told apart from "
            "others. Pass numbers or strings."
        ) from error
