"""One column of a fitted multi-task estimator, as an estimator of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    is_classifier,
)
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators._decorators import only_if
from sklearn_mtl.estimators._reading import read_label_weight, read_y
from sklearn_mtl.metrics import column_score


def _is_kind(kind: str) -> Callable[[Any], bool]:
    def check(view: Any) -> bool:
        return bool(view._own_task().kind == kind)

    return check


class _OfEstimator:
    """An attribute of a view that is its estimator's until the view is given another.

    Explainers of shap set `feature_names_in_` of a copy.
    """

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, view: Any, owner: type) -> Any:
        return self if view is None else getattr(view.estimator, self.name)


class _TaskView(BaseEstimator):
    """What views of numeric and of class columns share."""

    def __init__(self, estimator: Any, task: int = 0) -> None:
        self.estimator = estimator
        self.task = task

    def fit(self, X: Any, y: Any = None) -> _TaskView:
        """Refuse: a view has nothing of its own to learn.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            f"{type(self).__name__} is a view of one column of a fitted "
            f"{type(self.estimator).__name__} and cannot be fitted by itself. Fit the "
            "estimator, or wrap the view in sklearn.frozen.FrozenEstimator."
        )

    def __sklearn_is_fitted__(self) -> bool:
        check_is_fitted(self.estimator)
        return True

    def _own_task(self) -> Any:
        """Give the fitted task of the column, of the kind that this view is for."""
        estimator, position = self.estimator, self.task
        if not isinstance(estimator, BaseEstimator):
            raise TypeError(
                f"estimator={estimator!r}: pass a fitted MultiTaskNetEstimator, "
                "MultiTaskNetRegressor or MultiTaskNetClassifier."
            )
        check_is_fitted(estimator)
        if not hasattr(estimator, "stack_"):
            raise TypeError(
                f"estimator is a {type(estimator).__name__}. Pass a fitted "
                "MultiTaskNetEstimator, MultiTaskNetRegressor or "
                "MultiTaskNetClassifier."
            )
        n_tasks = len(estimator.tasks_)
        is_number = isinstance(position, int | np.integer)
        if (
            not is_number
            or isinstance(position, bool)
            or not -n_tasks <= position < n_tasks
        ):
            raise ValueError(
                f"task={position!r}: pass the position of a column of y, of 0 to "
                f"{n_tasks - 1}."
            )
        task = estimator.tasks_[position]
        if task.is_classifier != is_classifier(self):
            kind = "TaskClassifier" if task.is_classifier else "TaskRegressor"
            raise ValueError(
                f"task={position!r} is column {task.name_!r}, which is read as "
                f"{task.kind}. Its view is a {kind}."
            )
        return task

    def _response(self, X: Any) -> Any:
        self._own_task()
        stack = self.estimator.stack_
        if getattr(self, "feature_names_in_", ()) is None:
            stack = replace(stack, codings=stack.codings.without_names())
        return stack.responses(X, tasks=[self.task])[0]

    n_features_in_ = _OfEstimator("Number of columns of X.")
    feature_names_in_ = _OfEstimator("Names of the columns of X, if they are strings.")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = self.estimator.__sklearn_tags__().input_tags
        return tags

    def predict(self, X: Any) -> np.ndarray:
        """Predict the column.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return np.asarray(self._own_task().predict(self._response(X)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2 of a numeric column, accuracy of a class column.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
        y : array, list, series or one-column data frame of shape (n_samples,)
            Missing labels are skipped.
        sample_weight : array of shape (n_samples,), default=None

        Returns
        -------
        float
            At most 1; NaN where there are too few labels.
        """
        predictions = self.predict(X)
        table = read_y(y, len(predictions))
        if len(table.columns) != 1:
            raise ValueError(
                f"y has {len(table.columns)} columns, but {type(self).__name__} is a "
                "view of one. Pass that column of y, or score the whole estimator."
            )
        weight = None
        if sample_weight is not None:
            weight = read_label_weight(sample_weight, table.columns)[:, 0]
        task = self._own_task()
        column = replace(table.columns[0], name=task.name_)
        return column_score(task, column, predictions, weight)


class TaskRegressor(_TaskView, RegressorMixin, BaseEstimator):
    """A numeric column of a fitted multi-task estimator.

    Parameters
    ----------
    estimator : fitted MultiTaskNetEstimator or MultiTaskNetRegressor
    task : int, default=0
        Position of the column in y.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(max_iter=5, random_state=0).fit(X, y)
    >>> net.estimators_[1].predict(X[:3]).shape
    (3,)
    """

    @only_if(_is_kind("quantile"))
    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict all quantiles of a column of the kind "quantile".

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles)
            Increasing along each row.
        """
        return np.asarray(self._response(X)[:, 1:])

    @only_if(_is_kind("survival"))
    def predict_survival_function(self, X: Any) -> np.ndarray:
        """Predict the probabilities of no event of a column of the kind "survival".

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_times)
            Up to each of the ``times_`` of the column's entry in ``tasks_``;
            decreasing along each row.
        """
        return np.asarray(self._response(X)[:, 1:])


class TaskClassifier(_TaskView, ClassifierMixin, BaseEstimator):
    """A class column of a fitted multi-task estimator.

    Parameters
    ----------
    estimator : fitted MultiTaskNetEstimator or MultiTaskNetClassifier
    task : int, default=0
        Position of the column in y.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"]
    >>> net = MultiTaskNetClassifier(max_iter=5, early_stopping=False).fit(X, y)
    >>> net.estimators_[0].predict_proba(X).shape
    (4, 2)
    """

    @property
    def classes_(self) -> np.ndarray:
        """The classes, in the order of `predict_proba`."""
        classes: np.ndarray = self._own_task().classes_
        return classes

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.asarray(self._response(X))

    @only_if(_is_kind("ordinal"))
    def predict_rank(self, X: Any) -> np.ndarray:
        """Predict the expected rank of a column of the kind "ordinal".

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Between 0, the first of ``classes_``, and n_classes - 1.
        """
        probabilities = self.predict_proba(X)
        return probabilities @ np.arange(probabilities.shape[1])
