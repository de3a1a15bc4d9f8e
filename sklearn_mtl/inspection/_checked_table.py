"""X and y as `check_columns` looks at them: columns, kinds, numbers and folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from sklearn_mtl.tables import Column, RowGroups, TargetTable, read_columns
from sklearn_mtl.tasks import Task, resolve_tasks

MOST_ROWS = 3000
"""Rows that models are trained on: more change no finding."""
FOLDS = 3


@dataclass(frozen=True)
class CheckedTable:
    """Columns of X and y, and the kinds of those of y.

    Attributes
    ----------
    X, y : list of Column
    tasks : list of Task
        Not fitted.
    groups : RowGroups or None
    sample : int ndarray
        Rows that models are trained on.
    random_state : int
    """

    X: list[Column]
    y: list[Column]
    tasks: list[Task]
    groups: RowGroups | None
    sample: np.ndarray
    random_state: int

    def folds(self, rows: np.ndarray, classes: np.ndarray | None) -> list[Any]:
        """Split some rows for cross-validation; whole groups, and balanced classes."""
        group = None if self.groups is None else self.groups.codes[rows]
        if group is None:
            kind: Any = KFold if classes is None else StratifiedKFold
        else:
            kind = GroupKFold if classes is None else StratifiedGroupKFold
        cv = kind(FOLDS, shuffle=True, random_state=self.random_state)
        return list(cv.split(rows, classes, group))

    def can_be_split(self, rows: np.ndarray) -> bool:
        """Whether each fold gets a group of its own."""
        if self.groups is None:
            return len(rows) >= FOLDS
        return len(np.unique(self.groups.codes[rows])) >= FOLDS

    def number_of_units(self, rows: np.ndarray) -> int:
        """How many groups some rows are of; how many they are where there are none."""
        if self.groups is None:
            return len(rows)
        return len(np.unique(self.groups.codes[rows]))


def checked_table(
    X: Any, y: Any, groups: RowGroups | None, task_types: Any, random_state: int
) -> CheckedTable:
    """Read X and y."""
    columns, targets = list(columns_of(X)), TargetTable(y).columns
    n_rows = len(targets[0])
    if not columns or len(columns[0]) != n_rows:
        n_rows_of_X = len(columns[0]) if columns else 0
        raise ValueError(
            f"X has {n_rows_of_X} rows and {len(columns)} columns, but y has {n_rows} "
            "rows. Pass a row of X for each row of y."
        )
    order = np.random.default_rng(random_state).permutation(n_rows)
    return CheckedTable(
        X=columns,
        y=targets,
        tasks=resolve_tasks(targets, task_types),
        groups=groups,
        sample=np.sort(order[:MOST_ROWS]),
        random_state=random_state,
    )


def columns_of(X: Any) -> Iterator[Column]:
    """Read columns of any container of X."""
    if not sparse.issparse(X):
        yield from read_columns(X if hasattr(X, "columns") else np.asarray(X))
        return
    for position in range(X.shape[1]):
        (column,) = read_columns(X[:, [position]].toarray().ravel())
        yield Column(position, column.values, column.missing, column.content)


def numbers_of(column: Column) -> np.ndarray:
    """Cells as floats, NaN where missing: numbers, days, or positions of classes."""
    if column.content in ("number", "boolean"):
        return column.numbers()
    if column.content == "date":
        days = column.values.astype("datetime64[us]").astype(np.int64) / 86_400e6
        return np.where(column.missing, np.nan, days)
    codes = column.factorize()[0].astype(np.float64)
    return np.where(codes < 0, np.nan, codes)


def features_of(column: Column) -> np.ndarray:
    """Cells as floats, missing ones below all others: a tree can part them."""
    numbers = numbers_of(column)
    known = numbers[np.isfinite(numbers)]
    return np.nan_to_num(numbers, nan=(known.min() if len(known) else 0.0) - 1.0)
