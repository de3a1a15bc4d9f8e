"""X, y and weights as users pass them, to values that are checked."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples, validate_data

from sklearn_mtl.estimators._reconstruction import check_has_shared_units
from sklearn_mtl.tables import (
    Column,
    Container,
    TargetTable,
    array_from_rows,
    check_same_columns,
    is_frame,
    place_columns,
    read_roles,
    read_weight,
    refuse_double_names,
    warn_of_another_order,
    without_mask,
)
from sklearn_mtl.tasks import Task


@dataclass(frozen=True)
class Table:
    """What was passed to a fit, once it is read.

    Attributes
    ----------
    X : data frame, ndarray or CSR matrix
    y : TargetTable
    scoring_weight : ndarray of shape (n_rows, n_tasks)
        Weight of each label, 0 where it is missing.
    row_weight : ndarray of shape (n_rows,) or None
        Weight of each row in the reconstruction of X; None where there is none.
    passed_y, groups, sample_weight : any container of n_rows rows, or None
        As they were passed.
    n_streamed : int or None
        Number of rows of a stream that these are a sample of.
    """

    X: Any
    y: TargetTable
    scoring_weight: np.ndarray
    row_weight: np.ndarray | None = None
    passed_y: Any = None
    groups: Any = None
    sample_weight: Any = None
    n_streamed: int | None = None


def read_table(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    names: list[Any] | None,
    groups: Any = None,
    container: Container | None = None,
) -> Table:
    """Read what was passed to `fit` or `partial_fit`.

    Parameters
    ----------
    names : list or None
        Names of the columns of y that an earlier fit saw, which is gone on with. None
        for a first fit; the columns of X are then seen for the first time too.
    container : Container or None
        That of the earlier y, where further columns may stand beside these.
    """
    X = read_X(estimator, X, reset=names is None)
    table = read_y(y, n_rows_of(X))
    warn_of_another_order(X, y, "y")
    warn_of_another_order(X, groups, "groups")
    if names is not None and container is None:
        check_same_columns(table, names, name="y")
    weight = read_label_weight(sample_weight, table.columns)
    if names is not None and container is not None:
        placed = place_columns(table, names, container)
        table, weight = placed.table, placed.place(weight)
    row_weight = None
    if estimator.reconstruction is not None:
        check_has_shared_units(estimator)
        row_weight = _row_weight(sample_weight, table)
    return Table(X, table, weight, row_weight, y, groups, sample_weight)


def read_validation(
    estimator: Any,
    X_val: Any,
    y_val: Any,
    names: list[Any],
    before: Any = None,
) -> Table | None:
    """Read rows to stop on; None where none were passed.

    Their labels of auxiliary columns may be there or not.

    Parameters
    ----------
    names : list
        Names of the columns of y.
    before : Fitted or None
        What an earlier fit learned, of perhaps fewer columns.
    """
    if X_val is None and y_val is None:
        return None
    if X_val is None or y_val is None:
        missing = "X_val" if X_val is None else "y_val"
        raise ValueError(
            f"{missing} is None. Pass X_val and y_val together, or neither."
        )
    X_val = read_X(estimator, X_val, reset=False)
    passed = read_y(y_val, n_rows_of(X_val), name="y_val")
    warn_of_another_order(X_val, y_val, "y_val")
    if before is not None and len(names) > len(before.stack.codings.tasks):
        passed = place_columns(passed, *before.stack.codings.of_y, name="y_val").table
    roles = read_roles(estimator.auxiliary, names)
    table = roles.with_blanks(passed, name="y_val")
    weight = read_label_weight(None, table.columns)
    return Table(X_val, table, weight)


def read_X(estimator: BaseEstimator, X: Any, *, reset: bool) -> Any:
    """Check the shape and the names of X's columns.

    Returns
    -------
    data frame as it came, ndarray or CSR matrix
        Values are checked where they are encoded.
    """
    if not is_frame(X):
        X = without_mask(X)
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


def reader_of(estimator: BaseEstimator) -> BaseEstimator:
    """Make what checks later X as the estimator does.

    A bare copy that knows parameters and columns of X: what was fitted does not hold
    the estimator, which may be fitted again.
    """
    known = {*estimator.get_params(deep=False), "n_features_in_", "feature_names_in_"}
    known.discard("teachers")  # they are whole models, which files would hold twice
    reader: BaseEstimator = object.__new__(type(estimator))
    vars(reader).update(
        (name, _copied(value))
        for name, value in vars(estimator).items()
        if name in known
    )
    return reader


def _copied(value: Any) -> Any:
    """Copy what may be changed in place; what it holds stays the same."""
    if isinstance(value, dict):
        return {key: _copied(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_copied(entry) for entry in value]
    return copy(value) if isinstance(value, Task) else value


def n_rows_of(X: Any) -> int:
    """Count the rows of any container of X."""
    return int(_num_samples(X))


def read_y(y: Any, n_rows: int, *, name: str = "y") -> TargetTable:
    """Read the columns of y and check that there is a label for each row."""
    _refuse_outputs(y, n_rows, name)
    table = TargetTable(y)
    if len(table) != n_rows:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"X has {n_rows} rows, {name} has {len(table)}. Pass one row of {name} for "
            "each row of X."
        )
    return table


def _refuse_outputs(y: Any, n_rows: int, name: str) -> None:
    """Raise for a list with one array an output, as Keras takes it."""
    if not isinstance(y, list | tuple) or len(y) in (0, n_rows):
        return
    if all(not isinstance(v, str) and np.shape(v)[:1] == (n_rows,) for v in y):
        raise ValueError(
            f"{name} is a list of {len(y)} arrays of {n_rows} rows, one an output. "
            f"Put them side by side: np.column_stack({name}); or make a data frame of "
            "them, if they differ in type."
        )


def read_label_weight(sample_weight: Any, columns: list[Column]) -> np.ndarray:
    """Weight of each label (n_rows, n_tasks), 0 where it is missing; some count."""
    if sample_weight is not None:
        names = [column.name for column in columns]
        if not read_weight(sample_weight, len(columns[0]), names).any():
            raise ValueError(
                "Sample weights must contain at least one non-zero number: "
                "sample_weight is 0 everywhere. Give some rows a weight above 0."
            )
    return weight_of_labels(sample_weight, columns)


def weight_of_labels(sample_weight: Any, columns: list[Column]) -> np.ndarray:
    """Weight of each label (n_rows, n_tasks), perhaps 0 everywhere."""
    observed = np.column_stack([~column.missing for column in columns])
    if sample_weight is None:
        if observed.all():
            return np.broadcast_to(1.0, observed.shape)  # takes no memory
        return observed.astype(np.float64)
    names = [column.name for column in columns]
    return observed * read_weight(sample_weight, len(columns[0]), names)


def _row_weight(sample_weight: Any, y: TargetTable) -> np.ndarray:
    """Weight of each row (n_rows,), labelled or not: the mean of its labels' weights.

    That of missing labels counts too.
    """
    if sample_weight is None:
        return np.ones(len(y))
    weight: np.ndarray = read_weight(sample_weight, len(y), y.names).mean(axis=1)
    return weight


def seed_of(random_state: Any) -> int:
    """Seed of one fit; None is a fresh one, without a global generator."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(check_random_state(random_state).randint(2**31 - 1))
