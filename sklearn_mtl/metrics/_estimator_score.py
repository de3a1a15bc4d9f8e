"""What `score` of an estimator says of a column, and of all columns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sklearn_mtl.metrics._outcome import column_of, outcome_of
from sklearn_mtl.metrics._registry import SCORE
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task


def column_score(
    task: Task, true: Column, predictions: np.ndarray, weight: np.ndarray | None
) -> float:
    """Score of a column: R2, accuracy, or what its kind says; the metric "score".

    Parameters
    ----------
    task : Task
        Fitted.
    true : Column
        Labels, of which missing ones are skipped.
    predictions : ndarray of shape (n_rows,)
    weight : ndarray of shape (n_rows,) or None
        Labels of weight 0 are skipped.

    Returns
    -------
    float
        NaN where nothing can be compared.
    """
    name = task.name_
    predicted = column_of(name, predictions)
    return SCORE.of(outcome_of(name, task, true, predicted, None, weight, source="y"))


def mean_of_known(scores: Iterable[float]) -> float:
    """Mean of the scores that are not NaN; NaN where none remains."""
    known = [score for score in scores if not np.isnan(score)]
    return float(np.mean(known)) if known else float("nan")
