"""Weights of classes, spread over the labels of a column."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import Column, in_float32
from sklearn_mtl.tasks._base import Task
from sklearn_mtl.tasks._classes import LEAST_SHARE
from sklearn_mtl.tasks._said_kinds import per_column


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
            weighed[:, t] *= _label_factor(column, weight[:, t], setting)
    return in_float32(weighed)


def warn_of_unknown_classes(
    tasks: Sequence[Task], columns: Sequence[Column], class_weight: Any
) -> None:
    """Warn of weights that have no effect: of classes that no column has.

    Parameters
    ----------
    tasks : sequence of Task
        Fitted.
    columns : sequence of Column
    class_weight : as `weigh_classes` takes it
    """
    if class_weight is None:
        return
    names = [column.name for column in columns]
    settings = _settings(class_weight, tasks, names)
    if all(setting is None for setting in settings):
        if class_weight:
            warn(
                f"class_weight={class_weight!r} weighs nothing: y has no column of "
                "classes. Leave it out, or name a kind of classes in task_types."
            )
        return
    classes = [
        set(getattr(task, "classes_", [])) | set(column.factorize()[1])
        for task, column in zip(tasks, columns, strict=True)
    ]
    if _is_table(class_weight):
        # One dict for all columns may name classes that only some of them have.
        of_any = set().union(
            *(known for known, s in zip(classes, settings, strict=True) if s)
        )
        where = "of any column" if len(names) > 1 else f"of column {names[0]!r}"
        _warn_of_unknown(class_weight, of_any, where, names)
        return
    for name, known, setting in zip(names, classes, settings, strict=True):
        if _is_table(setting):
            _warn_of_unknown(setting, known, f"of column {name!r}", [])


def _warn_of_unknown(
    setting: Mapping[Any, Any], known: set[Any], where: str, names: list[Hashable]
) -> None:
    unknown = [level for level in setting if level not in known]
    if not unknown:
        return
    remedy = "Spell it as in y."
    if unknown[0] in names:
        remedy = (
            f"Name classes within the column: {{{unknown[0]!r}: {{class: weight}}}}."
        )
    warn(
        f"class_weight names {unknown[0]!r}, which is no label {where} here; it weighs "
        f"nothing. {remedy}"
    )


def _settings(
    class_weight: Any, tasks: Sequence[Task], names: list[Hashable]
) -> list[Any]:
    """One setting a column; None at numeric ones."""
    for_all = _is_balanced(class_weight) or _is_table(class_weight)
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
        if not (_is_balanced(setting) or _is_table(setting)):
            raise ValueError(
                f"class_weight says {setting!r} for column {name!r}. Pass 'balanced' "
                "or a dict of classes to weights."
            )
    return settings


def _is_balanced(setting: Any) -> bool:
    return isinstance(setting, str) and setting == "balanced"


def _is_table(setting: Any) -> bool:
    return isinstance(setting, Mapping) and all(
        isinstance(value, Real) for value in setting.values()
    )


def _label_factor(column: Column, weight: np.ndarray, setting: Any) -> np.ndarray:
    codes, levels = column.factorize()
    if _is_balanced(setting):
        counts = codes >= 0
        mass = np.bincount(codes[counts], weight[counts], minlength=len(levels))
        present = mass > 0
        factor = np.ones(len(levels))
        factor[present] = mass.sum() / (present.sum() * mass[present])
    else:
        _check_weights(setting, column.name)
        factor = np.array([float(setting.get(level, 1.0)) for level in levels])
        _check_ratio(dict(zip(levels, factor.tolist(), strict=True)), column.name)
    return np.where(codes >= 0, np.append(factor, 1.0)[codes], 1.0)


def _check_weights(setting: Mapping[Any, Any], name: Hashable) -> None:
    for level, value in setting.items():
        if not 0 <= value <= sys.float_info.max:
            raise ValueError(
                f"class_weight gives class {level!r} of column {name!r} the weight "
                f"{value!r}. Weights must be finite numbers of at least 0."
            )


def _check_ratio(weights: dict[Any, float], name: Hashable) -> None:
    """Refuse weights beside which others are nothing in the network's format."""
    known = {level: weight for level, weight in weights.items() if weight}
    if not known:
        return
    least, largest = (
        min(known, key=known.__getitem__),
        max(known, key=known.__getitem__),
    )
    if known[least] < LEAST_SHARE * known[largest]:
        raise ValueError(
            f"class_weight gives class {least!r} of column {name!r} the weight "
            f"{known[least]!r}, which is nothing beside {known[largest]!r} of class "
            f"{largest!r}. Pass 0 to leave a class out, or weights of a ratio below "
            f"{1 / LEAST_SHARE:.0e}."
        )
