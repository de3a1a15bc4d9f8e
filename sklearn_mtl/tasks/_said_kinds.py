"""What ``task_types`` says of each column, and of columns together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_mtl.tasks._class_tree import ClassTree
from sklearn_mtl.tasks._column_group import ColumnGroup
from sklearn_mtl.tasks._simplex import Simplex

GROUPS: dict[str, type[ColumnGroup]] = {cls.kind: cls for cls in (Simplex, ClassTree)}
"""The kinds of several columns that a name may say."""


def per_column(setting: Any, names: list[Hashable], parameter: str) -> list[Any]:
    """Spread a setting over the columns: one for all, a sequence, or a mapping.

    A column that the mapping does not name gets None.
    """
    if isinstance(setting, Mapping):
        for name in setting:
            if name not in names:
                raise _no_column(name, names, parameter)
        return [setting.get(name) for name in names]
    if isinstance(setting, list | tuple | np.ndarray):
        if len(setting) != len(names):
            raise ValueError(
                f"{parameter} has {len(setting)} entries, but y has {len(names)} "
                "columns. Pass one entry a column, or a dict that names some columns."
            )
        return list(setting)
    return [setting] * len(names)


def said_kinds(task_types: Any, names: list[Hashable]) -> list[Any]:
    """Spread ``task_types`` over the columns; a group becomes one task a column.

    Parameters
    ----------
    task_types : None, str, Task, ColumnGroup, sequence or mapping
        A group is said by a tuple of the names of its columns, or for all columns.
    names : list of hashable
        Those of the columns of y.

    Returns
    -------
    list
        None, a name or a Task of each column.
    """
    if _is_group(task_types) and not isinstance(task_types, Mapping):
        return _tasks_of(task_types, tuple(names))
    if not isinstance(task_types, Mapping):
        wanted = per_column(task_types, names, "task_types")
        for name, kind in zip(names, wanted, strict=True):
            _refuse_lone_group(kind, name)
        return wanted
    said: dict[Hashable, Any] = {}
    for key, kind in task_types.items():
        if key in names or not isinstance(key, tuple):
            _refuse_lone_group(kind, key)
            found = {key: kind}
        else:
            found = dict(zip(key, _group_tasks(key, kind, names), strict=True))
        for name, task in found.items():
            if name in said:
                raise ValueError(
                    f"task_types says the kind of column {name!r} more than once. A "
                    "column is of one kind, or belongs to one group of columns."
                )
            said[name] = task
    return per_column(said, names, "task_types")


def relatives(task_types: Any, names: list[Hashable]) -> list[list[int]]:
    """Columns without which a column cannot be learned, by position: itself and others.

    A class of a `ClassTree` is predicted within those of the columns above it.
    """
    found = [[t] for t in range(len(names))]
    for t, kind in enumerate(said_kinds(task_types, names)):
        if getattr(kind, "kind", None) == ClassTree.kind:
            above = kind.columns[: kind.position]
            found[t] = [*(names.index(name) for name in above), t]
    return found


def _group_tasks(key: tuple[Any, ...], kind: Any, names: list[Hashable]) -> list[Any]:
    for name in key:
        if name not in names:
            raise _no_column(name, names, f"task_types, in {key!r},")
    if not _is_group(kind):
        raise TypeError(
            f"task_types says {kind!r} for the columns {list(key)} together. A tuple "
            f"names columns that belong together, as {', '.join(map(repr, GROUPS))} or "
            "an object of these kinds; name others each by itself."
        )
    return _tasks_of(kind, key)


def _tasks_of(kind: Any, columns: tuple[Any, ...]) -> list[Any]:
    if len(set(columns)) < len(columns) or len(columns) < 2:
        raise ValueError(
            f"task_types says {kind!r} for the columns {list(columns)}. Name two "
            "columns or more, each once."
        )
    group = GROUPS[kind]() if isinstance(kind, str) else clone(kind)
    return [group.task_of(columns, position) for position in range(len(columns))]


def _is_group(kind: Any) -> bool:
    return isinstance(kind, ColumnGroup) or (isinstance(kind, str) and kind in GROUPS)


def _refuse_lone_group(kind: Any, name: Hashable) -> None:
    if _is_group(kind):
        raise ValueError(
            f"task_types says {kind!r} for column {name!r} alone, which is the kind of "
            "several columns together. Name these in a tuple, such as "
            f"{{({name!r}, ...): {kind!r}}}."
        )


def _no_column(name: Hashable, names: list[Hashable], parameter: str) -> ValueError:
    shown = ", ".join(repr(known) for known in names[:10])
    return ValueError(
        f"{parameter} names {name!r}, which is no column of y. The columns are {shown}"
        f"{', ...' if len(names) > 10 else ''}."
    )
