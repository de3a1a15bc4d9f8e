"""Columns of y that a scorer was asked for, by name or position."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np


def positions_of(
    tasks: Any, names: list[Hashable], *, parameter: str = "tasks", of: str = "y"
) -> list[int]:
    """Positions of the columns that were asked for by name or position.

    Parameters
    ----------
    tasks : None, name, int or list of them
        None for all.
    names : list
    parameter : str
        What the user calls `tasks`.
    of : {"y", "X"}
        Table that the columns are of.
    """
    if tasks is None:
        return list(range(len(names)))
    several = isinstance(tasks, list | np.ndarray) or (
        isinstance(tasks, tuple) and tasks not in names
    )
    if several and not len(tasks):
        raise ValueError(
            f"{parameter}={tasks!r} names no column. Pass names or positions of "
            f"columns of {of}, or None for all."
        )
    return [
        _position(task, names, parameter, of)
        for task in (tasks if several else [tasks])
    ]


def _position(task: Any, names: list[Hashable], parameter: str, of: str) -> int:
    if task in names:
        return names.index(task)
    is_position = isinstance(task, int | np.integer) and not isinstance(task, bool)
    if is_position and -len(names) <= task < len(names):
        return int(task) % len(names)
    shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    raise ValueError(
        f"{parameter}: {task!r} is no column of {of}. The columns are {shown}; pass "
        f"one of these names, or a position below {len(names)}."
    )
