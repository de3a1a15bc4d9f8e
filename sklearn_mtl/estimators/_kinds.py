"""What each column of y means, as the user said or as its labels show."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from sklearn_mtl.tables import Column, Container, Roles, read_roles, warn_of_labels
from sklearn_mtl.tasks import (
    Binary,
    Multiclass,
    Task,
    groups_of,
    per_column,
    resolve_tasks,
    said_kinds,
)

_KEEP_CLASSES = "Where classes are meant, say 'multiclass' for it in task_types."


def tasks_of(
    estimator: Any, columns: list[Column], classes: Any, container: Container
) -> list[Task]:
    """Decide the kind of each column; nothing is learned of its labels yet.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
    columns : list of Column
    classes : None, array, list or dict
        All classes of each column, as `partial_fit` takes them.
    container : Container
        That of y; a 1-D y has one entry of `classes` only.
    """
    names = [column.name for column in columns]
    tasks = _resolved(estimator, columns, names)
    said = said_kinds(estimator.task_types, names)
    for column, task, wanted in zip(columns, tasks, said, strict=True):
        if wanted is None and task.is_classifier:
            warn_of_labels(column, _KEEP_CLASSES)
    if classes is None:
        return tasks
    wanted = [classes]
    if container.ndim > 1:
        wanted = per_column(classes, names, "classes")
    return [
        task if known is None else _with_classes(task, column, known)
        for task, column, known in zip(tasks, columns, wanted, strict=True)
    ]


def _resolved(
    estimator: Any, columns: list[Column], names: list[Hashable]
) -> list[Task]:
    """Make a task of each column; an auxiliary one may be of any kind."""
    kind, wanted = estimator._default_kind, estimator.task_types
    tasks = resolve_tasks(columns, wanted, default=kind)
    roles = read_roles(estimator.auxiliary, names)
    _check_groups_are_whole(tasks, roles)
    of_any_kind = resolve_tasks(columns, wanted) if roles.auxiliary else tasks
    for t in roles.auxiliary:
        tasks[t] = of_any_kind[t]
    for t in roles.predicted:
        _check_kind(tasks[t], columns[t], kind)
    return tasks


def _check_groups_are_whole(tasks: list[Task], roles: Roles) -> None:
    """Raise where columns that are predicted together are not all predicted."""
    for _, own in groups_of(tasks):
        apart = [t for t in own if t in roles.auxiliary]
        if 0 < len(apart) < len(own):
            names = [roles.names[t] for t in own]
            raise ValueError(
                f"auxiliary names {roles.names[apart[0]]!r}, but not all of the "
                f"columns that belong together with it: {names}. Name all of them, or "
                "none."
            )


def _check_kind(task: Task, column: Column, default_kind: str) -> None:
    """Hold regressor and classifier to what they are to scikit-learn."""
    if default_kind != "auto" and task.is_classifier != (default_kind == "classes"):
        promised = "classes" if default_kind == "classes" else "numbers"
        raise ValueError(
            f"task_types says {task.kind!r} for column {column.name!r}, but this "
            f"estimator reads {promised} only. Use MultiTaskNetEstimator, which "
            "takes columns of any kind."
        )


def _with_classes(task: Task, column: Column, classes: Any) -> Task:
    if not task.is_classifier:
        raise ValueError(
            f"classes names classes for column {column.name!r}, which is read as "
            f"{task.kind}. Pass None there."
        )
    if isinstance(classes, str) or np.ndim(classes) != 1:
        raise ValueError(
            f"classes says {classes!r} for column {column.name!r}. Pass a list of all "
            "its classes."
        )
    if isinstance(task, Binary | Multiclass):
        task = Binary() if len(classes) <= 2 else Multiclass()
    told: Task = task.set_params(classes=classes)
    return told
