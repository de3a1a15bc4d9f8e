"""Scores of the columns on rows that nothing was learned from, with intervals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklearn_mtl.metrics import Outcome, Truth
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Censored, Survival, Task


class RowScore(NamedTuple):
    """Score of one column.

    Attributes
    ----------
    n_labels : int
        Labels that were compared.
    value, low, high : float
        Score and its interval; NaN where nothing can be compared. The interval is NaN
        also where all draws score the same, such as rows that are all predicted right.
    """

    n_labels: int
    value: float
    low: float
    high: float


def scores_by_rows(
    tasks: list[Task],
    truth: Truth,
    predictions: list[Column],
    *,
    confidence: float,
    n_resamples: int,
    random_state: Any,
) -> list[RowScore]:
    """Score each column, and draw its rows again and again for an interval.

    Parameters
    ----------
    tasks : list of Task
        Fitted.
    truth : Truth
        Labels of the columns that are predicted, and their weights.
    predictions : list of Column
        Missing in rows that have none; these do not count.
    confidence : float
        Share of the resampled scores that the interval holds: percentiles of the
        bootstrap (Efron 1979).
    n_resamples : int
    random_state : int, RandomState or None

    Returns
    -------
    list of RowScore
    """
    rng, n_rows = check_random_state(random_state), len(truth.table)
    weight = np.column_stack([~one.missing for one in predictions]).astype(np.float64)
    if len(weight) != n_rows:
        raise ValueError(
            f"y has {n_rows} rows, but predictions are of {len(weight)}. Pass the "
            "y that was passed to fit, or X and y of the same rows."
        )
    truth = truth.weighed(weight)
    outcomes = [
        truth.outcome(t, task, predicted, None)
        for t, (task, predicted) in enumerate(zip(tasks, predictions, strict=True))
    ]
    return [_score(one, confidence, n_resamples, rng) for one in outcomes]


def _score(
    outcome: Outcome, confidence: float, n_resamples: int, rng: np.random.RandomState
) -> RowScore:
    n_labels = len(outcome.labels)
    if not outcome.scorable:
        return RowScore(n_labels, np.nan, np.nan, np.nan)
    score, (labels, predictions) = outcome.task.score, outcome.decoded()
    weight = np.ones(n_labels) if outcome.weight is None else outcome.weight
    value = float(score(labels, predictions, weight))
    drawn = [rng.randint(n_labels, size=n_labels) for _ in range(n_resamples)]
    scores = [score(labels[i], predictions[i], weight[i]) for i in drawn]
    known = [one for one in scores if not np.isnan(one)]
    if len(known) < n_resamples / 2:  # of two or three rows, most draws are one row
        return RowScore(n_labels, value, np.nan, np.nan)
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(known, [tail, 1.0 - tail])
    if low == high:  # all right or all wrong: draws of these rows know no others
        return RowScore(n_labels, value, np.nan, np.nan)
    return RowScore(n_labels, value, float(low), float(high))


def name_of_score(task: Task) -> str:
    """Name what `Task.score` of a column is."""
    known = {Censored.score: "R² by distances to bounds", Survival.score: "concordance"}
    score: Any = type(task).score
    if score in known:
        return known[score]
    if score is not Task.score:
        return f"score of {type(task).__name__}"
    return "accuracy" if task.is_classifier else "R²"
