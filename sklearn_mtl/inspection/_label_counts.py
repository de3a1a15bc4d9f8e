"""Columns that do not vary, classes with few labels, kinds that hang on few labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sklearn_mtl.inspection._checked_table import CheckedTable
from sklearn_mtl.inspection._column_report import Finding
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task

FEWEST_OF_A_CLASS = 5
"""Labels, or groups with labels, that the default folds need one each of."""
FEWEST_LABELS = 30


def constant_columns(table: CheckedTable) -> Iterator[Finding]:
    """Find columns that hold one value, or none."""
    for where, columns in (("y", table.y), ("X", table.X)):
        for column in columns:
            codes = column.factorize()[0]
            held = np.unique(codes[codes >= 0])
            if len(held) > 1 or (len(held) == 1 and _tells_by_gaps(where, column)):
                continue
            what = f"{_cell(column)!r} only" if len(held) else "no cell"
            effect = "is predicted everywhere" if where == "y" else "says nothing"
            yield Finding(
                "constant",
                where,
                column.name,
                None,
                float(len(held)),
                f"{where}[{column.name!r}] holds {what}, which {effect}.",
                f"Leave it out: {where}.drop(columns=[{column.name!r}]).",
            )


def _tells_by_gaps(where: str, column: Column) -> bool:
    return where == "X" and bool(column.missing.any())


def _cell(column: Column) -> object:
    return column.factorize()[1][0]


def few_labels(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of y, and classes, with few labels."""
    units = "labels" if table.groups is None else "groups with labels"
    for column, task in zip(table.y, table.tasks, strict=True):
        codes, levels = column.factorize()
        n_labels = int((codes >= 0).sum())
        if 0 < n_labels < FEWEST_LABELS:
            yield Finding(
                "few labels",
                "y",
                column.name,
                None,
                float(n_labels),
                f"y[{column.name!r}] has {n_labels} labels.",
                "Scores of it are chance: judge it by many splits, and let the other "
                "columns help (own_nets='never').",
            )
        if task.is_classifier:
            yield from _rare_classes(table, column, codes, levels, units)


def _rare_classes(
    table: CheckedTable,
    column: Column,
    codes: np.ndarray,
    levels: list[object],
    units: str,
) -> Iterator[Finding]:
    held = [code for code in np.unique(codes) if code >= 0]
    counts = [table.number_of_units(np.flatnonzero(codes == code)) for code in held]
    if len(held) < 2 or min(counts) >= FEWEST_OF_A_CLASS:
        return
    rare = [c for c, n in zip(held, counts, strict=True) if n < FEWEST_OF_A_CLASS]
    least = int(np.argmin(counts))
    others = f" and {len(rare) - 1} more classes few" if len(rare) > 1 else ""
    yield Finding(
        "few labels",
        "y",
        column.name,
        None,
        float(counts[least]),
        f"Class {levels[held[least]]!r} of y[{column.name!r}] has {counts[least]} "
        f"{units}{others}: folds will lack it.",
        f"Name all classes: task_types={{{column.name!r}: Multiclass(classes=[...])}}; "
        "or join rare classes to one.",
    )


def kinds_that_flip(table: CheckedTable) -> Iterator[Finding]:
    """Find numbers that would be read as two classes if a few labels were not there."""
    for column, task in zip(table.y, table.tasks, strict=True):
        if column.content != "number" or _was_said(task):
            continue
        numbers = column.numbers()
        known = ~np.isnan(numbers)
        others = np.flatnonzero(known & ~np.isin(numbers, (0, 1)))
        n_units = table.number_of_units(others)
        if not 0 < n_units <= FEWEST_OF_A_CLASS or len(others) > known.sum() / 2:
            continue
        units = "labels" if table.groups is None else "groups"
        yield Finding(
            "kind",
            "y",
            column.name,
            None,
            float(n_units),
            f"y[{column.name!r}] is read as {task.kind} because of {n_units} {units} "
            f"beside 0 and 1, such as {numbers[others[0]]:g}; folds without them read "
            "it as binary.",
            f"Say the kind: task_types={{{column.name!r}: 'count'}}.",
        )


def _was_said(task: Task) -> bool:
    """Whether the kind is not the one that numbers get by themselves."""
    return task.kind != "regression"
