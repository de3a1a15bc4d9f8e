"""How X and y are turned into numbers and back, learned from the rows of a fit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_mtl.estimators._layer_sizes import has_hidden_layers
from sklearn_mtl.estimators._reading import read_X, reader_of
from sklearn_mtl.estimators._reconstruction import check_decodable
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._watched import watch_weights
from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import (
    Bins,
    Column,
    Container,
    DecodedColumns,
    FeatureEncoder,
    Roles,
    RowMaker,
    all_but,
    decoded_columns,
    learn_bins,
    read_roles,
    rebuild_beside,
    rebuild_draws,
    refuse_unreadable_rows,
    take_rows,
    warn_of_extreme_labels,
)
from sklearn_mtl.tasks import (
    Task,
    groups_of,
    per_column,
    telling_labels,
    weight_of_loss,
)


@dataclass(frozen=True, eq=False)
class Codings:
    """What a fit learned about the columns of X and y; later fits may go on with it.

    Attributes
    ----------
    tasks : list of Task
        Fitted, one for each column of y, those included that are not predicted.
    labels : ndarray of shape (n_tasks,)
        How many labels of each column tell something.
    task_share : ndarray of shape (n_tasks,)
        Weight of each task's loss; they sum to 1.
    container : Container
        Puts predictions into the kind of container that y was, without the columns
        that are not predicted.
    reader : estimator
        Checks a later X.
    encoder : FeatureEncoder
        Encodes X.
    bins : Bins or None
        Bins of the numeric columns of X.
    decoded : DecodedColumns or None
        What a decoder predicts of the encoded X; None without one.
    row_maker : RowMaker or None
        Turns what a generative network draws into rows of X.
    auxiliary : tuple of int
        Positions of the columns of y that are known in training only.
    """

    tasks: list[Task]
    labels: np.ndarray
    task_share: np.ndarray
    container: Container
    reader: BaseEstimator
    encoder: FeatureEncoder
    bins: Bins | None
    decoded: DecodedColumns | None
    row_maker: RowMaker | None
    auxiliary: tuple[int, ...] = ()

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns of y."""
        return [task.name_ for task in self.tasks]

    @property
    def roles(self) -> Roles:
        """Which columns of y are predicted."""
        return Roles(self.names, self.auxiliary)

    @property
    def predicted(self) -> Sequence[int]:
        """Positions in `tasks` of the columns that are predicted."""
        return all_but(self.auxiliary, len(self.tasks))

    @property
    def predicted_tasks(self) -> list[Task]:
        """Tasks of the columns that are predicted, in the order of predictions."""
        if not self.auxiliary:
            return self.tasks
        return [self.tasks[t] for t in self.predicted]

    @property
    def n_inputs(self) -> int:
        """Numbers that the network reads of a row, those in bins too."""
        n_bins = 0 if self.bins is None else len(self.bins.feature)
        return int(self.encoder.n_features_out_) + n_bins

    @property
    def watched(self) -> np.ndarray:
        """How much each column counts where members stop, beside its share, (T,)."""
        return watch_weights(self.task_share, self.labels, self.predicted)

    def read_X(self, X: Any) -> Any:
        """Check a later X."""
        return read_X(self.reader, X, reset=False)

    def without_names(self) -> Codings:
        """Read X by position, whatever its columns are called."""
        reader = copy(self.reader)
        vars(reader).pop("feature_names_in_", None)
        return replace(self, reader=reader)

    def rebuild(self, columns: Sequence[np.ndarray], rows: Any) -> Any:
        """Put predictions (n,) of the predicted tasks into the container of y."""
        labels = [task.is_classifier for task in self.predicted_tasks]
        return rebuild_beside(self.container, columns, rows, labels)

    def rebuild_draws(self, columns: Sequence[np.ndarray], rows: Any) -> Any:
        """Put draws (n, n_samples) of each task into the container of y."""
        labels = [task.is_classifier for task in self.predicted_tasks]
        return rebuild_draws(self.container, columns, rows, labels)

    def rebuild_numbers(self, columns: Sequence[np.ndarray], rows: Any) -> Any:
        """Put what is no label, but a number of each task, into the container of y."""
        return rebuild_beside(self.container, columns, rows, labels=False)


def learn_codings(
    estimator: Any, rows: Rows, tasks: list[Task], container: Container
) -> Codings:
    """Learn from the rows of a first fit.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
    rows : Rows
    tasks : list of Task
        Not fitted.
    container : Container
        That of y.
    """
    names = [column.name for column in rows.columns]
    roles = read_roles(estimator.auxiliary, names)
    for task, column, weight in zip(
        tasks, rows.columns, rows.training_weight.T, strict=True
    ):
        if task.group_position is None:
            task.fit(column, weight)
        _warn_of_labels(task, column, weight)
    for group, own in groups_of(tasks):
        group.fit(
            [tasks[t] for t in own],
            [rows.columns[t] for t in own],
            rows.training_weight[:, own],
        )
    labels = np.array(list(map(telling_labels, tasks, rows.training_weight.T)))
    task_share = _task_share(estimator.task_weights, tasks, labels)
    everywhere = _weight_to_encode_by(rows)
    encoder = FeatureEncoder(
        estimator.categorical_features,
        scale_inputs=estimator.scale_inputs,
        max_categories=estimator.max_categories,
    ).fit(rows.passed_X, everywhere)
    refuse_unreadable_rows(encoder, rows.passed_X, rows.left_out)
    X, weight = _without_left_out(rows, everywhere)
    n_bins = estimator.n_bins
    if n_bins == "auto" and not has_hidden_layers(estimator, names):
        n_bins = 0  # a linear network is to be one
    decoded = row_maker = None
    reconstruction = estimator.reconstruction
    if reconstruction is not None and rows.decoded is not None:
        decoded = decoded_columns(encoder)
        check_decodable(decoded, len(weight))
        if reconstruction.generative:
            row_maker = RowMaker(rows.passed_X, encoder)
    return Codings(
        tasks=tasks,
        labels=labels,
        task_share=task_share,
        container=container.select(roles.predicted),
        reader=reader_of(estimator),
        encoder=encoder,
        bins=learn_bins(encoder, X, weight, n_bins),
        decoded=decoded,
        row_maker=row_maker,
        auxiliary=roles.auxiliary,
    )


def with_task_weights(codings: Codings, task_weights: Any) -> Codings:
    """Weigh the tasks anew."""
    share = _task_share(task_weights, codings.tasks, codings.labels)
    return replace(codings, task_share=share)


def _warn_of_labels(task: Task, column: Column, weight: np.ndarray) -> None:
    if not weight.any():
        warn(
            f"Column {column.name!r} of y has no label that counts; it is predicted "
            "as missing. Drop the column, or use folds in which each column has "
            "labels."
        )
    elif not task.is_classifier:
        warn_of_extreme_labels(column, weight > 0)


def _weight_to_encode_by(rows: Rows) -> np.ndarray:
    """Weight (n_passed,) of each row in the encoding of X, 0 where it is left out.

    That of a row with labels is the mean weight of these.
    """
    labelled = (rows.scoring_weight > 0).sum(axis=1)
    everywhere = np.zeros(rows.n_passed)
    if rows.decoded is not None:
        everywhere[rows.decoded.others] = rows.decoded.weight[rows.decoded.others]
    everywhere[rows.positions] = rows.scoring_weight.sum(axis=1) / labelled
    return everywhere


def _without_left_out(rows: Rows, weight: np.ndarray) -> tuple[Any, np.ndarray]:
    """Rows that the encoding of X is learned from, and their weights."""
    read = np.flatnonzero(weight)
    if len(read) == len(rows):
        return rows.X, weight[read]
    if len(read) == rows.n_passed:
        return rows.passed_X, weight
    return take_rows(rows.passed_X, read), weight[read]


def _task_share(task_weights: Any, tasks: list[Task], labels: np.ndarray) -> np.ndarray:
    """Weights of the tasks, as shares that sum to 1."""
    if isinstance(task_weights, str) and task_weights == "auto":
        values = weight_of_loss(labels)
    else:
        values = _weights_said(task_weights, [task.name_ for task in tasks])
        for group, own in groups_of(tasks):
            group.check_weights([tasks[t] for t in own], values[own])
    share: np.ndarray = values / values.sum()
    return share


def _weights_said(task_weights: Any, names: list[Hashable]) -> np.ndarray:
    """Weight of each task, 1 where it has none."""
    values = np.ones(len(names))
    weights = per_column(task_weights, names, "task_weights")
    for t, (weight, name) in enumerate(zip(weights, names, strict=True)):
        if weight is None:
            continue
        if not isinstance(weight, int | float | np.number) or not (
            0 <= weight < np.inf
        ):
            raise ValueError(
                f"task_weights says {weight!r} for column {name!r}. Weights must be "
                "finite numbers of at least 0; or pass 'auto' for all columns."
            )
        values[t] = weight
    if not values.any():
        raise ValueError(
            "task_weights is 0 for every column of y. Give at least one column a "
            "weight above 0."
        )
    return values
