"""What teachers of columns say of the rows of a fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._reading import Table
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._teachers import (
    Teacher,
    read_teachers,
    rows_of,
    soft_codes,
)
from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import Column, read_groups, read_weight, take_rows
from sklearn_mtl.training import Fold, Members, SoftLabels


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the teachers of one column say.

    Attributes
    ----------
    t : int
        The column.
    said : ndarray of shape (F, n), or (F, n, C)
        Numbers in the units of y, or probabilities of classes, by the teacher of each
        fold, for rows with labels and then those without; NaN where there is no
        teacher.
    of_validation : ndarray of shape (F, m), or (F, m, C), or None
        The same of rows that all members stop on.
    soft : SoftLabels
        What is learned from.
    """

    t: int
    said: np.ndarray
    of_validation: np.ndarray | None
    soft: SoftLabels

    @property
    def taught_share(self) -> float:
        """Share of the rows, by fold, that have a soft label."""
        return float((self.soft.weight > 0).mean())


@dataclass(frozen=True, eq=False)
class Lessons:
    """What all teachers say.

    Attributes
    ----------
    rows : Rows
        Those with labels, and then those without any that are taught.
    of_columns : list of Lesson
    """

    rows: Rows
    of_columns: list[Lesson]


def check_can_teach(estimator: Any, starts_anew: bool, holds_out: bool) -> None:
    """Raise where it cannot be told how much teachers help.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
    starts_anew : bool
        Whether no earlier fit is gone on with.
    holds_out : bool
        Whether rows are held out.
    """
    if not starts_anew:
        raise ValueError(
            "teachers are weighed by a fit that starts anew, and this one goes on with "
            "an earlier one. Set warm_start=False, or teachers=None."
        )
    if not holds_out:
        raise ValueError(
            "teachers are weighed by rows that are held out of training, and none are "
            "here. Call fit with early_stopping=True, cv, groups or X_val and y_val; "
            "or set teachers=None."
        )
    if estimator.auxiliary is not None:
        raise ValueError(
            "teachers are weighed by columns that are predicted, and auxiliary ones "
            "are not. Set teachers=None, or auxiliary=None."
        )
    if estimator.reconstruction is not None:
        raise ValueError(
            "teachers and reconstruction both say what rows without labels are good "
            "for. Set one of them to None."
        )


def learn_lessons(
    estimator: Any,
    codings: Codings,
    table: Table,
    rows: Rows,
    validation: Rows | None,
    members: Members,
    seed: int,
) -> Lessons:
    """Fit a teacher for each fold, and ask it for all rows.

    A teacher sees the labels of the rows that members of its fold train on, and of no
    others: what it says elsewhere tells nothing of labels that these members are
    judged by.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
    codings : Codings
    table : Table
    rows : Rows
        Those of the table that have labels.
    validation : Rows or None
        Rows to stop on, where members hold out none of `rows`.
    members : Members
    seed : int
    """
    teachers = read_teachers(estimator.teachers, codings.tasks)
    folds = members.folds or (Fold(None, np.empty(0, dtype=np.int64)),)
    others = _rows_without_labels(estimator, table, rows)
    everything = _with_rows(table, rows, others) if len(others) else rows
    may_learn = _may_learn(table, rows, others, folds)
    of_cells = _weight_of_cells(table, everything)
    lessons = []
    for t, teacher in teachers.items():
        gaps = everything.columns[t].missing * of_cells[:, t]
        if not gaps.any():
            warn(
                f"teachers names column {teacher.task.name_!r}, of which no label is "
                "missing: there is nothing to teach. Leave it out."
            )
            continue
        if not teacher.task.prior_cost_:
            continue  # labels that are all alike, or none
        said, beside = _said_by_fold(teacher, t, everything, validation, folds, seed)
        has_teacher = ~np.isnan(said.reshape(*said.shape[:2], -1)[..., 0])
        soft = SoftLabels(
            task=t,
            codes=np.array([soft_codes(teacher.task, own) for own in said]),
            weight=gaps * has_teacher * may_learn,
            of_class=_weight_of_classes(teacher, rows, t),
        )
        lessons.append(Lesson(t, said, beside, soft))
    return Lessons(everything, lessons)


def _rows_without_labels(estimator: Any, table: Table, rows: Rows) -> np.ndarray:
    """Positions of rows that have no label; none where `cv` says which rows are used.

    A splitter sees rows with labels alone, so that nobody has said whether the others
    come before or after what is held out.
    """
    if not (estimator.cv is None or isinstance(estimator.cv, Integral)):
        return np.empty(0, dtype=np.int64)
    is_other = np.ones(rows.n_passed, dtype=bool)
    is_other[rows.positions] = False
    if table.sample_weight is not None:
        names = [column.name for column in rows.columns]
        weight = read_weight(table.sample_weight, rows.n_passed, names)
        is_other &= weight.any(axis=1)
    return np.flatnonzero(is_other)


def _with_rows(table: Table, rows: Rows, others: np.ndarray) -> Rows:
    """Add rows without labels."""
    positions = np.concatenate([rows.positions, others])
    nothing = np.zeros((len(others), len(rows.columns)))
    return replace(
        rows,
        X=take_rows(table.X, positions),
        columns=[_with_missing(column, len(others)) for column in rows.columns],
        scoring_weight=np.concatenate([rows.scoring_weight, nothing]),
        training_weight=np.concatenate([rows.training_weight, nothing]),
        positions=positions,
        groups=None,
    )


def _with_missing(column: Column, n_rows: int) -> Column:
    """Add rows in which there is no label."""
    index = np.append(np.arange(len(column)), np.zeros(n_rows, dtype=np.int64))
    is_added = np.arange(len(index)) >= len(column)
    longer = column.take(index)
    return replace(longer, missing=longer.missing | is_added)


def _may_learn(
    table: Table, rows: Rows, others: np.ndarray, folds: tuple[Fold, ...]
) -> np.ndarray:
    """Tell which rows members of each fold may be taught, (F, n).

    Rows without labels of a group that is held out belong to it.
    """
    may = np.ones((len(folds), len(rows) + len(others)), dtype=bool)
    for own, fold in zip(may, folds, strict=True):
        own[: len(rows)] = fold.trains_on(len(rows))
    if rows.groups is not None and len(others):
        needs_one = np.zeros(rows.n_passed, dtype=bool)
        groups = read_groups(table.groups, needs_one).codes
        for own, fold in zip(may, folds, strict=True):
            held_out = groups[rows.positions[fold.held_out]]
            own[len(rows) :] = ~np.isin(groups[others], held_out)
    return may


def _weight_of_cells(table: Table, rows: Rows) -> np.ndarray:
    """Weight (n, T) of each label, missing or not."""
    shape = len(rows), len(rows.columns)
    if table.sample_weight is None:
        return np.ones(shape)
    names = [column.name for column in rows.columns]
    weight = read_weight(table.sample_weight, rows.n_passed, names)
    of_rows: np.ndarray = weight[rows.positions]
    return of_rows


def _said_by_fold(
    teacher: Teacher,
    t: int,
    rows: Rows,
    validation: Rows | None,
    folds: tuple[Fold, ...],
    seed: int,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Ask the teacher of each fold for all rows, and for those to stop on."""
    said: list[np.ndarray | None] = []
    beside: list[np.ndarray | None] = []
    for own in _teacher_of_folds(teacher, t, rows, folds, seed):
        for X, parts in ((rows.X, said), (getattr(validation, "X", None), beside)):
            if X is not None:
                parts.append(None if own is None else own.says(X))
    n_folds = len(folds)
    of_validation = None
    if validation is not None:
        of_validation = _stacked(beside, n_folds, len(validation), teacher)
    return _stacked(said, n_folds, len(rows), teacher), of_validation


def _teacher_of_folds(
    teacher: Teacher, t: int, rows: Rows, folds: tuple[Fold, ...], seed: int
) -> Iterator[Teacher | None]:
    """Teacher of each fold; once, where all have the same."""
    if teacher.is_fitted:
        yield teacher
        return
    task, column = teacher.task, rows.columns[t]
    labels = np.asarray(
        task.encode(column) if task.is_classifier else task.labels_of(column)
    )
    known = ~np.isnan(labels) & (rows.scoring_weight[:, t] > 0)
    if task.is_classifier:
        codes = np.where(known, labels, 0).astype(np.int64)
        labels = task.classes_[codes]
    for f, fold in enumerate(folds):
        index = np.flatnonzero(known & fold.trains_on(len(rows)))
        yield teacher.taught(
            rows_of(rows.X, index, len(rows)),
            labels[index],
            rows.scoring_weight[index, t],
            np.random.default_rng([seed, t, f]),
        )


def _stacked(
    parts: list[np.ndarray | None], n_folds: int, n_rows: int, teacher: Teacher
) -> np.ndarray:
    """Stack what teachers say (n_folds, n_rows, ...); NaN of folds without one."""
    n_classes = (len(teacher.task.classes_),) if teacher.task.is_classifier else ()
    nothing = np.full((n_rows, *n_classes), np.nan)
    found = np.array([nothing if part is None else part for part in parts])
    return np.broadcast_to(found, (n_folds, *found.shape[1:]))


def _weight_of_classes(teacher: Teacher, rows: Rows, t: int) -> np.ndarray:
    """Factor of the weight of a label in training: (C,), or of one for numbers."""
    counts = rows.scoring_weight[:, t] > 0
    factor = rows.training_weight[counts, t] / rows.scoring_weight[counts, t]
    if not teacher.task.is_classifier:
        return factor[:1]
    of_class = np.ones(len(teacher.task.classes_))
    codes = np.asarray(teacher.task.encode(rows.columns[t]))[counts]
    known = ~np.isnan(codes)
    of_class[codes[known].astype(np.int64)] = factor[known]
    return of_class
