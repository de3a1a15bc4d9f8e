"""Predictions of each column: as given, or made by a fitted estimator."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from sklearn_mtl.metrics._outcome import (
    Outcome,
    classes_task,
    joined,
    outcome_of,
    with_classes,
)
from sklearn_mtl.tables import (
    Column,
    Roles,
    TargetTable,
    check_same_columns,
    read_weight,
)
from sklearn_mtl.tasks import Task, per_column, resolve_tasks, said_kinds


class Truth:
    """Columns of y and weights of their labels.

    Parameters
    ----------
    y : as passed by the user
    sample_weight : None, number, or array of shape (n_rows,) or (n_rows, n_tasks)
    source : str
        What the user calls `y`.
    """

    def __init__(self, y: Any, sample_weight: Any, source: str = "y_true") -> None:
        self.source = source
        self.table = TargetTable(y)
        self.weight = (
            None
            if sample_weight is None
            else read_weight(sample_weight, len(self.table), self.table.names)
        )

    @property
    def columns(self) -> list[Column]:
        """Columns of y."""
        return self.table.columns

    def select(self, positions: Sequence[int]) -> Truth:
        """Take some of the columns."""
        chosen = copy(self)
        chosen.table = self.table.select(positions)
        chosen.weight = None if self.weight is None else self.weight[:, positions]
        return chosen

    def weighed(self, weight: np.ndarray) -> Truth:
        """Weigh labels (n_rows, n_tasks) by some more weights."""
        chosen = copy(self)
        chosen.weight = weight if self.weight is None else weight * self.weight
        return chosen

    def check_same_columns(self, other: TargetTable, name: str) -> None:
        """Check that a table has the columns of this one."""
        check_same_columns(
            other,
            self.table.names,
            name=name,
            source=f"{self.source} has",
            by_name=self.table.container.is_frame,
        )

    def outcome(
        self,
        position: int,
        task: Task,
        predicted: Column | None,
        response: np.ndarray | None,
    ) -> Outcome:
        """Put the labels of a column beside what was predicted for them."""
        column = self.columns[position]
        name = getattr(task, "name_", column.name)
        n_rows = len(response) if predicted is None else len(predicted)  # type: ignore[arg-type]
        if n_rows != len(column):
            raise ValueError(
                f"{self.source} has {len(column)} rows, but there are {n_rows} "
                f"predictions of column {name!r}. Pass one prediction for each row of "
                f"{self.source}."
            )
        of_both = response if predicted is not None else None
        if of_both is not None and len(of_both) != len(column):
            raise ValueError(
                f"y_proba has {len(of_both)} rows for column {name!r}, but "
                f"{self.source} has {len(column)}. Pass one for each row of "
                f"{self.source}."
            )
        weight = None if self.weight is None else self.weight[:, position]
        return outcome_of(
            name, task, column, predicted, response, weight, source=self.source
        )


# -- predictions as given ------------------------------------------------------------


def outcomes_of_predictions(
    truth: Truth,
    y_pred: Any,
    y_proba: Any = None,
    task_types: Any = None,
    *,
    default: str = "auto",
    classes: Sequence[Any] | None = None,
) -> list[Outcome]:
    """Compare labels with predictions that are at hand.

    Parameters
    ----------
    truth : Truth
    y_pred : predictions of every column
    y_proba : None, list, mapping, or array for one column
    task_types : as an estimator's; a fitted task says its classes
    default : {"auto", "regression", "classes"}
        How a column is read that `task_types` does not name.
    classes : list of (array or None), or None
        Classes of each column, where an estimator told them.

    Returns
    -------
    list of Outcome
    """
    true = truth.columns
    predicted = TargetTable(y_pred)
    truth.check_same_columns(predicted, "y_pred")
    names = truth.table.names
    responses = per_column(_as_entries(y_proba, len(true)), names, "y_proba")
    tasks = tasks_of(true, predicted.columns, task_types, default=default)
    outcomes = []
    for t, (task, column) in enumerate(zip(tasks, predicted.columns, strict=True)):
        response = read_response(names[t], task, responses[t])
        if classes is not None and classes[t] is not None and task.is_classifier:
            task = classes_task(names[t], np.asarray(classes[t]))
        task = with_classes(task, true[t], column, response)
        outcomes.append(truth.outcome(t, task, column, response))
    return outcomes


def tasks_of(
    true: Sequence[Column],
    predicted: Sequence[Column],
    task_types: Any,
    *,
    default: str = "auto",
) -> list[Task]:
    """Tell the kind of each column; tasks that are fitted stay as they are."""
    wanted = said_kinds(task_types, [column.name for column in true])
    fitted = [isinstance(task, Task) and hasattr(task, "name_") for task in wanted]
    columns = [
        joined(a, b) if a.content == "category" or not len(a.observed) else a
        for a, b in zip(true, predicted, strict=True)
    ]
    unfitted = [
        None if done else task for task, done in zip(wanted, fitted, strict=True)
    ]
    resolved = resolve_tasks(columns, unfitted, default=default)
    return [
        known if done else task
        for known, done, task in zip(wanted, fitted, resolved, strict=True)
    ]


def _as_entries(y_proba: Any, n_tasks: int) -> Any:
    """Bring probabilities into a form of one entry a column."""
    if y_proba is None or isinstance(y_proba, Mapping):
        return y_proba
    if isinstance(y_proba, list | tuple) and (n_tasks > 1 or y_proba[0] is None):
        return y_proba
    array = _as_floats(y_proba)
    if n_tasks == 1:
        return [array[0] if array.ndim == 3 else array]
    if array.ndim == 2 and array.shape[1] == n_tasks:  # multilabel indicators
        return list(array.T)
    raise ValueError(
        f"y_proba has the shape {array.shape}, but y_true has {n_tasks} columns. Pass "
        "a list with one array a column, None at a numeric one, as predict_proba "
        "returns it."
    )


def _as_floats(values: Any) -> np.ndarray:
    try:
        array = np.asarray(values)
        return array if array.dtype.kind == "f" else array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Probabilities are read from y_proba (y_pred in skill_score), which holds "
            f"what is no number: {error}. Pass arrays, as predict_proba returns them."
        ) from error


def read_response(name: Hashable, task: Task, response: Any) -> np.ndarray | None:
    """Probabilities (n, n_classes) of a class column, quantiles (n, Q) of another."""
    if response is None:
        return None
    shares = getattr(task, "quantiles", None)
    if not task.is_classifier and shares is None:
        raise ValueError(
            f"y_proba has an entry for column {name!r}, which is read as {task.kind}. "
            "Pass None there, or name a kind of classes in task_types."
        )
    array = _as_floats(response)
    if task.is_classifier and array.ndim == 1:
        array = np.column_stack([1.0 - array, array])
    expected = "n_classes" if shares is None else str(len(shares))
    if array.ndim != 2 or (shares is not None and array.shape[1] != len(shares)):
        raise ValueError(
            f"y_proba has the shape {array.shape} for column {name!r}, expected "
            f"(n_rows, {expected})."
        )
    return array


# -- predictions of a fitted estimator -----------------------------------------------


class Predictor:
    """A fitted estimator, and the columns that it predicts.

    Parameters
    ----------
    estimator : fitted estimator
        With ``tasks_``, itself or inside of pipelines and searches; else any estimator
        of scikit-learn, read through `predict` and `predict_proba`.
    truth : Truth
    """

    def __init__(self, estimator: Any, truth: Truth) -> None:
        if not callable(getattr(estimator, "predict", None)):
            raise TypeError(
                f"estimator={estimator!r} has no predict. Pass a fitted estimator, or "
                "a pipeline or search around one."
            )
        self.estimator = estimator
        self.truth = truth
        self.holder, self.transformers = _holder_of_tasks(estimator)
        self.names = truth.table.names
        if self.holder is not None:
            roles = self.holder.stack_.codings.roles
            positions = roles.check_predicted(truth.table, name=truth.source)
            if roles.auxiliary:
                self.truth = truth.select(positions)
            self.names = [task.name_ for task in self.holder.tasks_]

    def outcomes(
        self, X: Any, positions: Sequence[int], task_types: Any = None
    ) -> list[Outcome]:
        """Predict some columns, and compare."""
        if self.holder is None:
            outcomes = self._outcomes_of_any_estimator(X, task_types)
            return [outcomes[position] for position in positions]
        if task_types is not None:
            raise ValueError(
                f"task_types={task_types!r} cannot change what a fitted "
                f"{type(self.holder).__name__} holds in tasks_. Leave it out, or pass "
                "predictions."
            )
        for transformer in self.transformers:
            X = transformer.transform(X)
        responses = self.holder.stack_.responses(X, tasks=list(positions))
        return [
            self.truth.outcome(position, self.holder.tasks_[position], None, response)
            for position, response in zip(positions, responses, strict=True)
        ]

    def _outcomes_of_any_estimator(self, X: Any, task_types: Any) -> list[Outcome]:
        estimator = self.estimator
        predict_proba = getattr(estimator, "predict_proba", None)
        classes = getattr(estimator, "classes_", None)
        n_tasks = len(self.truth.columns)
        if n_tasks == 1 and isinstance(classes, np.ndarray):
            classes = [classes]
        known = isinstance(classes, list) and len(classes) == n_tasks
        default = "auto"
        if is_classifier(estimator):
            default = "classes"
        elif is_regressor(estimator):
            default = "regression"
        return outcomes_of_predictions(
            self.truth,
            estimator.predict(X),
            None if predict_proba is None else predict_proba(X),
            task_types,
            default=default,
            classes=classes if known and task_types is None else None,
        )


def roles_of(estimator: Any) -> Roles | None:
    """Tell which columns of y a fitted estimator predicts; None where it cannot say."""
    holder, _ = _holder_of_tasks(estimator)
    return None if holder is None else holder.stack_.codings.roles


def _holder_of_tasks(estimator: Any) -> tuple[Any, list[Any]]:
    """Find the estimator that holds ``tasks_``, and what transforms X before it."""
    transformers: list[Any] = []
    while not hasattr(estimator, "tasks_"):
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, Pipeline):
            if len(estimator.steps) > 1:
                transformers.append(estimator[:-1])
            estimator = estimator[-1]
        else:
            return None, []
    return (estimator, transformers) if hasattr(estimator, "stack_") else (None, [])
