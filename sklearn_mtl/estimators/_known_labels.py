"""Labels that are known of new rows, and what they say of the others."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_mtl.estimators._held_out import exact_numbers
from sklearn_mtl.estimators._reading import read_y
from sklearn_mtl.joint import HeldOutLabels
from sklearn_mtl.tables import Column, TargetTable
from sklearn_mtl.tasks import (
    Task,
    agreed_responses,
    completed_labels,
    label_limits,
)


@dataclass(frozen=True, eq=False)
class Told:
    """Predictions of all columns that know of some labels.

    Attributes
    ----------
    labels : ndarray of shape (n, T)
        Numbers and class codes that are known; NaN where not.
    responses : list of ndarray of shape (n, m)
        Probabilities of classes, 0 or 1 where the label is known; predictions of
        numbers first, which are the known labels where there are any.
    std_left : ndarray of shape (n, T)
        Share of a number's standard deviation that is left once labels are known, 0
        where it is itself.
    moved : ndarray of shape (n, T)
        How far known labels moved the prediction of a number.
    limits : ndarray of shape (2, n, T)
        Least and greatest label that there may be beside the known ones.
    """

    labels: np.ndarray
    responses: list[np.ndarray]
    std_left: np.ndarray
    moved: np.ndarray
    limits: np.ndarray

    def predictions(self, tasks: list[Task]) -> list[np.ndarray]:
        """One array of predictions (n,) a column; known labels come back as given."""
        found = []
        for t, (task, response) in enumerate(zip(tasks, self.responses, strict=True)):
            prediction = task.predict(response)
            if not task.is_classifier:
                given = self.labels[:, t]
                prediction = np.where(np.isnan(given), prediction, given)
            found.append(prediction)
        return found

    def intervals(
        self, lower: list[np.ndarray], upper: list[np.ndarray]
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Move and shorten intervals that know of no label, one (n,) a column."""
        moved = []
        for t, (low, high) in enumerate(zip(lower, upper, strict=True)):
            given, left = self.labels[:, t], self.std_left[:, t]
            with np.errstate(invalid="ignore"):
                middle, reach = 0.5 * (low + high), 0.5 * (high - low) * left
            middle = middle + self.moved[:, t]
            changed = np.isfinite(reach) & ((left != 1.0) | (self.moved[:, t] != 0.0))
            ends = (
                np.where(changed, middle - reach, low),
                np.where(changed, middle + reach, high),
            )
            ends = np.clip(ends, *self.limits[:, :, t])
            moved.append([np.where(np.isnan(given), end, given) for end in ends])
        return [ends[0] for ends in moved], [ends[1] for ends in moved]


def held_out_labels(estimator: Any, what: str) -> HeldOutLabels:
    """Give what is known of held-out rows, or raise where there are none."""
    found: HeldOutLabels | None = estimator._held_out_labels
    if found is None:
        raise ValueError(
            f"{what} rests on rows that members held out of training, and there are "
            "none. Fit with early_stopping=True, or pass X_val and y_val to fit."
        )
    return found


def told_by(estimator: Any, X: Any, y_known: Any) -> Told:
    """Predict rows of X, of which some labels are known.

    Parameters
    ----------
    estimator : fitted MultiTaskNetEstimator or a sibling
    X : data frame, array or CSR matrix of shape (n, n_features)
    y_known : data frame of some columns of y, or array of shape (n, T)
        Missing where a label is not known.
    """
    record = held_out_labels(estimator, "y_known")
    responses = estimator.stack_.responses(X)
    labels = read_known(estimator.tasks_, y_known, len(responses[0]))
    known = ~np.isnan(labels)
    rows = np.flatnonzero(known.any(axis=1))
    found, left = record.copula.updated(
        labels[rows], [response[rows] for response in responses]
    )
    told = [np.array(response, dtype=np.float64) for response in responses]
    std_left, moved = np.ones(labels.shape), np.zeros(labels.shape)
    for t, task in enumerate(estimator.tasks_):
        given = np.flatnonzero(known[:, t])
        if task.is_classifier:
            told[t][rows] = found[t]
            told[t][given] = np.eye(told[t].shape[1])[labels[given, t].astype(int)]
            continue
        told[t][rows, 0] = found[t][:, 0]
        std_left[rows, t] = left[:, t]
        std_left[given, t] = 0.0
    told = agreed_responses(estimator.tasks_, labels, told)
    for t, task in enumerate(estimator.tasks_):
        if not task.is_classifier:
            moved[:, t] = told[t][:, 0] - responses[t][:, 0]
    limits = label_limits(estimator.tasks_, labels)
    return Told(labels, told, std_left, moved, limits)


def read_known(tasks: list[Task], y_known: Any, n_rows: int) -> np.ndarray:
    """Numbers and class codes (n_rows, T) of known labels; NaN where not known.

    Known are those that follow from others, too.
    """
    table = _read(y_known, n_rows)
    names = [task.name_ for task in tasks]
    labels = np.full((n_rows, len(tasks)), np.nan)
    for t, column in zip(_positions(table, names), table.columns, strict=True):
        labels[:, t] = _labels(tasks[t], column)
    try:
        return completed_labels(tasks, labels)
    except ValueError as error:
        raise ValueError(f"y_known does not fit together. {error}") from error


def _read(y_known: Any, n_rows: int) -> TargetTable:
    try:
        return read_y(y_known, n_rows, name="y_known")
    except (TypeError, ValueError) as error:
        if "y_known" in str(error):
            raise
        raise type(error)(f"y_known cannot be read as y. {error}") from error


def _positions(table: TargetTable, names: list[Hashable]) -> list[int]:
    """Which columns of y the known ones are: by name in a frame, else all in order."""
    by_name = table.container.is_frame or table.columns[0].name not in (0, None)
    if not by_name:
        if len(table.columns) != len(names):
            raise ValueError(
                f"y_known has {len(table.columns)} columns, but {len(names)} are "
                f"predicted: {names}. Pass all of these, missing where not known; or a "
                "data frame with the known ones."
            )
        return list(range(len(names)))
    for name in table.names:
        if name not in names:
            raise ValueError(
                f"y_known has the column {name!r}, which is none of the columns that "
                f"are predicted: {names}. Pass some of these."
            )
        if table.names.count(name) > 1:
            raise ValueError(
                f"y_known has the column {name!r} more than once. Pass each column "
                "once."
            )
    return [names.index(name) for name in table.names]


def _labels(task: Task, column: Column) -> np.ndarray:
    """Numbers or class codes (n,) of one column."""
    if task.is_classifier:
        _refuse_unseen_classes(task, column)
    try:
        codes = task.encode(column)
        labels = codes if task.is_classifier else task.labels_of(column)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y_known cannot be read. {error}") from error
    numbers = exact_numbers(np.asarray(labels, dtype=np.float64))
    bounds = np.isnan(numbers) & ~column.missing
    if bounds.any():
        raise ValueError(
            f"Column {task.name_!r} of y_known holds "
            f"{column.values[bounds].tolist()[0]!r}, which is only a bound. Pass "
            "numbers that are known, and make the others missing."
        )
    return numbers


def _refuse_unseen_classes(task: Any, column: Column) -> None:
    codes, levels = column.factorize()
    seen = set(task.classes_.tolist())
    for code in np.unique(codes[codes >= 0]):
        if levels[code] not in seen:
            raise ValueError(
                f"Column {task.name_!r} of y_known holds the label {levels[code]!r}, "
                f"which fit did not see: {task.classes_.tolist()[:8]}. Make it missing "
                "where it is not known."
            )
