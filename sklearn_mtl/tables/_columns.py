"""One column of a table: its name, values, missing cells and what it holds."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from numbers import Real
from typing import Any, Literal

import narwhals as nw
import numpy as np

Content = Literal["number", "boolean", "category", "date"]


@dataclass(frozen=True)
class Column:
    """A column that any container of a table was read into.

    Parameters
    ----------
    name : hashable
        The data frame's name of the column, or its position in an array.
    values : ndarray of shape (n_rows,)
        Numbers as floats or integers, dates as datetime64[us], everything else as it
        came; a missing integer holds 0.
    missing : bool ndarray of shape (n_rows,)
        True where the cell is NaN, None, ``pandas.NA`` or null.
    content : {"number", "boolean", "category", "date"}
        What the cells mean, judged by their type alone.
    levels : ndarray or None
        The declared categories of a column that declares them.
    codes : int ndarray of shape (n_rows,) or None
        Position of each cell in `levels`, -1 where it is missing.
    ordered : bool
        Whether the declared categories stand in an order.
    zone : str or None
        Time zone that dates are told in, where they name one.
    """

    name: Hashable
    values: np.ndarray
    missing: np.ndarray
    content: Content
    levels: np.ndarray | None = None
    codes: np.ndarray | None = None
    ordered: bool = False
    zone: str | None = None

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
    if isinstance(cell, Decimal):
        return cell.is_nan()
    if isinstance(cell, np.datetime64 | np.timedelta64):
        return bool(np.isnat(cell))
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


def column_from_array(name: Hashable, values: np.ndarray) -> Column:
    """Read a 1-D array; objects that are all numbers count as numbers."""
    if values.dtype.kind == "O":
        missing = np.fromiter(map(is_missing, values), dtype=bool, count=len(values))
        return column_from_objects(name, values, missing)
    if values.dtype.kind == "f":
        return Column(name, values, np.isnan(values), "number")
    none_missing = np.zeros(len(values), dtype=bool)
    if values.dtype.kind in "iu":
        return Column(name, values, none_missing, "number")
    if values.dtype.kind == "b":
        return Column(name, values, none_missing, "boolean")
    if values.dtype.kind in "US":
        return Column(name, values, none_missing, "category")
    if values.dtype.kind == "M":
        return column_of_dates(name, values)
    raise TypeError(unreadable(name, values.dtype))


def column_of_dates(
    name: Hashable, values: np.ndarray, zone: str | None = None
) -> Column:
    """Make a column of dates, as clocks in their time zone show them."""
    values = values.astype("datetime64[us]")
    return Column(name, values, np.isnat(values), "date", zone=zone)


def column_from_objects(
    name: Hashable, values: np.ndarray, missing: np.ndarray
) -> Column:
    """Read Python objects by what all of them are."""
    cells = values[~missing]
    if len(cells) and all(isinstance(cell, date | np.datetime64) for cell in cells):
        return _column_of_date_objects(name, cells, missing)
    for cell in cells:
        if isinstance(cell, date | time | timedelta | np.datetime64 | np.timedelta64):
            raise TypeError(unreadable(name, type(cell).__name__))
    if len(cells) and all(isinstance(cell, bool | np.bool_) for cell in cells):
        return Column(name, values, missing, "boolean")
    if all(isinstance(cell, _NUMBER) for cell in cells):
        return Column(name, _from_numbers(cells, missing), missing, "number")
    return Column(name, values, missing, "category")


_NUMBER = (Real, Decimal, np.integer, np.floating)


def _from_numbers(cells: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Fill numbers in where they are not missing; integers stay what they are."""
    if not len(cells) or not all(isinstance(c, int | np.integer) for c in cells):
        numbers = np.full(len(missing), np.nan)
        numbers[~missing] = cells.astype(np.float64)
        return numbers
    for dtype in (np.int64, np.uint64):
        with suppress(OverflowError):
            numbers = np.zeros(len(missing), dtype=dtype)
            numbers[~missing] = cells.astype(dtype)
            return numbers
    numbers = np.zeros(len(missing), dtype=object)
    numbers[~missing] = cells
    return numbers


def _column_of_date_objects(
    name: Hashable, cells: np.ndarray, missing: np.ndarray
) -> Column:
    """Read Python's dates; those of several time zones are all told in UTC."""
    zones = {str(c.tzinfo) if isinstance(c, datetime) else "None" for c in cells}
    if len(zones) > 1:
        if any(getattr(cell, "tzinfo", None) is None for cell in cells):
            raise ValueError(
                f"Column {name!r} holds dates with a time zone beside dates without "
                "one. Give all of them the same zone, or none."
            )
        cells = np.array([cell.astimezone(UTC) for cell in cells], object)
    clocks = [
        cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell
        for cell in cells
    ]
    values = np.full(len(missing), np.datetime64("NaT"), dtype="datetime64[us]")
    values[~missing] = np.array(clocks, dtype="datetime64[us]")
    zone = zones.pop() if len(zones) == 1 else "UTC"
    return column_of_dates(name, values, None if zone == "None" else zone)


def unreadable(name: Hashable, dtype: Any) -> str:
    """Say that a column has a type that is not read, and what to do."""
    return (
        f"Column {name!r} has the type {dtype}, which is not read here: pass numbers, "
        f"booleans, strings or categories. Drop it or turn it into one of these: "
        f"{_remedy(str(dtype))}."
    )


def _remedy(dtype: str) -> str:
    kind = dtype.lower()
    if kind.startswith(("timedelta", "duration")):
        return "a duration with .dt.total_seconds(), for instance"
    if kind.startswith(("datetime", "date", "period")):
        return "a date into the number of days since a fixed one, for instance"
    if kind.startswith("interval"):
        return "an interval with .astype('category'), or take its middle"
    return "for instance with .astype(str) or .astype(float)"
