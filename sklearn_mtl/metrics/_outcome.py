"""The labels of one column that count, beside what was predicted for them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import Column, read_columns
from sklearn_mtl.tasks import (
    Binary,
    Multiclass,
    Task,
    or_say_the_kind,
    resolve_tasks,
)


@dataclass(frozen=True)
class Outcome:
    """Labels and predictions of one column, without the rows that do not count.

    Parameters
    ----------
    name : hashable
        Name of the column.
    task : Task
        What the column means.
    labels : ndarray of shape (n,), or (n, m) where the kind says more of a label
        Numbers, or positions in `classes`.
    predictions : ndarray of shape (n,)
        Numbers, or positions in `classes`.
    is_predicted : bool
        Whether there are predictions; else `predictions` means nothing.
    response : ndarray of shape (n, m) or None
        Probabilities of `classes`, or what `task` says about a number.
    weight : ndarray of shape (n,) or None
    classes : list
        The classes that `task` knows, then labels that it does not know; empty for
        numbers.
    rows : int ndarray of shape (n,)
        Which rows of y the labels are of, in ascending order.
    """

    name: Hashable
    task: Task
    labels: np.ndarray
    predictions: np.ndarray
    is_predicted: bool
    response: np.ndarray | None
    weight: np.ndarray | None
    classes: list[Any]
    rows: np.ndarray

    @property
    def n_known(self) -> int:
        """Number of classes that the task knows."""
        return len(known_classes(self.task))

    @property
    def scorable(self) -> bool:
        """Whether there are labels, and predictions for them."""
        return len(self.labels) > 0 and self.is_predicted

    def decoded(self) -> tuple[np.ndarray, np.ndarray]:
        """Labels and predictions as users know them."""
        if not self.task.is_classifier:
            return self.labels, self.predictions
        known = known_classes(self.task)
        if len(self.classes) > len(known):
            known = np.empty(len(self.classes), dtype=object)
            known[:] = self.classes
        return known[self.labels], known[self.predictions]


def known_classes(task: Any) -> np.ndarray:
    """Classes that a fitted class task knows."""
    classes: np.ndarray = task.classes_
    return classes


def outcome_of(
    name: Hashable,
    task: Task,
    true: Column,
    predicted: Column | None,
    response: np.ndarray | None,
    weight: np.ndarray | None,
    *,
    source: str,
) -> Outcome:
    """Keep the rows whose label is observed and has a weight above 0.

    Parameters
    ----------
    name : hashable
    task : Task
        A class task knows its classes.
    true : Column
    predicted : Column or None
        None where `response` says it all.
    response : ndarray of shape (n_rows, m) or None
    weight : ndarray of shape (n_rows,) or None
    source : str
        What the user calls the table of labels.

    Returns
    -------
    Outcome
    """
    counts = ~true.missing if weight is None else ~true.missing & (weight > 0)
    rows = np.flatnonzero(counts)
    true = true.keep(counts, rows)
    response = None if response is None else response[rows]
    if predicted is None:
        assert response is not None
        labels = task.predict(response)
        predicted = column_of(name, labels)
    else:
        predicted = predicted.keep(~predicted.missing, rows)
    is_predicted = _is_predicted(name, true, predicted, rows, source)
    if task.is_classifier:
        response = _checked_probabilities(name, response, rows)
        classes = _classes_of(name, task, true, source)
        codes = {label: code for code, label in enumerate(classes)}
        for label in held_labels(predicted) if is_predicted else []:
            codes.setdefault(label, len(codes))
        labels, predictions = _codes(true, codes), _codes(predicted, codes)
        classes = list(codes)
    else:
        labels = _labels_of(name, task, true, source)
        predictions = numbers_of(name, predicted, "y_pred")
        classes = []
    return Outcome(
        name=name,
        task=task,
        labels=labels,
        predictions=predictions,
        is_predicted=is_predicted,
        response=_widened(response, len(classes)) if task.is_classifier else response,
        weight=None if weight is None else weight[rows],
        classes=classes,
        rows=rows,
    )


def column_of(name: Hashable, values: np.ndarray) -> Column:
    """Read one array of labels."""
    return replace(next(read_columns(values)), name=name)


def _is_predicted(
    name: Hashable, true: Column, predicted: Column, rows: np.ndarray, source: str
) -> bool:
    """Whether all labels have a prediction (True), or none has (False)."""
    if not predicted.missing.any():
        return True
    if predicted.missing.all():
        return False
    first = int(np.flatnonzero(predicted.missing)[0])
    raise ValueError(
        f"Column {name!r} has no prediction in row {rows[first]}, where {source} holds "
        f"{plain(true.values[first])!r}. Predict every row that has a label, or give "
        "the label the weight 0."
    )


def _classes_of(name: Hashable, task: Task, true: Column, source: str) -> list[Any]:
    """List the classes that the task knows, then labels that it does not know."""
    known = known_classes(task).tolist()
    known_set = set(known)
    unseen = [label for label in held_labels(true) if label not in known_set]
    if unseen and known:
        _warn_of_unseen(name, known, unseen, source)
    return known + unseen


def _warn_of_unseen(
    name: Hashable, known: list[Any], unseen: list[Any], source: str
) -> None:
    """Warn of labels that fit did not see; raise if none is of the type of those."""
    of_words = {isinstance(label, str) for label in known}
    if not any(isinstance(label, str) in of_words for label in unseen):
        shown = ", ".join(map(repr, known[:8])) + (", ..." if len(known) > 8 else "")
        raise ValueError(
            f"Column {name!r} of {source} holds the label {unseen[0]!r}, but fit saw "
            f"{shown}. Pass labels in the form that fit had."
        )
    warn(
        f"Column {name!r} of {source} holds the label {unseen[0]!r}, which was not "
        "seen in fit; its rows count as missed, with a probability of 0. Fit on rows "
        "that hold it, or use folds that are stratified on this column."
        f"{or_say_the_kind(unseen[0])}"
    )


def held_labels(column: Column) -> list[Any]:
    """List the labels that occur; a column may declare more."""
    codes, levels = column.factorize()
    return [levels[code] for code in np.unique(codes[codes >= 0])]


def _codes(column: Column, index: dict[Any, int]) -> np.ndarray:
    codes, levels = column.factorize()
    table = np.array([index.get(level, -1) for level in levels] + [-1], dtype=np.int64)
    return table[codes]


def _checked_probabilities(
    name: Hashable, response: np.ndarray | None, rows: np.ndarray
) -> np.ndarray | None:
    if response is None:
        return None
    wrong = ~((response >= -ROUNDING) & (response <= 1 + ROUNDING)).all(axis=1)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"The probabilities of column {name!r} are {response[first].tolist()} in "
            f"row {rows[first]}. Pass numbers between 0 and 1, as predict_proba "
            "returns them."
        )
    return response.clip(0.0, 1.0)


ROUNDING = 1e-6
"""How far a probability may lie outside of 0 and 1."""


def _widened(response: np.ndarray | None, n_classes: int) -> np.ndarray | None:
    """Give classes that are not known a probability of 0."""
    if response is None or response.shape[1] >= n_classes:
        return response
    return np.pad(response, [(0, 0), (0, n_classes - response.shape[1])])


def plain(cell: Any) -> Any:
    """Turn a NumPy scalar into what Python shows without its type."""
    return cell.item() if isinstance(cell, np.generic) else cell


def numbers_of(name: Hashable, column: Column, source: str) -> np.ndarray:
    """Cells as floats, NaN where missing; an error names what is no number."""
    numbers = np.full(len(column), np.nan)
    if column.content == "category":
        if not len(column.observed):
            return numbers
        raise ValueError(
            f"Column {name!r} of {source} holds {plain(column.observed[0])!r}, which "
            "is no number, but is read as numbers. Pass numbers, or name a kind of "
            f"classes in task_types (e.g. {{{name!r}: 'multiclass'}})."
        )
    numbers[~column.missing] = column.observed.astype(np.float64)
    if np.isinf(numbers).any():
        raise ValueError(
            f"Column {name!r} of {source} holds {numbers[np.isinf(numbers)][0]}. "
            "Replace it by a number, or make the label missing."
        )
    return numbers


def _labels_of(name: Hashable, task: Task, column: Column, source: str) -> np.ndarray:
    """Numbers, or what the kind reads of labels."""
    if type(task).labels_of is Task.labels_of:
        return numbers_of(name, column, source)
    return task.labels_of(column)


# -- classes that have to be learned from the labels at hand -------------------------


def with_classes(
    task: Task,
    true: Column,
    predicted: Column | None,
    response: np.ndarray | None,
) -> Task:
    """Give a class task the classes of labels and predictions, unless it knows them.

    Where they do not fit the probabilities, declared categories may.
    """
    if not task.is_classifier:
        return task
    column = true if predicted is None else joined(true, predicted)
    if not hasattr(task, "classes_"):
        if predicted is not None:
            _refuse_fractions(task, predicted)
        unfitted, task = task, _fitted(task, column)
        n_levels = 0 if column.levels is None else len(column.levels)
        if response is not None and response.shape[1] == n_levels != len(
            known_classes(task)
        ):
            levels = levels_of(column)
            if isinstance(unfitted, Binary):
                unfitted = resolve_tasks([levels], None, default="classes")[0]
            task = _fitted(unfitted, levels)
    if response is None or response.shape[1] == len(known_classes(task)):
        return task
    known = known_classes(task).tolist()
    shown = ", ".join(map(repr, known[:8]))
    raise ValueError(
        f"There are probabilities of {response.shape[1]} classes for column "
        f"{true.name!r}, but {len(known)} are known: {shown}. Say all classes, in the "
        "order of the probabilities: pass "
        "sklearn_mtl.tasks.Multiclass(classes=[...]), or the tasks_ of the fitted "
        "estimator, as task_types."
    )


def _refuse_fractions(task: Task, predicted: Column) -> None:
    if predicted.content != "number" or predicted.values.dtype.kind != "f":
        return
    broken = predicted.observed[predicted.observed != np.rint(predicted.observed)]
    if len(broken):
        raise ValueError(
            f"y_pred holds {broken[0]:g} in column {predicted.name!r}, which is read "
            f"as {task.kind}. Pass predicted classes as y_pred and probabilities as "
            "y_proba; or say that the column holds numbers (e.g. "
            f"task_types={{{predicted.name!r}: 'regression'}})."
        )


def classes_task(name: Hashable, classes: np.ndarray) -> Task:
    """Make a task that knows these classes."""
    task: Task = Binary() if len(classes) <= 2 else Multiclass()
    return _fitted(task, column_of(name, classes))


def _fitted(task: Task, column: Column) -> Task:
    return clone(task).fit(column, (~column.missing).astype(np.float64))


def levels_of(column: Column) -> Column:
    """Make a column that holds each declared category once."""
    assert column.levels is not None
    none_missing = np.zeros(len(column.levels), dtype=bool)
    codes: np.ndarray = np.arange(len(column.levels))
    return replace(column, values=column.levels, missing=none_missing, codes=codes)


def joined(first: Column, second: Column) -> Column:
    """Put the cells of two columns one below the other, as one column."""
    if not len(second.observed):
        return first
    if not len(first.observed):
        return replace(second, name=first.name)
    missing = np.concatenate([first.missing, second.missing])
    if first.content == second.content != "category":
        values = np.concatenate([first.values, second.values])
        return Column(first.name, values, missing, first.content)
    values = np.concatenate([first.values.astype(object), second.values.astype(object)])
    declared = first if first.levels is not None else second
    if declared.levels is not None:
        index = {level: code for code, level in enumerate(declared.levels)}
        codes = np.full(len(values), -1, dtype=np.int64)
        cells = values[~missing].tolist()
        if all(cell in index for cell in cells):
            codes[~missing] = [index[cell] for cell in cells]
            return replace(
                declared, name=first.name, values=values, missing=missing, codes=codes
            )
    return Column(first.name, values, missing, "category")
