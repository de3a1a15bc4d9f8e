"""A column of X as one of y."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing

from sklearn_mtl.tables._columns import as_frame
from sklearn_mtl.tables._targets import (
    array_from_rows,
    as_label_array,
    container_of,
    stack_columns,
)


def names_of(X: Any) -> list[Hashable]:
    """Names of the columns of X: a frame's own, or positions."""
    if nw.dependencies.is_pandas_dataframe(X):
        return list(X.columns)
    frame = as_frame(X)
    if frame is not None:
        return list(frame.columns)
    shape = np.shape(X)
    return list(range(shape[1] if len(shape) > 1 else 1))


def moved_to_y(X: Any, y: Any, position: int) -> tuple[Any, Any]:
    """Take a column out of X, and put it last into y.

    Parameters
    ----------
    X, y : as passed by the user
    position : int
        Of the column of X. A y that is a frame calls it as X does.

    Returns
    -------
    X, y
        In their containers; a y without columns becomes an array of two axes.
    """
    if isinstance(X, list | tuple):
        X = array_from_rows(X)
    names = names_of(X)
    left = [j for j in range(len(names)) if j != position]
    name, column = names[position], _safe_indexing(X, [position], axis=1)
    return _safe_indexing(X, left, axis=1), _beside(y, column, name)


def _beside(y: Any, column: Any, name: Hashable) -> Any:
    """Put a column, a table of one, beside those of y."""
    frame = as_frame(y)
    if nw.dependencies.is_pandas_dataframe(y):
        wider = y.copy()
        is_frame = nw.dependencies.is_pandas_dataframe(column)
        wider[name] = column.iloc[:, 0].array if is_frame else _cells(column)
        return wider
    if frame is None:
        labels = as_label_array(y)
        columns = list(np.atleast_2d(labels.T))
        return stack_columns([*columns, _cells(column)])
    container: Any = container_of(y, frame)
    cells = _cells(column).tolist()
    series = nw.new_series(str(name), cells, backend=container.backend)
    return nw.concat([frame, series.to_frame()], how="horizontal").to_native()


def _cells(column: Any) -> np.ndarray:
    """Cells (n,) of a table of one column."""
    if sparse.issparse(column):
        column = column.toarray()
    frame = as_frame(column)
    if frame is not None:
        return np.asarray(frame.get_column(frame.columns[0]).to_numpy())
    cells: np.ndarray = np.asarray(column)[:, 0]
    return cells
