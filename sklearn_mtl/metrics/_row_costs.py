"""What each row costs, where the mean over rows is what the skill of a column tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import xlogy

from sklearn_mtl.metrics import _bounds, _classes, _numbers, _survival
from sklearn_mtl.metrics._outcome import Outcome
from sklearn_mtl.metrics._registry import metrics_of
from sklearn_mtl.tasks import distance_to_bounds


def row_costs(outcome: Outcome) -> np.ndarray:
    """Tell what the prediction of each row costs.

    Skill is 1 minus their mean over the same of the best constant: costs of two
    predictions of the same labels tell by how much their skills differ.

    Parameters
    ----------
    outcome : Outcome
        Without weights; of classes and curves, `response` is read.

    Returns
    -------
    ndarray of shape (n,)
        NaN where there is no skill to tell.
    """
    return COSTS[metrics_of(outcome.task)[0].function](outcome)


def _squared_errors(outcome: Outcome) -> np.ndarray:
    errors: np.ndarray = (outcome.labels - outcome.predictions) ** 2
    return errors


def _deviances(outcome: Outcome) -> np.ndarray:
    labels = outcome.labels
    expected = np.maximum(outcome.predictions, np.finfo(np.float64).tiny)
    return 2.0 * (xlogy(labels, labels / expected) - labels + expected)


def _pinball_losses(outcome: Outcome) -> np.ndarray:
    task: Any = outcome.task
    response = outcome.response
    assert response is not None
    shares = np.asarray(task.quantiles)
    above = outcome.labels[:, np.newaxis] - response[:, -len(shares) :]
    losses: np.ndarray = np.maximum(shares * above, (shares - 1.0) * above).mean(axis=1)
    return losses


def _squared_distances(outcome: Outcome) -> np.ndarray:
    return distance_to_bounds(outcome.labels, outcome.predictions) ** 2


def _log_losses(outcome: Outcome) -> np.ndarray:
    assert outcome.response is not None
    n_unseen = len(outcome.classes) - outcome.response.shape[1]
    response = np.pad(outcome.response, [(0, 0), (0, max(n_unseen, 0))])
    said = response[np.arange(len(response)), outcome.labels]
    return -np.log(np.maximum(said, np.finfo(np.float64).eps))


COSTS: dict[Any, Callable[[Outcome], np.ndarray]] = {
    _numbers.number_skill: _squared_errors,
    _numbers.poisson_skill: _deviances,
    _numbers.pinball_skill: _pinball_losses,
    _bounds.skill: _squared_distances,
    _survival.skill: _survival.brier_of_rows,
    _classes.class_skill: _log_losses,
}
"""By the function that tells the skill of a kind."""
