"""Metrics of numbers of which some labels are only bounds.

Errors are distances to the nearest number that a label allows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl import tasks
from sklearn_mtl.metrics._outcome import Outcome
from sklearn_mtl.tasks import (
    censored_log_likelihood,
    distance_to_bounds,
    least_cost_of_a_constant,
)

NAN = float("nan")


def _distances(outcome: Outcome) -> np.ndarray:
    return distance_to_bounds(outcome.labels, outcome.predictions)


def r2(outcome: Outcome) -> float:
    """Share of the squared distances that the best constant leaves."""
    return outcome.task.score(outcome.labels, outcome.predictions, outcome.weight)


def skill(outcome: Outcome) -> float:
    """Tell the same; NaN where one number fits all labels."""
    total = least_cost_of_a_constant(outcome.labels, outcome.weight)
    return r2(outcome) if total > 0 else NAN


def mean_absolute_error(outcome: Outcome) -> float:
    distances = np.abs(_distances(outcome))
    return float(np.average(distances, weights=outcome.weight))


def root_mean_squared_error(outcome: Outcome) -> float:
    return _root_of_mean(_distances(outcome) ** 2, outcome.weight)


def relative_root_mean_squared_error(outcome: Outcome) -> float:
    total = least_cost_of_a_constant(outcome.labels, outcome.weight)
    return root_mean_squared_error(outcome) / total**0.5 if total > 0 else NAN


def _root_of_mean(squares: np.ndarray, weight: np.ndarray | None) -> float:
    return float(np.sqrt(np.average(squares, weights=weight)))


def log_likelihood(outcome: Outcome) -> float:
    """Mean log-likelihood of the predicted normal distributions."""
    task: Any = outcome.task
    if outcome.response is None or not hasattr(task, "mean_"):
        return NAN
    response = outcome.response
    std = task.spread(response, np.zeros(len(response)), NAN)
    if not (std > 0).all():
        return NAN
    found = censored_log_likelihood(outcome.labels, response[:, 0], std)
    return float(np.average(found, weights=outcome.weight))


def concordance(outcome: Outcome) -> float:
    """Share of the pairs of a known order that are predicted in it."""
    return tasks.concordance(outcome.labels, outcome.predictions, outcome.weight)
