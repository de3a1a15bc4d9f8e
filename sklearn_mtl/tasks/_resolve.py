"""Which kind each column of y is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_mtl.tables import Column, are_bounds, may_be_bounds
from sklearn_mtl.tasks._base import Task
from sklearn_mtl.tasks._censored import Censored
from sklearn_mtl.tasks._classes import Binary, Multiclass
from sklearn_mtl.tasks._ordinal import Ordinal
from sklearn_mtl.tasks._positive import Count, GammaRegression, NegativeBinomial
from sklearn_mtl.tasks._quantile import Quantile
from sklearn_mtl.tasks._regression import (
    HeteroscedasticRegression,
    HuberRegression,
    LaplaceRegression,
    Regression,
)
from sklearn_mtl.tasks._said_kinds import GROUPS, said_kinds
from sklearn_mtl.tasks._survival import Survival

KINDS: dict[str, type[Task]] = {
    cls.kind: cls
    for cls in (
        Regression,
        LaplaceRegression,
        HuberRegression,
        HeteroscedasticRegression,
        GammaRegression,
        Count,
        NegativeBinomial,
        Quantile,
        Censored,
        Survival,
        Binary,
        Multiclass,
        Ordinal,
    )
}
"""The kinds that a name in ``task_types`` may say."""


def resolve_tasks(
    columns: Sequence[Column], task_types: Any, *, default: str = "auto"
) -> list[Task]:
    """Make one unfitted task a column.

    Parameters
    ----------
    columns : sequence of Column
        Columns of y; cells that do not count are marked missing.
    task_types : None, str, Task, ColumnGroup, sequence or mapping
        One kind for all columns, one a column, or some columns' by name; that of
        columns that belong together by a tuple of their names.
    default : {"auto", "regression", "classes"}
        How a column is read that `task_types` does not name.

    Returns
    -------
    list of Task
    """
    wanted = said_kinds(task_types, [column.name for column in columns])
    return [
        _make(column, kind, default)
        for column, kind in zip(columns, wanted, strict=True)
    ]


def _make(column: Column, kind: Any, default: str) -> Task:
    if isinstance(kind, Task):
        return clone(kind)
    if isinstance(kind, str):
        if kind not in KINDS:
            raise ValueError(
                f"task_types says {kind!r} for column {column.name!r}. Known kinds are "
                f"{', '.join(map(repr, KINDS))}; of several columns together, "
                f"{', '.join(map(repr, GROUPS))}; a kind of your own is passed as an "
                "object, a subclass of sklearn_mtl.tasks.Task."
            )
        return KINDS[kind]()
    if kind is not None:
        raise TypeError(
            f"task_types says {kind!r} for column {column.name!r}. Pass the name of a "
            "kind, or an instance of a subclass of sklearn_mtl.tasks.Task, such as "
            "Quantile((0.1, 0.9))."
        )
    if _holds_bounds(column, default):
        return Censored()
    if default == "regression" or (default == "auto" and _is_number(column)):
        return Regression()
    if _n_classes(column) <= 2:
        return Binary()
    return Ordinal() if column.ordered else Multiclass()


def _holds_bounds(column: Column, default: str) -> bool:
    if default == "regression":
        return may_be_bounds(column)
    return default == "auto" and are_bounds(column)


def _is_number(column: Column) -> bool:
    if column.content != "number":
        return False
    observed = column.observed
    return not len(observed) or not np.isin(observed, (0, 1)).all()


def _n_classes(column: Column) -> int:
    codes, _ = column.factorize()
    return len(np.unique(codes[codes >= 0]))
