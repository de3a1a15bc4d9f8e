"""Checks of what users pass: X, y and weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from sklearn_mtl.tables import (
    Column,
    TargetTable,
    array_from_rows,
    is_frame,
    read_weight,
    refuse_double_names,
)


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Leave the estimator as it was if something goes wrong."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def read_X(estimator: BaseEstimator, X: Any, *, reset: bool) -> Any:
    """Check the shape and the names of X's columns.

    Returns
    -------
    data frame as it came, ndarray or CSR matrix
        Values are checked where they are encoded.
    """
    if not is_frame(X):
        if isinstance(X, list | tuple):
            X = array_from_rows(X)
        return validate_data(
            estimator,
            X,
            reset=reset,
            dtype=None,
            accept_sparse="csr",
            ensure_all_finite=False,
        )
    refuse_double_names(X)
    if not len(X):
        raise ValueError(
            f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is "
            f"required by {type(estimator).__name__}."
        )
    if not X.shape[1]:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is "
            f"required by {type(estimator).__name__}."
        )
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    return X


def n_rows_of(X: Any) -> int:
    """Count the rows of any container of X."""
    return int(X.shape[0])


def read_y(y: Any, n_rows: int, *, name: str = "y") -> TargetTable:
    """Read the columns of y and check that there is a label for each row."""
    table = TargetTable(y)
    if len(table) != n_rows:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"X has {n_rows} rows, {name} has {len(table)}. Pass one row of {name} for "
            "each row of X."
        )
    return table


def check_same_columns(table: TargetTable, names: list[Any], *, name: str) -> None:
    """Check that a later y has the columns of the y passed to fit."""
    if len(table.columns) != len(names):
        raise ValueError(
            f"{name} has {len(table.columns)} columns, but fit saw {len(names)}: "
            f"{names}. Pass the same columns."
        )
    if table.container.is_frame and table.names != names:
        odd = next(a for a, b in zip(table.names, names, strict=True) if a != b)
        raise ValueError(
            f"The columns of {name} should match those that were passed during fit: "
            f"{odd!r} stands where fit saw {names[table.names.index(odd)]!r}. Reorder "
            f"or rename them to {names}."
        )


def read_label_weight(sample_weight: Any, columns: list[Column]) -> np.ndarray:
    """Weight of each label (n_rows, n_tasks), 0 where it is missing."""
    observed = np.column_stack([~column.missing for column in columns])
    if sample_weight is None:
        if observed.all():
            return np.broadcast_to(1.0, observed.shape)  # takes no memory
        return observed.astype(np.float64)
    names = [column.name for column in columns]
    weight = read_weight(sample_weight, len(columns[0]), names)
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return observed * weight


def check_task_weights(weights: list[Any], columns: list[Column]) -> np.ndarray:
    """Weight of each task, 1 where it has none, as shares that sum to 1."""
    values = np.ones(len(columns))
    for t, (weight, column) in enumerate(zip(weights, columns, strict=True)):
        if weight is None:
            continue
        if not isinstance(weight, int | float | np.number) or not (
            0 <= weight < np.inf
        ):
            raise ValueError(
                f"task_weights says {weight!r} for column {column.name!r}. Weights "
                "must be finite numbers of at least 0."
            )
        values[t] = weight
    if not values.any():
        raise ValueError(
            "task_weights is 0 for every column of y. Give at least one column a "
            "weight above 0."
        )
    return values / values.sum()
