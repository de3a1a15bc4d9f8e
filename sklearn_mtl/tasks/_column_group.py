"""Kinds of several columns of y that belong together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._base import Task


class ColumnGroup(BaseEstimator):
    """What several columns mean together, of which each stays a task of its own.

    The tasks of a group hold it as `group`, beside the names of its columns and their
    own position among these. Its methods take what is known of these columns in that
    order, and hold the columns to their relation.
    """

    kind: ClassVar[str]

    @abstractmethod
    def task_of(self, columns: tuple[Hashable, ...], position: int) -> Task:
        """Make the unfitted task of one column."""

    @abstractmethod
    def completed(
        self, tasks: Sequence[Any], columns: Sequence[Column], rows: np.ndarray
    ) -> list[Column]:
        """Fill in the labels that follow from others of their row.

        Parameters
        ----------
        tasks : sequence of Task
            Of the group's columns, fitted or not.
        columns : sequence of Column
            Labels that do not count are missing.
        rows : int ndarray of shape (n,)
            How the user counts the rows.

        Raises
        ------
        ValueError
            Labels of a row contradict each other.
        """

    @abstractmethod
    def fit(
        self, tasks: Sequence[Any], columns: Sequence[Column], weight: np.ndarray
    ) -> None:
        """Fit the tasks of the group to labels, of weights (n, m)."""

    def check_weights(self, tasks: Sequence[Any], weight: np.ndarray) -> None:
        """Raise where the weights (m,) of the losses leave a column undefined."""

    @abstractmethod
    def completed_codes(self, tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
        """Fill in numbers or class codes (n, m) that follow from others; NaN if none.

        Raises
        ------
        ValueError
            Labels of a row contradict each other.
        """

    @abstractmethod
    def agreed(
        self,
        tasks: Sequence[Any],
        labels: np.ndarray,
        responses: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """Hold responses (n, r) to the relation, and to labels that are known.

        Parameters
        ----------
        tasks : sequence of Task
        labels : ndarray of shape (n, m)
            Numbers or class codes; NaN where not known.
        responses : sequence of ndarray of shape (n, r)
            One for each column; of numbers their first entry is read.
        """

    @abstractmethod
    def agreed_draws(
        self,
        tasks: Sequence[Any],
        labels: np.ndarray,
        drawn: Sequence[np.ndarray],
        responses: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """Hold draws (n, n_samples) of each column to the relation; as `agreed`."""

    def limits(self, tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
        """Least and greatest label that each column may have, (2, n, m)."""
        return own_limits(tasks, labels)


def own_limits(tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
    """Limits (2, n, m) of labels that no other label bounds."""
    limits = np.transpose([task.limits for task in tasks])
    return np.repeat(limits[:, np.newaxis], len(labels), axis=1)


def groups_of(tasks: Sequence[Any]) -> list[tuple[ColumnGroup, list[int]]]:
    """Find the groups of some tasks, and the positions of their tasks in its order."""
    found: dict[tuple[Hashable, ...], list[int]] = {}
    for t, task in enumerate(tasks):
        if task.group_position is not None:
            found.setdefault(task.columns, []).append(t)
    return [
        (tasks[own[0]].group, sorted(own, key=lambda t: tasks[t].group_position))
        for own in found.values()
    ]


def completed_columns(
    tasks: Sequence[Any], columns: Sequence[Column], weight: np.ndarray, rows: Any
) -> tuple[list[Column], np.ndarray]:
    """Fill in the labels that follow from others of their row.

    Parameters
    ----------
    tasks : sequence of Task
    columns : sequence of Column
    weight : ndarray of shape (n, n_tasks)
        0 where a label is missing.
    rows : int ndarray of shape (n,)
        How the user counts the rows.

    Returns
    -------
    columns : list of Column
    weight : ndarray of shape (n, n_tasks)
        A label that was filled in weighs as much as those of its row that imply it, on
        average.
    """
    columns = list(columns)
    for group, own in groups_of(tasks):
        before = [
            columns[t].keep(weight[:, t] > 0, np.arange(len(weight))) for t in own
        ]
        after = group.completed([tasks[t] for t in own], before, rows)
        filled = np.column_stack(
            [old.missing & ~new.missing for old, new in zip(before, after, strict=True)]
        )
        if filled.any():
            known = np.column_stack([~old.missing for old in before])
            mean = (weight[:, own] * known).sum(axis=1) / np.maximum(known.sum(1), 1)
            weight = weight.copy()
            weight[:, own] = np.where(filled, mean[:, np.newaxis], weight[:, own])
        for t, column in zip(own, after, strict=True):
            columns[t] = column
    return columns, weight


def completed_labels(tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
    """Fill in numbers and class codes (n, n_tasks) that follow from others."""
    labels = labels.copy()
    for group, own in groups_of(tasks):
        labels[:, own] = group.completed_codes([tasks[t] for t in own], labels[:, own])
    return labels


def agreed_responses(
    tasks: Sequence[Any], labels: np.ndarray, responses: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Hold responses of columns that belong together to their relation.

    Parameters
    ----------
    tasks : sequence of Task
    labels : ndarray of shape (n, n_tasks)
        Numbers and class codes that are known; NaN where not.
    responses : sequence of ndarray of shape (n, r)
    """
    found = list(responses)
    for group, own in groups_of(tasks):
        agreed = group.agreed(
            [tasks[t] for t in own], labels[:, own], [found[t] for t in own]
        )
        for t, response in zip(own, agreed, strict=True):
            found[t] = response
    return found


def agreed_draws(
    tasks: Sequence[Any],
    labels: np.ndarray,
    drawn: Sequence[np.ndarray],
    responses: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """Hold draws (n, n_samples) of columns to the relation of their groups."""
    found = list(drawn)
    for group, own in groups_of(tasks):
        agreed = group.agreed_draws(
            [tasks[t] for t in own],
            labels[:, own],
            [found[t] for t in own],
            [responses[t] for t in own],
        )
        for t, of_task in zip(own, agreed, strict=True):
            found[t] = of_task
    return found


def label_limits(tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
    """Least and greatest label that each column may have beside known ones, (2, n, T).

    Infinite where nothing bounds them.
    """
    limits = own_limits(tasks, labels)
    for group, own in groups_of(tasks):
        limits[:, :, own] = group.limits([tasks[t] for t in own], labels[:, own])
    return limits
