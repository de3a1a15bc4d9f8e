"""y to columns of labels, and predictions back into the container of y."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from typing import Any

import narwhals as nw
import numpy as np

from sklearn_mtl.tables._arrow import (
    arrow_array,
    arrow_dictionary,
)
from sklearn_mtl.tables._bounds import with_intervals_as_objects
from sklearn_mtl.tables._columns import Column, as_frame, as_series, unreadable
from sklearn_mtl.tables._series import read_columns

_DAYS = " In pandas: (y['day'] - y['day'].min()).dt.days."


class TargetTable:
    """Columns of y, and the container that they came in.

    Parameters
    ----------
    y : array of shape (n_rows,) or (n_rows, n_tasks), list, series or data frame

    Attributes
    ----------
    columns : list of Column
        One column a task.
    container : Container
        Puts predictions back into the kind of container that `y` was.
    """

    def __init__(self, y: Any) -> None:
        frame, series = as_frame(y), as_series(y)
        if frame is None and series is None:
            y = as_label_array(y)
        refuse_tags(y, frame, series)
        cells = with_intervals_as_objects(y)
        self.columns: list[Column] = list(read_columns(cells))
        if not self.columns:
            raise ValueError("y has no column. Pass at least one column of labels.")
        for column in self.columns:
            if column.content == "date":
                raise TypeError(unreadable(column.name, "datetime") + _DAYS)
        self.container = container_of(y, frame)

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns: a frame's own, or positions."""
        return [column.name for column in self.columns]

    def select(self, positions: Sequence[int]) -> TargetTable:
        """Take some of the columns."""
        chosen = self.holding([self.columns[p] for p in positions])
        chosen.container = self.container.select(positions)
        return chosen

    def holding(self, columns: list[Column]) -> TargetTable:
        """Give a copy with other columns, whose container is still this one's."""
        held = copy(self)
        held.columns = columns
        return held


SEVERAL = (list, tuple, set, frozenset, dict, np.ndarray)


def refuse_tags(y: Any, frame: Any, series: Any) -> None:
    """Raise where cells of y hold several labels each."""
    for name, cells in _cells_of_objects(y, frame, series):
        for cell in cells:
            if isinstance(cell, SEVERAL):
                raise ValueError(_TAGS.format(name=name, cell=cell))


def _cells_of_objects(
    y: Any, frame: Any, series: Any
) -> Iterator[tuple[Hashable, Iterable[Any]]]:
    """Columns whose cells may be anything, by name."""
    if frame is None and series is None:
        if y.dtype.kind == "O":
            yield from enumerate(np.atleast_2d(y.T))
        return
    for one in frame.iter_columns() if series is None else [series]:
        if one.dtype in (nw.List, nw.Array):
            yield one.name, [one.to_list()]
        elif one.dtype == nw.Object:
            yield one.name, one.to_numpy()


_TAGS = (
    "Column {name!r} of y holds {cell!r}: several labels in one cell. Give each label "
    "a column of its own, as sklearn.preprocessing.MultiLabelBinarizer() does in "
    "fit_transform(y)."
)


def check_same_columns(
    table: TargetTable,
    names: Sequence[Hashable],
    *,
    name: str,
    source: str = "fit saw",
    by_name: bool = True,
) -> None:
    """Check that a table has the columns of an earlier one.

    Parameters
    ----------
    table : TargetTable
    names : sequence
        Columns of the earlier table.
    name : str
        What the user calls `table`.
    source : str
        Where the earlier table was, with its verb: "fit saw", "y_true has".
    by_name : bool
        Whether names are compared, where `table` is a frame.

    Raises
    ------
    ValueError
        The number of columns is another, or a name.
    """
    names = list(names)
    if len(table.columns) != len(names):
        raise ValueError(
            f"{name} has {len(table.columns)} columns, but {source} {len(names)}: "
            f"{names}. Pass the same columns."
        )
    if by_name and table.container.is_frame and table.names != names:
        theirs, ours = next(
            pair for pair in zip(table.names, names, strict=True) if pair[0] != pair[1]
        )
        raise ValueError(
            f"The columns of {name} should be the same: {theirs!r} stands where "
            f"{source} {ours!r}. Reorder or rename them to {names}."
        )


Keep = bool | Sequence[bool]
"""Whether columns hold labels: all or none, or one entry a column."""


def _is_label(labels: Keep, position: int) -> bool:
    return labels if isinstance(labels, bool) else labels[position]


class ArrayContainer:
    """An array of one or two axes, or a series."""

    is_frame = False

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim

    def select(self, positions: Sequence[int]) -> ArrayContainer:
        """Hold some of the columns."""
        return self

    def rebuild(
        self, columns: Sequence[np.ndarray], index: Any, labels: Keep = True
    ) -> Any:
        """Return shape (n_rows,) or (n_rows, n_tasks), as y had."""
        return columns[0] if self.ndim == 1 else stack_columns(columns)


class PandasContainer:
    """A pandas frame: header and types of the columns come back."""

    is_frame = True
    ndim = 2

    def __init__(self, y: Any) -> None:
        self.header = y.columns
        self.dtypes = list(y.dtypes)
        self.dictionaries = [
            found.levels if found is not None and found.ordered else None
            for found in (arrow_dictionary(y.iloc[:, j]) for j in range(y.shape[1]))
        ]

    def select(self, positions: Sequence[int]) -> PandasContainer:
        """Hold some of the columns."""
        chosen = copy(self)
        chosen.header = self.header[list(positions)]
        chosen.dtypes = [self.dtypes[p] for p in positions]
        chosen.dictionaries = [self.dictionaries[p] for p in positions]
        return chosen

    def rebuild(
        self, columns: Sequence[np.ndarray], index: Any, labels: Keep = True
    ) -> Any:
        """Return a frame with the columns of y.

        Columns that `labels` says hold labels get the type that they had in y, and so
        do those that were floats; the others are floats.
        """
        import pandas as pd

        data = {}
        for position, (dtype, column) in enumerate(
            zip(self.dtypes, columns, strict=True)
        ):
            series = pd.Series(column, index)
            levels = self.dictionaries[position]
            if levels is not None and _is_label(labels, position):
                arrow = arrow_array(column.tolist(), dtype.pyarrow_dtype, levels)
                series = pd.Series(pd.arrays.ArrowExtensionArray(arrow), index)
            is_float = getattr(dtype, "kind", "O") == "f"
            if isinstance(dtype, pd.DatetimeTZDtype) and series.dtype.kind == "M":
                series = series.dt.tz_localize("UTC").dt.tz_convert(dtype.tz)
            if is_float or _is_label(labels, position):
                with suppress(TypeError, ValueError):  # a type without missing cells
                    series = series.astype(dtype)
            data[position] = series
        frame = pd.DataFrame(data, index)
        frame.columns = self.header
        return frame


class FrameContainer:
    """A frame of any other library that narwhals knows."""

    is_frame = True
    ndim = 2

    def __init__(self, frame: nw.DataFrame[Any]) -> None:
        self.backend = frame.implementation
        self.schema = dict(frame.schema)
        self.arrow_types = {
            series.name: series.to_native().type
            for series in frame.iter_columns()
            if self.backend.is_pyarrow()
        }
        self.dictionaries = {
            series.name: (series.to_native().type, found.levels)
            for series in frame.iter_columns()
            if (found := arrow_dictionary(series.to_native())) is not None
        }

    def select(self, positions: Sequence[int]) -> FrameContainer:
        """Hold some of the columns."""
        chosen, names = copy(self), list(self.schema)
        chosen.schema = {names[p]: self.schema[names[p]] for p in positions}
        return chosen

    def rebuild(
        self, columns: Sequence[np.ndarray], index: Any, labels: Keep = True
    ) -> Any:
        """Return a frame with the columns of y.

        Columns that `labels` says hold labels get the type that they had in y, and so
        do those that were floats; the others are floats.
        """
        series = [
            self._series(name, dtype, column, _is_label(labels, position))
            for position, ((name, dtype), column) in enumerate(
                zip(self.schema.items(), columns, strict=True)
            )
        ]
        frames = [one.to_frame() for one in series]
        return nw.concat(frames, how="horizontal").to_native()

    def _series(
        self, name: str, dtype: Any, column: np.ndarray, is_label: bool
    ) -> nw.Series[Any]:
        cells = column.tolist()
        if dtype == nw.Unknown or not (is_label or dtype.is_float()):
            return nw.new_series(name, cells, backend=self.backend)
        if name in self.dictionaries:
            arrow = arrow_array(cells, *self.dictionaries[name])
            frame = nw.from_dict({name: [None]}, backend=self.backend).to_native()
            table = frame.from_arrays([arrow], names=[name])
            return nw.from_native(table, eager_only=True).get_column(name)
        if dtype.is_integer():
            cells = [None if cell != cell else int(cell) for cell in cells]
            return nw.new_series(name, cells, dtype, backend=self.backend)
        if dtype.is_numeric():
            cells = [None if cell != cell else cell for cell in cells]
            series = nw.new_series(name, cells, nw.Float64, backend=self.backend)
            return series.cast(dtype)
        if dtype == nw.Object:
            return nw.new_series(name, cells, dtype, backend=self.backend)
        return self._with_native_type(
            nw.new_series(name, cells, backend=self.backend).cast(dtype)
        )

    def _with_native_type(self, series: nw.Series[Any]) -> nw.Series[Any]:
        """Give back what narwhals reads alike, as Arrow's large and usual strings."""
        if series.name not in self.arrow_types:
            return series
        column = series.to_native().cast(self.arrow_types[series.name])
        return nw.from_native(column, series_only=True).alias(series.name)


Container = ArrayContainer | PandasContainer | FrameContainer


def rebuild_beside(
    container: Container, columns: Sequence[np.ndarray], rows: Any, labels: Keep
) -> Any:
    """Put columns (n,) into a container, with the index of what they stand beside.

    A pandas frame is aligned by its index: where `rows` has none, any would be made
    up, and an array comes back, which goes by position.
    """
    index = rows.index if nw.dependencies.is_pandas_dataframe(rows) else None
    if isinstance(container, PandasContainer) and index is None:
        container = ArrayContainer(container.ndim)
    return container.rebuild(columns, index, labels)


def container_of(y: Any, frame: nw.DataFrame[Any] | None) -> Container:
    """Remember how y was passed, so that predictions can be returned alike."""
    if frame is None:
        return ArrayContainer(np.ndim(y))
    pandas = frame.implementation.is_pandas()
    return PandasContainer(y) if pandas else FrameContainer(frame)


def numbers_beside(values: np.ndarray, names: Sequence[Any], rows: Any) -> Any:
    """Put values (n, m) into a pandas frame beside a pandas frame or series."""
    native: Any = rows
    is_frame = nw.dependencies.is_pandas_dataframe(native)
    if not is_frame and not nw.dependencies.is_pandas_series(native):
        return values
    import pandas as pd

    return pd.DataFrame(values, native.index, columns=list(names))


def stack_columns(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Stack columns side by side; columns of different kinds become objects.

    So do integers that would lose digits as floats beside another column.
    """
    kinds = {column.dtype.kind for column in columns}
    loses = np.result_type(*columns).kind == "f" if kinds <= set("fiu") else False
    if loses and any(map(_has_more_digits_than_floats, columns)):
        kinds = {"O"}
    elif kinds <= set("fiu") or len(kinds) == 1:
        return np.column_stack(columns)
    stacked = np.empty((len(columns[0]), len(columns)), dtype=object)
    for j, column in enumerate(columns):
        stacked[:, j] = column
    return stacked


def _has_more_digits_than_floats(column: np.ndarray) -> bool:
    if column.dtype.kind not in "iu" or not len(column):
        return False
    return int(column.max()) > 2**53 or int(column.min()) < -(2**53)


def without_mask(array: Any) -> Any:
    """Give masked cells of an array as missing ones; anything else as it is."""
    if not isinstance(array, np.ma.MaskedArray):
        return array
    mask = np.ma.getmaskarray(array)
    if not mask.any():
        return array.data
    if array.dtype.kind == "f":
        return np.where(mask, np.nan, array.data)
    cells = array.data.astype(object)
    cells[mask] = None
    return cells


def as_label_array(y: Any) -> np.ndarray:
    """Turn lists and array-likes into an array without changing a label.

    Rows that mix numbers and strings become an array of objects; NumPy by itself
    would turn their numbers into strings.
    """
    if y is None:
        raise ValueError(
            "y=None: this estimator requires y to be passed, but the target y is None."
        )
    y = without_mask(y)
    if isinstance(y, list | tuple):
        _refuse_rows_of_tags(y)
        array = array_from_rows(y)
    else:
        array = np.asarray(y)
    if array.ndim == 0 and isinstance(y, Mapping):
        raise ValueError(
            f"y is a {type(y).__name__}, which is not read as labels. Pass a data "
            "frame, as pandas.DataFrame(y) makes of one array a column."
        )
    if array.ndim == 0 and not isinstance(y, np.ndarray | np.generic | float | int):
        raise ValueError(
            f"y is a {type(y).__name__}, which is not read as labels. Pass an array or "
            "a list of rows, with one column a task, or a data frame."
        )
    if array.dtype.names is not None:
        raise ValueError(
            "y is a structured array. Pass a data frame, or an array with one column "
            "a task."
        )
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported: y holds complex numbers.")
    if array.ndim == 0 or array.ndim > 2:
        raise ValueError(
            f"y has {array.ndim} dimensions. Pass labels of shape (n_rows,) or "
            "(n_rows, n_tasks)."
        )
    return array


def _refuse_rows_of_tags(rows: Any) -> None:
    """Raise for a list of sets, or of lists of words that differ in length."""
    for row in rows:
        if isinstance(row, set | frozenset):
            raise ValueError(_TAGS.format(name=0, cell=row))
    lists = [row for row in rows if isinstance(row, list | tuple)]
    if len({len(row) for row in lists}) > 1 and all(
        isinstance(cell, str) for row in lists for cell in row
    ):
        raise ValueError(
            f"{_RAGGED} If they are tags, give each one a column of its own, as "
            "sklearn.preprocessing.MultiLabelBinarizer().fit_transform(y) does."
        )


_RAGGED = (
    "The rows of the list differ in length. Pass one cell a column in each row, and "
    "None where it is missing."
)


def array_from_rows(rows: Any) -> np.ndarray:
    """Turn a list into an array, of objects where it mixes numbers and strings."""
    try:
        plain = np.asarray(rows)
        if plain.dtype.kind in "US":
            objects = np.array(rows, dtype=object)
            flat = objects.ravel()
            return plain if all(isinstance(v, str | bytes) for v in flat) else objects
    except ValueError as error:
        raise ValueError(_RAGGED) from error
    return plain
