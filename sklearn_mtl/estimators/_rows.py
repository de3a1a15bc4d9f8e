"""The rows that a fit learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_mtl.estimators._reading import Table, n_rows_of
from sklearn_mtl.tables import Column, RowGroups, read_groups, take_rows
from sklearn_mtl.tasks import Task, completed_columns, weigh_classes


@dataclass(frozen=True)
class Rows:
    """Rows of X with their labels, not yet encoded.

    Attributes
    ----------
    X : data frame, ndarray or CSR matrix
    columns : list of Column
        Those of y.
    scoring_weight : ndarray of shape (n, n_tasks)
        Weight of each label, 0 where it is missing.
    training_weight : ndarray of shape (n, n_tasks)
        The same times the weight of the label's class.
    positions : int ndarray of shape (n,)
        Which rows of the user's X they are.
    n_passed : int
        Number of rows of the user's X.
    decoded : DecodedRows or None
        All rows of X, where the network learns to reconstruct them.
    passed_X, passed_y : any container of n_passed rows
        As the user passed them.
    groups : RowGroups or None
        Which rows belong together.
    n_streamed : int or None
        Number of rows of a stream that these are a sample of.
    """

    X: Any
    columns: list[Column]
    scoring_weight: np.ndarray
    training_weight: np.ndarray
    positions: np.ndarray
    n_passed: int
    decoded: DecodedRows | None = None
    passed_X: Any = None
    passed_y: Any = None
    groups: RowGroups | None = None
    n_streamed: int | None = None

    def __len__(self) -> int:
        return len(self.scoring_weight)

    @property
    def n_read(self) -> int:
        """Number of rows that training reads, with labels or without."""
        if self.n_streamed is not None:
            return self.n_streamed
        return len(self) + (0 if self.decoded is None else len(self.decoded.others))

    @property
    def left_out(self) -> np.ndarray:
        """Positions of the rows from which nothing is learned."""
        learned = np.zeros(self.n_passed, dtype=bool)
        learned[self.positions] = True
        if self.decoded is not None:
            learned[self.decoded.others] = True
        return np.flatnonzero(~learned)

    def of_columns(self, positions: Sequence[int]) -> Rows:
        """Give the same rows with the labels of some columns."""
        if len(positions) == len(self.columns):
            return self
        return replace(
            self,
            columns=[self.columns[t] for t in positions],
            scoring_weight=self.scoring_weight[:, positions],
            training_weight=self.training_weight[:, positions],
        )

    def completed(self, tasks: list[Task]) -> Rows:
        """Fill in labels that follow from others of their row."""
        columns, weight = completed_columns(
            tasks, self.columns, self.scoring_weight, self.positions
        )
        if weight is self.scoring_weight:
            return self
        return replace(
            self, columns=columns, scoring_weight=weight, training_weight=weight
        )

    def weighed(self, tasks: list[Task], class_weight: Any) -> Rows:
        """Weigh labels by their classes too, for training."""
        weight = weigh_classes(self.scoring_weight, tasks, self.columns, class_weight)
        return replace(self, training_weight=weight)


@dataclass(frozen=True)
class DecodedRows:
    """All rows of X, and how much each counts in its reconstruction.

    Attributes
    ----------
    weight : ndarray of shape (n_passed,)
        Rows of weight 0 are left out, if they have no label.
    others : int ndarray
        Rows without a label that counts.
    """

    weight: np.ndarray
    others: np.ndarray


def labelled_rows(table: Table) -> Rows:
    """Take the rows that have a label which counts.

    Nothing is learned from the others, so that a masked label and a dropped row are
    the same; a network that decodes its input learns from them too.
    """
    counts = table.scoring_weight > 0
    has_label = np.asarray(counts.any(axis=1))
    rows = np.flatnonzero(has_label)
    if not len(rows):
        raise ValueError(
            "y holds no label that counts: every label is missing or has weight 0. "
            "Pass at least one label."
        )
    everything = len(rows) == len(counts)
    weight = table.scoring_weight if everything else table.scoring_weight[rows]
    decoded = None
    if table.row_weight is not None:
        is_other = table.row_weight > 0
        is_other[rows] = False
        decoded = DecodedRows(table.row_weight, np.flatnonzero(is_other))
    return Rows(
        X=table.X if everything else take_rows(table.X, rows),
        columns=[
            column.keep(counts[:, t], rows) for t, column in enumerate(table.y.columns)
        ],
        scoring_weight=weight,
        training_weight=weight,
        positions=rows,
        n_passed=len(counts),
        decoded=decoded,
        passed_X=table.X,
        passed_y=table.passed_y,
        groups=None
        if table.groups is None
        else read_groups(table.groups, has_label).take(rows),
        n_streamed=table.n_streamed,
    )


def validation_rows(table: Table) -> Rows:
    """Take all rows of X_val, labelled or not."""
    if not table.scoring_weight.any():
        raise ValueError("y_val holds no label. Pass at least one, or no y_val.")
    n_rows = n_rows_of(table.X)
    return Rows(
        X=table.X,
        columns=table.y.columns,
        scoring_weight=table.scoring_weight,
        training_weight=table.scoring_weight,
        positions=np.arange(n_rows),
        n_passed=n_rows,
        passed_X=table.X,
    )
