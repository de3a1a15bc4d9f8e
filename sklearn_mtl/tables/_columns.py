"""One column of a table: its name, values, missing cells and what it holds."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import narwhals as nw
import numpy as np

Content = Literal["number", "boolean", "category"]


@dataclass(frozen=True)
class Column:
    """A column that any container of a table was read into.

    Parameters
    ----------
    name : hashable
        The data frame's name of the column, or its position in an array.
    values : ndarray of shape (n_rows,)
        Numbers as floats or integers, everything else as it came; a missing integer
        holds 0.
    missing : bool ndarray of shape (n_rows,)
        True where the cell is NaN, None, ``pandas.NA`` or null.
    content : {"number", "boolean", "category"}
        What the cells mean, judged by their type alone.
    levels : ndarray or None
        The declared categories of a column that declares them.
    codes : int ndarray of shape (n_rows,) or None
        Position of each cell in `levels`, -1 where it is missing.
    ordered : bool
        Whether the declared categories stand in an order.
    """

    name: Hashable
    values: np.ndarray
    missing: np.ndarray
    content: Content
    levels: np.ndarray | None = None
    codes: np.ndarray | None = None
    ordered: bool = False

    def __len__(self) -> int:
        return len(self.values)

    @property
    def observed(self) -> np.ndarray:
        """Values of the cells that are not missing."""
        return self.values[~self.missing] if self.missing.any() else self.values

    def keep(self, counts: np.ndarray, rows: np.ndarray) -> Column:
        """Take some rows; labels that do not count there become missing."""
        if len(rows) == len(self) and np.array_equal(counts, ~self.missing):
            return self
        return replace(self, missing=self.missing | ~counts).take(rows)

    def take(self, rows: np.ndarray) -> Column:
        """Take some rows."""
        return replace(
            self,
            values=self.values[rows],
            missing=self.missing[rows],
            codes=None if self.codes is None else self.codes[rows],
        )

    def numbers(self) -> np.ndarray:
        """Read numbers or booleans as float64, NaN where missing."""
        if not self.missing.any():
            return self.values.astype(np.float64)
        numbers = np.full(len(self), np.nan)
        numbers[~self.missing] = self.observed.astype(np.float64)
        return numbers

    def factorize(self) -> tuple[np.ndarray, list[Any]]:
        """Give each distinct value a code.

        Returns
        -------
        codes : int64 ndarray of shape (n_rows,)
            Position of each cell in `levels`, -1 where it is missing.
        levels : list
            The distinct values in the order of their first appearance, or as
            declared.
        """
        return self._factorized

    @cached_property
    def _factorized(self) -> tuple[np.ndarray, list[Any]]:
        if self.codes is not None and self.levels is not None:
            codes = self.codes.astype(np.int64)
            codes[self.missing] = -1
            return codes, list(self.levels)
        codes = np.full(len(self), -1, dtype=np.int64)
        rows = np.flatnonzero(~self.missing)
        cells = self.values[rows].tolist()
        try:
            levels = list(dict.fromkeys(cells))
        except TypeError as error:
            culprit = next(cell for cell in cells if not _hashable(cell))
            raise TypeError(
                f"Column {self.name!r} holds {culprit!r}, a {type(culprit).__name__}; "
                "the argument must be a string or a number. Drop the column or turn "
                "its cells into strings or numbers."
            ) from error
        code_of = dict(zip(levels, range(len(levels)), strict=True))
        codes[rows] = np.fromiter(map(code_of.__getitem__, cells), np.int64, len(cells))
        return codes, levels


def _hashable(cell: Any) -> bool:
    try:
        hash(cell)
    except TypeError:
        return False
    return True


def is_missing(cell: Any) -> bool:
    """Tell whether one Python object stands for a missing cell."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, float | np.floating) and bool(cell != cell)


def is_frame(data: Any) -> bool:
    """Tell whether `data` is a data frame; cheaper than `as_frame`."""
    return bool(nw.dependencies.is_into_dataframe(data))


def refuse_double_names(data: Any) -> None:
    """Raise where a name stands over two columns of a data frame."""
    native: Any = getattr(data, "columns", None)
    if native is not None and not _all_distinct(native):
        twice = next(name for name in native if list(native).count(name) > 1)
        raise ValueError(
            f"Column name {twice!r} stands more than once in the data frame. "
            "Rename the columns so that each has a name of its own."
        )


def as_frame(data: Any) -> nw.DataFrame[Any] | None:
    """View `data` as a narwhals frame, or return None if it is no data frame."""
    if isinstance(data, np.ndarray | list | tuple):
        return None
    refuse_double_names(data)
    frame = nw.from_native(data, eager_only=True, pass_through=True)
    return frame if isinstance(frame, nw.DataFrame) else None


def _all_distinct(names: Any) -> bool:
    try:
        names = list(names)
        return len(set(names)) == len(names)
    except TypeError:
        return True


def as_series(data: Any) -> nw.Series[Any] | None:
    """View `data` as a narwhals series, or return None if it is no series."""
    if isinstance(data, np.ndarray | list | tuple):
        return None
    series = nw.from_native(data, series_only=True, pass_through=True)
    return series if isinstance(series, nw.Series) else None


def read_columns(data: Any) -> Iterator[Column]:
    """Read a data frame, a series or an array column by column.

    Parameters
    ----------
    data : data frame, series or ndarray of shape (n_rows,) or (n_rows, n_columns)
        An array of objects has each of its columns judged by what it holds.

    Yields
    ------
    Column
    """
    frame, series = as_frame(data), as_series(data)
    if frame is not None:
        yield from map(column_from_series, frame.iter_columns())
    elif series is not None:
        yield column_from_series(series)
    else:
        for position, values in enumerate(np.atleast_2d(data.T)):
            yield column_from_array(position, values)


def column_from_array(name: Hashable, values: np.ndarray) -> Column:
    """Read a 1-D array; objects that are all numbers count as numbers."""
    if values.dtype.kind == "O":
        missing = np.fromiter(map(is_missing, values), dtype=bool, count=len(values))
        return _column_from_objects(name, values, missing)
    if values.dtype.kind == "f":
        return Column(name, values, np.isnan(values), "number")
    none_missing = np.zeros(len(values), dtype=bool)
    if values.dtype.kind in "iu":
        return Column(name, values, none_missing, "number")
    if values.dtype.kind == "b":
        return Column(name, values, none_missing, "boolean")
    if values.dtype.kind in "US":
        return Column(name, values, none_missing, "category")
    raise TypeError(_unreadable(name, values.dtype))


def _column_from_objects(
    name: Hashable, values: np.ndarray, missing: np.ndarray
) -> Column:
    cells = values[~missing]
    if len(cells) and isinstance(cells[0], date | time | timedelta):
        raise TypeError(_unreadable(name, type(cells[0]).__name__))
    if len(cells) and all(isinstance(cell, bool | np.bool_) for cell in cells):
        return Column(name, values, missing, "boolean")
    if all(isinstance(cell, _NUMBER) for cell in cells):
        return Column(name, _from_numbers(cells, missing), missing, "number")
    return Column(name, values, missing, "category")


_NUMBER = (int, float, Decimal, np.integer, np.floating)


def _from_numbers(cells: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Fill numbers in where they are not missing; integers stay what they are."""
    whole = bool(len(cells)) and all(isinstance(c, int | np.integer) for c in cells)
    with suppress(OverflowError):  # beyond 64 bits only floats are left
        if whole:
            numbers = np.zeros(len(missing), dtype=np.int64)
            numbers[~missing] = cells.astype(np.int64)
            return numbers
    numbers = np.full(len(missing), np.nan)
    numbers[~missing] = cells.astype(np.float64)
    return numbers


def content_of_series(series: nw.Series[Any]) -> Content:
    """Tell what a column of a data frame holds, reading its cells only if needed."""
    if series.dtype in (nw.Categorical, nw.Enum, nw.String):
        return "category"
    return "number" if series.dtype.is_numeric() else column_from_series(series).content


def column_from_series(series: nw.Series[Any]) -> Column:
    """Read one column of a data frame by its declared type."""
    dtype, name = series.dtype, series.name
    if dtype in (nw.Categorical, nw.Enum):
        return _column_of_categories(series)
    missing = series.is_null().to_numpy().astype(bool)
    if dtype == nw.Unknown and missing.all():
        return Column(name, np.full(len(missing), np.nan), missing, "number")
    if dtype.is_numeric():
        values = _numbers(series, missing)
        if values.dtype.kind == "f":
            missing = missing | np.isnan(values)
        return Column(name, values, missing, "number")
    if dtype == nw.Boolean:
        values = series.to_numpy()
        if missing.any():
            values = values.astype(object)
            values[missing] = None
        return Column(name, values, missing, "boolean")
    if dtype == nw.String:
        values = series.to_numpy().astype(object)
        return Column(name, values, missing, "category")
    if dtype == nw.Object:
        values = series.to_numpy().astype(object)
        missing = missing | np.fromiter(map(is_missing, values), bool, len(values))
        return _column_from_objects(name, values, missing)
    raise TypeError(_unreadable(name, dtype))


def _numbers(series: nw.Series[Any], missing: np.ndarray) -> np.ndarray:
    """Cells of a numeric column; a missing integer holds 0."""
    if not missing.any():
        values = series.to_numpy()
        return values if values.dtype.kind in "fiu" else values.astype(np.float64)
    known = series.drop_nulls().to_numpy()
    known = known if known.dtype.kind in "fiu" else known.astype(np.float64)
    filler = np.nan if known.dtype.kind == "f" else 0
    values = np.full(len(missing), filler, dtype=known.dtype)
    values[~missing] = known
    return values


def _column_of_categories(series: nw.Series[Any]) -> Column:
    """Read categories; pandas numbers them, others are told apart by their cells."""
    native = series.to_native()
    if nw.dependencies.is_pandas_series(native):
        levels = np.asarray(native.cat.categories, dtype=object)
        codes = native.cat.codes.to_numpy()
        ordered = bool(native.cat.ordered)
    else:
        values = np.array(series.to_list(), dtype=object)
        if not isinstance(series.dtype, nw.Enum):
            missing = np.fromiter(map(is_missing, values), bool, len(values))
            return Column(series.name, values, missing, "category")
        levels = np.array(series.dtype.categories, dtype=object)
        index = {level: code for code, level in enumerate(levels)}
        codes, ordered = np.array([index.get(cell, -1) for cell in values]), True
    or_none = np.array([*levels, None], dtype=object)
    values = or_none[codes]  # -1, a missing cell, reads None
    return Column(series.name, values, codes < 0, "category", levels, codes, ordered)


def _unreadable(name: Hashable, dtype: Any) -> str:
    return (
        f"Column {name!r} has the type {dtype}, which is neither number, boolean, "
        "string nor category. Drop it or turn it into one of these, for instance a "
        "date into the number of days since a fixed one."
    )
