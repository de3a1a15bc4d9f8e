"""Columns of data frames, by the type that they declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from sklearn_mtl.tables._arrow import arrow_dictionary
from sklearn_mtl.tables._columns import (
    Column,
    Content,
    as_frame,
    as_series,
    column_from_array,
    column_from_objects,
    column_of_dates,
    is_missing,
    unreadable,
)


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


def content_of_series(series: nw.Series[Any]) -> Content:
    """Tell what a column of a data frame holds, reading its cells only if needed."""
    if series.dtype in (nw.Categorical, nw.Enum, nw.String):
        return "category"
    if series.dtype in (nw.Date, nw.Datetime):
        return "date"
    return "number" if series.dtype.is_numeric() else column_from_series(series).content


def column_from_series(series: nw.Series[Any]) -> Column:
    """Read one column of a data frame by its declared type."""
    series = _plain(series)
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
        return column_from_objects(name, values, missing)
    if dtype in (nw.Date, nw.Datetime):
        zone = getattr(dtype, "time_zone", None)
        clocks = series if zone is None else series.dt.replace_time_zone(None)
        return column_of_dates(name, clocks.cast(nw.Datetime("us")).to_numpy(), zone)
    if dtype == nw.Unknown:
        raise TypeError(unreadable(name, getattr(series.to_native(), "dtype", dtype)))
    raise TypeError(unreadable(name, dtype))


def _plain(series: nw.Series[Any]) -> nw.Series[Any]:
    """Turn what only pandas has, sparse columns and periods, into what others have."""
    native: Any = series.to_native()
    if series.dtype != nw.Unknown or not nw.dependencies.is_pandas_series(native):
        return series
    if str(native.dtype).startswith("Sparse["):
        native = native.sparse.to_dense()  # type: ignore[attr-defined]
    elif str(native.dtype).startswith("period["):
        native = native.dt.to_timestamp()
    else:
        return series
    return nw.from_native(native, series_only=True)


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
    """Read categories: levels as declared, or those that occur where none are."""
    levels, codes, ordered = _levels_and_codes(series)
    or_none = np.empty(len(levels) + 1, dtype=object)
    or_none[:-1] = levels
    values = or_none[codes]  # -1, a missing cell, reads None
    known = or_none[:-1]
    return Column(series.name, values, codes < 0, "category", known, codes, ordered)


def _levels_and_codes(series: nw.Series[Any]) -> tuple[list[Any], np.ndarray, bool]:
    native = series.to_native()
    arrow = arrow_dictionary(native)
    if arrow is not None:
        return arrow.levels, arrow.codes, arrow.ordered
    if nw.dependencies.is_pandas_series(native):
        categories, codes = list(native.cat.categories), native.cat.codes.to_numpy()
        return categories, codes, bool(native.cat.ordered)
    cells, dtype = series.to_list(), series.dtype
    declared = isinstance(dtype, nw.Enum)
    levels = list(dtype.categories if declared else dict.fromkeys(cells))  # type: ignore[attr-defined]
    levels = [level for level in levels if not is_missing(level)]
    index = {level: code for code, level in enumerate(levels)}
    return levels, np.array([index.get(cell, -1) for cell in cells], int), declared
