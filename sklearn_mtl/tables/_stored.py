"""Frames, their indexes and types as plain values, to be stored without a pickle."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np

MOST_OF_RANGE = 10_000_000
"""Numbers of a range that may be unrolled, as pandas does with a level of an index."""


class Plain(NamedTuple):
    """What stands for a value of another library.

    Attributes
    ----------
    tag : str
        Says how it is read; see `value_of`.
    parts : object
        Arrays, strings, lists and other values that may be such themselves.
    """

    tag: str
    parts: Any


def plain_of(value: Any) -> Plain | None:
    """Take a frame, series, index, type or cell apart; None for any other value.

    Raises
    ------
    TypeError
        It is one of these, but of a type that is not stored.
    """
    library = type(value).__module__.partition(".")[0]
    if library in _PLAIN_OF and library in sys.modules:
        return _PLAIN_OF[library](value)
    return None


def value_of(tag: str, parts: Any) -> Any:
    """Put together what `plain_of` took apart."""
    return _VALUE_OF[tag](parts)


# -- pandas --------------------------------------------------------------------


def _plain_of_pandas(value: Any) -> Plain | None:
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        cells = [_cells_of(value.iloc[:, j].array) for j in range(value.shape[1])]
        parts = [value.columns, value.index, list(value.dtypes), cells]
        return Plain("pandas frame", parts)
    if isinstance(value, pd.Series):
        parts = [value.name, value.index, value.dtype, _cells_of(value.array)]
        return Plain("pandas series", parts)
    if isinstance(value, pd.Index):
        return _plain_of_index(value)
    if isinstance(value, pd.api.extensions.ExtensionDtype):
        return _plain_of_dtype(value)
    if value is pd.NaT or value is pd.NA:
        return Plain("pandas missing", "NaT" if value is pd.NaT else "NA")
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        zone = getattr(value, "tz", None)
        number = int(value.asm8.astype(np.int64))
        parts = [type(value).__name__, number, value.unit, zone and str(zone)]
        return Plain("pandas moment", parts)
    if isinstance(value, pd.Interval):
        return Plain("pandas interval", [value.left, value.right, value.closed])
    if isinstance(value, pd.Period):
        return Plain("pandas period", [value.ordinal, value.freqstr])
    return None


def _plain_of_index(index: Any) -> Plain:
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        bounds = [index.start, index.stop, index.step]
        return Plain("pandas range", [*bounds, index.name])
    if isinstance(index, pd.MultiIndex):
        codes = [np.asarray(of_level) for of_level in index.codes]
        return Plain("pandas levels", [list(index.levels), codes, list(index.names)])
    frequency = getattr(index, "freqstr", None) if index.dtype.kind in "mM" else None
    cells = _cells_of(index.array)
    return Plain("pandas index", [index.name, index.dtype, cells, frequency])


def _plain_of_dtype(dtype: Any) -> Plain:
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        return Plain("pandas category", [dtype.categories, bool(dtype.ordered)])
    if isinstance(dtype, pd.StringDtype):
        is_nan = isinstance(dtype.na_value, float)
        return Plain("pandas string", [dtype.storage, is_nan])
    if isinstance(dtype, pd.DatetimeTZDtype):
        return Plain("pandas zone", [dtype.unit, str(dtype.tz)])
    if isinstance(dtype, pd.ArrowDtype):
        return Plain("pandas arrow", dtype.pyarrow_dtype)
    try:
        if pd.api.types.pandas_dtype(str(dtype)) == dtype:
            return Plain("pandas type", str(dtype))
    except TypeError:
        pass
    raise TypeError(f"a column of type {dtype} cannot be stored")


def _cells_of(array: Any) -> Any:
    import pandas as pd

    if isinstance(array.dtype, np.dtype):
        return np.asarray(array)
    if isinstance(array.dtype, pd.CategoricalDtype):
        return np.asarray(array.codes)
    if isinstance(array.dtype, pd.DatetimeTZDtype):
        return np.asarray(array.tz_convert("UTC").tz_localize(None))
    cells = np.empty(len(array), dtype=object)
    cells[:] = [None if pd.isna(cell) else cell for cell in array]
    return cells


def _array_of(cells: Any, dtype: Any) -> Any:
    import pandas as pd

    if not isinstance(cells, np.ndarray):  # a scalar would be spread over any index
        raise TypeError("a column holds no array of cells")
    if isinstance(dtype, np.dtype):
        return cells
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Categorical.from_codes(cells, dtype=dtype)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return pd.DatetimeIndex(cells).tz_localize("UTC").tz_convert(dtype.tz).array
    return pd.array(cells.tolist(), dtype=dtype)


def _frame(parts: Any) -> Any:
    import pandas as pd

    header, index, dtypes, columns = parts
    found = {
        position: pd.Series(_array_of(cells, dtype), index, dtype)
        for position, (cells, dtype) in enumerate(zip(columns, dtypes, strict=True))
    }
    frame = pd.DataFrame(found, index)
    frame.columns = header
    return frame


def _series(parts: Any) -> Any:
    import pandas as pd

    name, index, dtype, cells = parts
    return pd.Series(_array_of(cells, dtype), index, dtype, name)


def _index(parts: Any) -> Any:
    import pandas as pd

    name, dtype, cells, frequency = parts
    index: Any = pd.Index(_array_of(cells, dtype), dtype=dtype, name=name)
    if frequency is not None:
        index.freq = frequency
    return index


def _range(parts: Any) -> Any:
    import pandas as pd

    start, stop, step, name = parts
    return pd.RangeIndex(start, stop, step, name=name)


def _levels(parts: Any) -> Any:
    import pandas as pd

    levels, codes, names = parts
    if any(len(level) > MOST_OF_RANGE for level in levels if _is_range(level)):
        raise TypeError("a level of an index is a range without end")
    return pd.MultiIndex(levels, codes, names=names)


def _is_range(index: Any) -> bool:
    import pandas as pd

    return isinstance(index, pd.RangeIndex)


def _type(name: Any) -> Any:
    import pandas as pd

    return pd.api.types.pandas_dtype(name)


def _category(parts: Any) -> Any:
    import pandas as pd

    return pd.CategoricalDtype(*parts)


def _string(parts: Any) -> Any:
    import pandas as pd

    storage, is_nan = parts
    try:
        return pd.StringDtype(storage, na_value=np.nan if is_nan else pd.NA)
    except TypeError:  # pandas 2.2 says it in one word
        return pd.StringDtype(f"{storage}_numpy" if is_nan else storage)


def _zone(parts: Any) -> Any:
    import pandas as pd

    return pd.DatetimeTZDtype(*parts)


def _pandas_arrow(arrow_type: Any) -> Any:
    import pandas as pd

    return pd.ArrowDtype(arrow_type)


def _moment(parts: Any) -> Any:
    import pandas as pd

    kind, number, unit, zone = parts
    if kind == "Timedelta":
        return pd.Timedelta(np.timedelta64(number, unit)).as_unit(unit)
    moment = pd.Timestamp(np.datetime64(number, unit)).as_unit(unit)
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zone)


def _interval(parts: Any) -> Any:
    import pandas as pd

    return pd.Interval(*parts)


def _period(parts: Any) -> Any:
    import pandas as pd

    ordinal, frequency = parts
    return pd.Period(ordinal=ordinal, freq=frequency)


def _missing(name: Any) -> Any:
    import pandas as pd

    return {"NaT": pd.NaT, "NA": pd.NA}[name]


# -- narwhals, polars and pyarrow ----------------------------------------------

PARAMETERS = {
    "Datetime": ("time_unit", "time_zone"),
    "Duration": ("time_unit",),
    "Enum": ("categories",),
}
"""Attributes that make a type of narwhals, where its name alone does not."""
NESTED = {"Array", "List", "Struct"}


def _plain_of_narwhals(value: Any) -> Plain | None:
    if isinstance(value, nw.Implementation):
        return Plain("narwhals backend", value.value)
    is_class = isinstance(value, type)
    if isinstance(value, nw.dtypes.DType) or (
        is_class and issubclass(value, nw.dtypes.DType)
    ):
        name = value.__name__ if is_class else type(value).__name__
        if name in NESTED:
            raise TypeError(f"a column of type {value} cannot be stored")
        parts = [getattr(value, part) for part in PARAMETERS.get(name, ())]
        parts = [list(p) if isinstance(p, tuple) else p for p in parts]
        return Plain("narwhals type", [name, parts])
    return None


def _narwhals_type(parts: Any) -> Any:
    name, arguments = parts
    kind = getattr(nw, name)
    if not issubclass(kind, nw.dtypes.DType) or name in NESTED:
        raise TypeError(f"{name} is no type of a column")
    return kind(*arguments)


def _plain_of_polars(value: Any) -> Plain | None:
    import polars as pl

    if not isinstance(value, pl.DataFrame):
        return None
    frame = nw.from_native(value, eager_only=True)
    columns = [[s.name, s.dtype, s.to_list()] for s in frame.iter_columns()]
    return Plain("narwhals frame", [frame.implementation, columns])


def _narwhals_frame(parts: Any) -> Any:
    backend, columns = parts
    if not all(isinstance(cells, list) for _, _, cells in columns):
        raise TypeError("a column holds no list of cells")
    series = [nw.new_series(n, c, dtype, backend=backend) for n, dtype, c in columns]
    frames = [one.to_frame() for one in series]
    return nw.concat(frames, how="horizontal").to_native()


def _plain_of_arrow(value: Any) -> Plain | None:
    import pyarrow as pa

    if isinstance(value, pa.Table):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, value.schema) as stream:
            stream.write_table(value)
        return Plain("arrow table", sink.getvalue().to_pybytes())
    if isinstance(value, pa.DataType):
        schema = pa.schema([pa.field("", value)])
        return Plain("arrow type", schema.serialize().to_pybytes())
    return None


def _arrow_type(stored: Any) -> Any:
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(stored)).field(0).type


def _arrow_table(stored: Any) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(stored)) as stream:
        table = stream.read_all()
    table.validate(full=True)  # offsets that point out of it would be followed
    return table


_PLAIN_OF: dict[str, Callable[[Any], Plain | None]] = {
    "pandas": _plain_of_pandas,
    "narwhals": _plain_of_narwhals,
    "polars": _plain_of_polars,
    "pyarrow": _plain_of_arrow,
}

_VALUE_OF: dict[str, Callable[[Any], Any]] = {
    "pandas frame": _frame,
    "pandas series": _series,
    "pandas index": _index,
    "pandas range": _range,
    "pandas levels": _levels,
    "pandas type": _type,
    "pandas category": _category,
    "pandas string": _string,
    "pandas zone": _zone,
    "pandas arrow": _pandas_arrow,
    "pandas moment": _moment,
    "pandas interval": _interval,
    "pandas period": _period,
    "pandas missing": _missing,
    "narwhals type": _narwhals_type,
    "narwhals backend": nw.Implementation,
    "narwhals frame": _narwhals_frame,
    "arrow type": _arrow_type,
    "arrow table": _arrow_table,
}

PLAIN_TAGS = frozenset(_VALUE_OF)
