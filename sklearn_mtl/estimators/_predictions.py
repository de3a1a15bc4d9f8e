"""Predictions of all columns, and how they score."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType, MethodType
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators._known_labels import told_by
from sklearn_mtl.estimators._reading import read_label_weight, read_y
from sklearn_mtl.exceptions import BETWEEN, package_of
from sklearn_mtl.metrics import column_score, mean_of_known
from sklearn_mtl.tables import warn_of_another_order


def has_class_columns(estimator: Any) -> bool:
    """Whether a column is of classes, or may be, before a fit."""
    tasks = getattr(estimator, "tasks_", None)
    return tasks is None or any(task.is_classifier for task in tasks)


class OfClassColumns:
    """A method that is there where columns are of classes, and else says why not."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method

    def __get__(self, estimator: Any, owner: type) -> Any:
        if estimator is None:
            return self.method
        if has_class_columns(estimator):
            return MethodType(self.method, estimator)
        raise AttributeError(
            f"This {owner.__name__!r} has no attribute {self.method.__name__!r}: "
            "fit read every column of y as numbers. Out of fold, "
            "sklearn.model_selection.cross_val_predict turns labels into numbers "
            "before fit; use sklearn_mtl.model_selection.cross_val_predict. "
            "Elsewhere, name the columns of classes in task_types."
        )


def has_number_columns(estimator: Any) -> bool:
    """Whether a column is numeric, or may be, before a fit."""
    tasks = getattr(estimator, "tasks_", None)
    return tasks is None or any(not task.is_classifier for task in tasks)


def positions_of_classes(estimator: Any) -> list[int]:
    """Positions of the class columns of a fitted estimator."""
    return [t for t, task in enumerate(estimator.tasks_) if task.is_classifier]


def classes(self: Any) -> Any:
    """Classes of each column, None at a numeric one; of the column for a 1-D y."""
    of_columns = [getattr(task, "classes_", None) for task in self.tasks_]
    if self.stack_.codings.container.ndim == 1:
        return of_columns[0]
    _refuse_partial_dependence(self)
    return of_columns


def _refuse_partial_dependence(estimator: Any) -> None:
    """Raise where scikit-learn draws one column, and dies of classes of several."""
    if any(
        str(frame.f_globals.get("__name__")).startswith("sklearn.inspection.")
        for frame in _frames_between()
    ):
        name = estimator.tasks_[0].name_
        raise ValueError(
            f"sklearn.inspection draws one column of y, and there are "
            f"{len(estimator.tasks_)}. Pass the view of a column, such as "
            f"named_estimators_[{name!r}]."
        )


def predict(self: Any, X: Any, *, y_known: Any = None) -> Any:
    """Predict every column of y.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
    y_known : data frame of some columns of y, or array of all, default=None
        Labels that are known of these rows, missing where not. They come back as
        given, and what is predicted of the others is updated by what columns say of
        each other beyond X, as rows showed that members held out.

    Returns
    -------
    array of shape (n_samples,) or (n_samples, n_tasks), or data frame
        In the container, units and labels of the y passed to `fit`; a pandas frame
        has the index of X, and is an array where X has none. A column without any
        label in `fit` is predicted as missing.
    """
    check_is_fitted(self)
    return self.stack_.codings.rebuild(_predict_columns(self, X, y_known), X)


def _predict_columns(estimator: Any, X: Any, y_known: Any = None) -> list[np.ndarray]:
    """One array of predictions (n,) a column."""
    if y_known is not None:
        return told_by(estimator, X, y_known).predictions(estimator.tasks_)
    responses = estimator.stack_.responses(X)
    return [
        task.predict(response)
        for task, response in zip(estimator.tasks_, responses, strict=True)
    ]


def predict_proba(self: Any, X: Any, *, y_known: Any = None) -> Any:
    """Probabilities of the classes of every class column.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
    y_known : data frame of some columns of y, or array of all, default=None
        Labels that are known of these rows, missing where not; they get the
        probability 1, and those of the others are updated, as in `predict`.

    Returns
    -------
    list of (ndarray of shape (n_samples, n_classes) or None), or ndarray
        Aligned with the columns of y, None at a numeric one; the array itself for
        a 1-D y. Columns are in the order of ``classes_``.
    """
    check_is_fitted(self)
    if has_number_columns(self):
        _refuse_cross_val_predict(self)
    chosen = positions_of_classes(self)
    if y_known is None:
        return aligned_with_y(self, self.stack_.responses(X, tasks=chosen))
    responses = told_by(self, X, y_known).responses
    return aligned_with_y(self, [responses[t] for t in chosen])


def aligned_with_y(estimator: Any, of_classes: list[np.ndarray]) -> Any:
    """Put what is said of class columns where these stand in y.

    Returns
    -------
    list of (ndarray or None), or ndarray
        None at a numeric column; the array itself for a 1-D y.
    """
    if estimator.stack_.codings.container.ndim == 1:
        return of_classes[0]
    chosen = positions_of_classes(estimator)
    known = dict(zip(chosen, of_classes, strict=True))
    return [known.get(t) for t in range(len(estimator.tasks_))]


def _refuse_cross_val_predict(estimator: Any) -> None:
    """Raise where scikit-learn's `cross_val_predict` asks, which takes no None."""
    if any(frame.f_code.co_name == "_fit_and_predict" for frame in _frames_between()):
        names = [task.name_ for task in estimator.tasks_ if not task.is_classifier]
        raise ValueError(
            "sklearn.model_selection.cross_val_predict asks for probabilities of "
            f"each column of y, but column {names[0]!r} is read as numbers; and it "
            "replaces labels by integers before fit. Use "
            "sklearn_mtl.model_selection.cross_val_predict."
        )


def _frames_between() -> Iterator[FrameType]:
    """Frames from here up to the user's line."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and package_of(frame) in BETWEEN:
        yield frame
        frame = frame.f_back


def score(self: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """Mean over columns of R2 (numbers) or accuracy (classes).

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
    y : as passed to `fit`
        Missing labels are skipped; a column without any is left out of the mean.
        Auxiliary columns may be there or not, and do not count.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), \
default=None

    Returns
    -------
    float
        At most 1; NaN where no column can be scored.
    """
    check_is_fitted(self)
    predictions = _predict_columns(self, X)
    table = read_y(y, len(predictions[0]))
    warn_of_another_order(X, y, "y")
    positions = self.stack_.codings.roles.check_predicted(table, name="y")
    weight = None
    if sample_weight is not None:
        weight = read_label_weight(sample_weight, table.columns)
    return mean_of_known(
        column_score(
            task, table.columns[p], prediction, None if weight is None else weight[:, p]
        )
        for p, task, prediction in zip(positions, self.tasks_, predictions, strict=True)
    )
