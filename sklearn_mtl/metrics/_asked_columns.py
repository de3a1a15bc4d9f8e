"""Columns of y that a scorer was asked for, by name or position."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np


def positions_of(tasks: Any, names: list[Hashable]) -> list[int]:
    """Positions of the columns that were asked for by name or position."""
    if tasks is None:
        return list(range(len(names)))
    several = isinstance(tasks, list | np.ndarray) or (
        isinstance(tasks, tuple) and tasks not in names
    )
    if several and not len(tasks):
        raise ValueError(
            f"tasks={tasks!r} names no column to score. Pass names or positions of "
            "columns of y, or None for all."
        )
    return [_position(task, names) for task in (tasks if several else [tasks])]


def _position(task: Any, names: list[Hashable]) -> int:
    if task in names:
        return names.index(task)
    is_position = isinstance(task, int | np.integer) and not isinstance(task, bool)
    if is_position and -len(names) <= task < len(names):
        return int(task) % len(names)
    shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    raise ValueError(
        f"tasks: {task!r} is no column of y. The columns are {shown}; pass one of "
        f"these names, or a position below {len(names)}."
    )
