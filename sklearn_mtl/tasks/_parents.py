"""Which class is whose child, as rows and their user tell."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import Column


def joined_name(parent: Hashable, child: Hashable) -> str:
    return f"{parent} {child}"


def orphan(label: Hashable, below: Column, above: Column) -> ValueError:
    return ValueError(
        f"No row tells the parent of {label!r} of column {below.name!r}: it never "
        f"stands beside a label of column {above.name!r}. Label that column in one "
        f"such row, or pass ClassTree(parents={{{label!r}: ...}})."
    )


def with_labels(column: Column, rows: np.ndarray, labels: list[Any]) -> Column:
    """Fill in labels of some rows."""
    added = np.empty(len(labels), dtype=object)
    added[:] = labels
    kind = column.values.dtype.kind
    if kind != "O":
        added = np.array(labels)
    common = object if kind == "O" else np.result_type(column.values, added)
    values, missing = column.values.astype(common), column.missing.copy()
    values[rows], missing[rows] = added, False
    if column.codes is None or column.levels is None:
        return replace(column, values=values, missing=missing)
    levels, codes = column.levels, column.codes.copy()
    known = {label: code for code, label in enumerate(levels.tolist())}
    unknown = [label for label in dict.fromkeys(labels) if label not in known]
    known |= {label: len(levels) + i for i, label in enumerate(unknown)}
    if unknown:
        more = np.empty(len(unknown), dtype=object)
        more[:] = unknown
        levels = np.concatenate([levels.astype(object), more])
    codes[rows] = [known[label] for label in labels]
    return replace(column, values=values, missing=missing, levels=levels, codes=codes)


def n_labelled(columns: Sequence[Column], weight: np.ndarray) -> int:
    """Tell how many columns have a label; none may stand above one that has."""
    counts = [
        bool((~column.missing & (own > 0)).any())
        for column, own in zip(columns, weight.T, strict=True)
    ]
    return sum(counts)


def has_child(tasks: Sequence[Any], column: Column) -> np.ndarray:
    """Whether the label of each row has children below; warn of those without."""
    task, below = tasks
    parents = {below.parent_of_.get(label) for label in below.classes_.tolist()}
    codes, labels = column.factorize()
    named = () if task.classes is None else task.classes
    childless = [label not in parents and label not in named for label in labels]
    found = np.array([*childless, False])[codes]
    if found.any():
        label = labels[codes[np.flatnonzero(found)[0]]]
        warn(
            f"Label {label!r} of column {column.name!r} never has a label of column "
            f"{below.name_!r} beside it, so that nothing could be predicted there: "
            f"its {found.sum()} rows count as missing. Give them a class of their own "
            f"in {below.name_!r}, such as {joined_name('other', label)!r}."
        )
    return ~found


def parent_codes(
    tasks: Sequence[Any], level: int, columns: Sequence[Column]
) -> tuple[int, ...]:
    """Code of the parent of each class of a column; zeros at the top."""
    task = tasks[level]
    if level == 0 or not len(task.classes_):
        return (0,) * len(task.classes_)
    above = tasks[level - 1]
    code_of = {label: code for code, label in enumerate(above.classes_.tolist())}
    codes = []
    for label in task.classes_.tolist():
        parent = task.parent_of_.get(label)
        if parent not in code_of:
            raise orphan(label, columns[level], columns[level - 1])
        codes.append(code_of[parent])
    alone = set(code_of.values()).difference(codes)
    if alone:
        label = above.classes_.tolist()[min(alone)]
        raise ValueError(
            f"Class {label!r} of column {above.name_!r} has no class of column "
            f"{task.name_!r}. Name one, in classes and in ClassTree(parents=...)."
        )
    return tuple(codes)
