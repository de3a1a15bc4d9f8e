"""Rows, columns and numbers of whatever container X is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse

from sklearn_mtl.tables._columns import Column, Content, as_frame
from sklearn_mtl.tables._columns import column_from_array as read_array
from sklearn_mtl.tables._series import column_from_series, content_of_series


def is_plain_matrix(X: Any) -> bool:
    """Whether `X` is an array or sparse matrix of numbers or booleans."""
    return sparse.issparse(X) or (isinstance(X, np.ndarray) and X.dtype.kind in "fiub")


def column_names(X: Any) -> list[Any]:
    frame = None if sparse.issparse(X) else as_frame(X)
    return list(range(X.shape[1])) if frame is None else list(frame.columns)


def columns(
    X: Any, positions: Sequence[int] | np.ndarray | None = None
) -> list[Column]:
    """Read some columns of a data frame or an array; all of them by default."""
    frame = as_frame(X)
    if positions is None:
        positions = range(X.shape[1])
    if frame is None:
        return [read_array(int(j), X[:, j]) for j in positions]
    names = frame.columns
    return [column_from_series(frame.get_column(names[j])) for j in positions]


def contents_of(X: Any, positions: Sequence[int] | np.ndarray) -> list[Content]:
    """Tell what some columns of a data frame or an array of objects hold."""
    frame = as_frame(X)
    if frame is None:
        return [column.content for column in columns(X, positions)]
    names = frame.columns
    return [content_of_series(frame.get_column(names[j])) for j in positions]


def take_rows(X: Any, rows: slice | np.ndarray) -> Any:
    """Rows of any container of X, as the same kind of container."""
    if isinstance(X, np.ndarray) or sparse.issparse(X):
        return X[rows]
    frame = as_frame(X)
    assert frame is not None
    return frame[rows, :].to_native()


def numbers_of(X: Any, positions: np.ndarray) -> np.ndarray:
    """Numeric columns of a data frame or an array of objects, as floats."""
    if nw.dependencies.is_pandas_dataframe(X):
        chosen = X if len(positions) == X.shape[1] else X.iloc[:, positions]
        if has_plain_dtypes(chosen):
            block: np.ndarray = chosen.to_numpy(dtype=np.float64)
            return block
    if not len(positions):
        return np.empty((len(X), 0))
    return np.column_stack([_as_numbers(column) for column in columns(X, positions)])


def has_plain_dtypes(X: Any) -> bool:
    """Whether `X` is a pandas frame of NumPy's own numbers, which is read at once."""
    if not nw.dependencies.is_pandas_dataframe(X):
        return False
    return all(isinstance(t, np.dtype) and t.kind in "fiub" for t in X.dtypes)


def _as_numbers(column: Column) -> np.ndarray:
    if column.content == "number" and column.values.dtype.kind == "f":
        return column.values.astype(np.float64, copy=False)
    numbers = np.full(len(column), np.nan)
    cells = column.observed
    if column.content == "date":
        raise ValueError(
            f"Column {column.name!r} of X holds dates, but fit saw numbers. Pass it as "
            "in the table passed to fit."
        )
    try:
        numbers[~column.missing] = cells.astype(np.float64)
    except (TypeError, ValueError) as error:
        culprit = next(cell for cell in cells if not _is_number(cell))
        raise ValueError(
            f"Column {column.name!r} of X holds {culprit!r}, which is no number. List "
            "the column in categorical_features, or turn its cells into numbers as in "
            "the table passed to fit."
        ) from error
    return numbers


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def refuse_infinity(block: Any, names: list[Any]) -> None:
    values = block.data if sparse.issparse(block) else block
    # One pass without a temporary array: a sum is finite unless a term is not.
    with np.errstate(over="ignore", invalid="ignore"):
        total = values.sum(dtype=np.float64)
    if np.isfinite(total) or not np.isinf(values).any():
        return
    infinite = block.toarray() if sparse.issparse(block) else block
    row, column = np.argwhere(np.isinf(infinite))[0]
    raise ValueError(
        f"Input X contains infinity: column {names[column]!r} holds "
        f"{infinite[row, column]}. Replace it by a number, or by NaN if the value is "
        "not known."
    )


def refuse_sparse_gaps(X: Any, names: list[Any]) -> None:
    if np.isnan(X.data).any():
        column = X.tocoo().coords[1][np.isnan(X.tocoo().data)][0]
        raise ValueError(
            f"Input X contains NaN in the sparse column {names[column]!r}. Missing "
            "numbers are filled in for dense tables only: fill them first or pass a "
            "dense X."
        )
