"""Teachers of columns: other estimators, and what they say of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklearn_mtl.tables import Column, take_rows
from sklearn_mtl.tasks import Task, per_column

LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Teacher:
    """A user's estimator of one column.

    Parameters
    ----------
    estimator : estimator
        As the user passed it; it is left as it is.
    task : Task
        Fitted to the column.
    """

    estimator: Any
    task: Task

    @property
    def is_fitted(self) -> bool:
        """Whether it is used as it is."""
        try:
            check_is_fitted(self.estimator)
        except (NotFittedError, TypeError):
            return False
        return True

    def taught(
        self, X: Any, labels: np.ndarray, weight: np.ndarray, seeds: np.random.Generator
    ) -> Teacher | None:
        """Fit a copy to labels (n,); None where they are all alike.

        Parameters
        ----------
        X : data frame, array or CSR matrix of n rows
        labels : ndarray of shape (n,)
            As users know them.
        weight : ndarray of shape (n,)
        seeds : numpy.random.Generator
            Seeds what has no `random_state` of its own.
        """
        if len(labels) < 2 or (labels == labels[0]).all():
            return None
        own = clone(self.estimator)
        _seed(own, seeds)
        how = {}
        if (weight != weight[0]).any():
            how = {self._name_of_weight(): weight}
        try:
            own.fit(X, labels, **how)
        except Exception as error:
            raise ValueError(
                f"{self._said()} cannot be fitted to {len(labels)} rows: {error} It is "
                "given X as it was passed; where it cannot read strings or missing "
                "cells, make it a Pipeline that encodes them."
            ) from error
        return Teacher(own, self.task)

    def says(self, X: Any) -> np.ndarray:
        """Predict numbers (n,), or probabilities (n, C) of the task's classes."""
        try:
            if not self.task.is_classifier:
                found = np.asarray(self.estimator.predict(X), dtype=np.float64)
            elif hasattr(self.estimator, "predict_proba"):
                found = np.asarray(self.estimator.predict_proba(X), dtype=np.float64)
            else:
                return self._as_shares(np.asarray(self.estimator.predict(X)))
        except Exception as error:
            raise ValueError(
                f"{self._said()} cannot predict the rows of X: {error} A fitted one "
                "must have learned from the same columns of X."
            ) from error
        if not np.isfinite(found).all():
            raise ValueError(
                f"{self._said()} predicts {found[~np.isfinite(found)][0]}. Pass one "
                "that predicts finite numbers for every row of X."
            )
        if self.task.is_classifier:
            return self._by_class(found)
        if found.size != len(found):
            raise ValueError(
                f"{self._said()} predicts {found.shape[1]} numbers a row. Pass one "
                "that was fitted to this column alone."
            )
        return self.task.nearest_labels(found.reshape(-1))

    def _by_class(self, found: np.ndarray) -> np.ndarray:
        """Bring probabilities into the order of the task's classes."""
        shares = np.zeros((len(found), len(self.task.classes_)))
        known = list(self.task.classes_.tolist())
        for label, share in zip(self.estimator.classes_.tolist(), found.T, strict=True):
            shares[:, self._position(label, known)] = share
        return shares / shares.sum(axis=1, keepdims=True)

    def _as_shares(self, labels: np.ndarray) -> np.ndarray:
        known = list(self.task.classes_.tolist())
        codes = [self._position(label, known) for label in labels.tolist()]
        return np.eye(len(known))[codes]

    def _position(self, label: Any, known: list[Any]) -> int:
        if label not in known:
            raise ValueError(
                f"{self._said()} knows the class {label!r}, which column "
                f"{self.task.name_!r} of y does not hold here: {known[:8]}. Name all "
                "classes in task_types, as by sklearn_mtl.tasks.Multiclass(classes)."
            )
        return known.index(label)

    def _name_of_weight(self) -> str:
        """Name of the parameter of `fit` that takes weights."""
        last, prefix = self.estimator, ""
        while isinstance(last, Pipeline):
            prefix += f"{last.steps[-1][0]}__"
            last = last.steps[-1][1]
        if not has_fit_parameter(last, "sample_weight"):
            raise ValueError(
                f"{self._said()} takes no sample_weight, and labels of the column "
                "differ in theirs. Pass a teacher that takes it, or one that is fitted."
            )
        return f"{prefix}sample_weight"

    def _said(self) -> str:
        return (
            f"The teacher of column {self.task.name_!r}, a "
            f"{type(self.estimator).__name__},"
        )

    def check(self) -> None:
        """Raise where the estimator is none, or of another kind than the column."""
        name, task = self.task.name_, self.task
        for method in ("fit", "predict"):
            if not hasattr(self.estimator, method) or isinstance(self.estimator, type):
                raise TypeError(
                    f"teachers says {self.estimator!r} for column {name!r}, which has "
                    f"no {method}. Pass an instance of a regressor or classifier, "
                    "fitted or not."
                )
        if task.n_codes > 1 or task.group_position is not None:
            raise ValueError(
                f"teachers names column {name!r}, which is read as {task.kind}: a "
                "teacher's numbers are no such labels. Leave it out."
            )
        wrong = is_regressor if task.is_classifier else is_classifier
        if wrong(self.estimator):
            theirs, ours = (
                ("regressor", "classifier")
                if task.is_classifier
                else ("classifier", "regressor")
            )
            raise ValueError(
                f"{self._said()} is a {theirs}, but the column is read as {task.kind}. "
                f"Pass a {ours}, or say another kind in task_types."
            )


def read_teachers(teachers: Any, tasks: Sequence[Task]) -> dict[int, Teacher]:
    """Check the teachers of columns, by position of the column."""
    said = per_column(teachers, [task.name_ for task in tasks], "teachers")
    found = {
        t: Teacher(own, task)
        for t, (own, task) in enumerate(zip(said, tasks, strict=True))
        if own is not None
    }
    for teacher in found.values():
        teacher.check()
    return found


def soft_codes(task: Task, said: np.ndarray) -> np.ndarray:
    """Codes (n,) of numbers that a teacher says; probabilities as they are."""
    if task.is_classifier:
        return said
    missing = np.zeros(len(said), dtype=bool)
    return np.asarray(task.encode(Column(task.name_, said, missing, "number")))


def rows_of(X: Any, rows: np.ndarray, n_rows: int) -> Any:
    """Rows of X; X itself where these are all."""
    return X if len(rows) == n_rows else take_rows(X, rows)


def _seed(estimator: Any, seeds: np.random.Generator) -> None:
    """Seed what would draw from a global generator."""
    unseeded = [
        name
        for name, value in sorted(estimator.get_params().items())
        if value is None and name.split("__")[-1] == "random_state"
    ]
    if unseeded:
        estimator.set_params(
            **{name: int(seeds.integers(LARGEST_SEED)) for name in unseeded}
        )
