"""Weights of classes, spread over the labels of a column."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._base import Task
from sklearn_mtl.tasks._resolve import per_column


def weigh_classes(
    weight: np.ndarray,
    tasks: Sequence[Task],
    columns: Sequence[Column],
    class_weight: Any,
) -> np.ndarray:
    """Multiply the weight of each label by that of its class.

    Parameters
    ----------
    weight : ndarray of shape (n_rows, n_tasks)
    tasks : sequence of Task
        Fitted or not.
    columns : sequence of Column
    class_weight : None, "balanced", dict or list
        "balanced" gives the classes of a column the same weight in sum. A dict of
        numbers weighs classes in all class columns; one of settings names columns; a
        list has one setting a column.

    Returns
    -------
    ndarray of shape (n_rows, n_tasks)

    Raises
    ------
    ValueError
        A setting is none of these, a weight is negative, or a numeric column is named.
    """
    if class_weight is None:
        return weight
    names = [column.name for column in columns]
    settings = _settings(class_weight, tasks, names)
    weighed = weight.copy()
    for t, (column, setting) in enumerate(zip(columns, settings, strict=True)):
        if setting is not None:
            # One dict for all columns may name classes that only some of them have.
            warn = setting is not class_weight or len(columns) == 1
            weighed[:, t] *= _label_factor(column, weight[:, t], setting, warn)
    return weighed


def _settings(
    class_weight: Any, tasks: Sequence[Task], names: list[Hashable]
) -> list[Any]:
    """One setting a column; None at numeric ones."""
    for_all = class_weight == "balanced" or _is_table(class_weight)
    if for_all:
        return [class_weight if task.is_classifier else None for task in tasks]
    if not isinstance(class_weight, Mapping | list | tuple):
        raise ValueError(
            f"class_weight={class_weight!r}: pass 'balanced', a dict of classes to "
            "weights, or one of these a column in a dict or a list."
        )
    settings = per_column(class_weight, names, "class_weight")
    for task, name, setting in zip(tasks, names, settings, strict=True):
        if setting is None:
            continue
        if not task.is_classifier:
            raise ValueError(
                f"class_weight names column {name!r}, which is read as {task.kind} and "
                "has no classes. Leave it out."
            )
        if setting != "balanced" and not _is_table(setting):
            raise ValueError(
                f"class_weight says {setting!r} for column {name!r}. Pass 'balanced' "
                "or a dict of classes to weights."
            )
    return settings


def _is_table(setting: Any) -> bool:
    return isinstance(setting, Mapping) and all(
        isinstance(value, Real) for value in setting.values()
    )


def _label_factor(
    column: Column, weight: np.ndarray, setting: Any, warn_unknown: bool
) -> np.ndarray:
    codes, levels = column.factorize()
    if setting == "balanced":
        counts = codes >= 0
        mass = np.bincount(codes[counts], weight[counts], minlength=len(levels))
        present = mass > 0
        factor = np.ones(len(levels))
        factor[present] = mass.sum() / (present.sum() * mass[present])
    else:
        factor = np.array([float(setting.get(level, 1.0)) for level in levels])
        unknown = [level for level in setting if level not in levels]
        if warn_unknown and unknown:
            warn(
                f"class_weight names {unknown[0]!r}, which is no label of column "
                f"{column.name!r} here; it weighs nothing. Spell it as in y."
            )
        if (factor < 0).any() or not np.isfinite(factor).all():
            level = levels[int(np.flatnonzero(~(factor >= 0) | np.isinf(factor))[0])]
            raise ValueError(
                f"class_weight gives class {level!r} of column {column.name!r} the "
                f"weight {setting[level]!r}. Weights must be finite numbers of at "
                "least 0."
            )
    return np.where(codes >= 0, np.append(factor, 1.0)[codes], 1.0)
