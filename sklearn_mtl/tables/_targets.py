"""y to columns of labels, and predictions back into the container of y."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import Any

import narwhals as nw
import numpy as np

from sklearn_mtl.tables._columns import Column, as_frame, as_series, read_columns


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
        self.columns: list[Column] = list(read_columns(y))
        if not self.columns:
            raise ValueError("y has no column. Pass at least one column of labels.")
        self.container = container_of(y, frame)

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns: a frame's own, or positions."""
        return [column.name for column in self.columns]


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

    def rebuild(
        self, columns: Sequence[np.ndarray], X: Any, labels: Keep = True
    ) -> Any:
        """Return shape (n_rows,) or (n_rows, n_tasks), as y had."""
        return columns[0] if self.ndim == 1 else stack_columns(columns)


class PandasContainer:
    """A pandas frame: header and types of the columns come back, and X's index."""

    is_frame = True
    ndim = 2

    def __init__(self, y: Any) -> None:
        self.header = y.columns
        self.dtypes = list(y.dtypes)

    def rebuild(
        self, columns: Sequence[np.ndarray], X: Any, labels: Keep = True
    ) -> Any:
        """Return a frame with the columns of y.

        Columns that `labels` says hold labels get the type that they had in y, and so
        do those that were floats; the others are floats.
        """
        import pandas as pd

        index = X.index if isinstance(X, pd.DataFrame) else None
        data = {}
        for position, (dtype, column) in enumerate(
            zip(self.dtypes, columns, strict=True)
        ):
            series = pd.Series(column, index)
            is_float = getattr(dtype, "kind", "O") == "f"
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

    def rebuild(
        self, columns: Sequence[np.ndarray], X: Any, labels: Keep = True
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
        if dtype.is_numeric():
            cells = [None if cell != cell else cell for cell in cells]
            series = nw.new_series(name, cells, nw.Float64, backend=self.backend)
            return series.cast(dtype)
        if dtype == nw.Object:
            return nw.new_series(name, cells, dtype, backend=self.backend)
        return nw.new_series(name, cells, backend=self.backend).cast(dtype)


Container = ArrayContainer | PandasContainer | FrameContainer


def container_of(y: Any, frame: nw.DataFrame[Any] | None) -> Container:
    """Remember how y was passed, so that predictions can be returned alike."""
    if frame is None:
        return ArrayContainer(np.ndim(y))
    pandas = frame.implementation.is_pandas()
    return PandasContainer(y) if pandas else FrameContainer(frame)


def stack_columns(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Stack columns side by side; columns of different kinds become objects."""
    kinds = {column.dtype.kind for column in columns}
    if kinds <= set("fiu") or len(kinds) == 1:
        return np.column_stack(columns)
    stacked = np.empty((len(columns[0]), len(columns)), dtype=object)
    for j, column in enumerate(columns):
        stacked[:, j] = column
    return stacked


def as_label_array(y: Any) -> np.ndarray:
    """Turn lists and array-likes into an array without changing a label.

    Rows that mix numbers and strings become an array of objects; NumPy by itself
    would turn their numbers into strings.
    """
    if y is None:
        raise ValueError(
            "y=None: this estimator requires y to be passed, but the target y is None."
        )
    if isinstance(y, np.ma.MaskedArray):
        cells = y.data.astype(object)
        cells[np.ma.getmaskarray(y)] = None
        y = cells
    array = np.asarray(y) if not isinstance(y, list | tuple) else array_from_rows(y)
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


def array_from_rows(rows: Any) -> np.ndarray:
    """Turn a list into an array, of objects where it mixes numbers and strings."""
    try:
        plain = np.asarray(rows)
        if plain.dtype.kind in "US":
            objects = np.array(rows, dtype=object)
            flat = objects.ravel()
            return plain if all(isinstance(v, str | bytes) for v in flat) else objects
    except ValueError as error:
        raise ValueError(
            "The rows of the list differ in length. Pass one cell a column in each "
            "row, and None where it is missing."
        ) from error
    return plain
