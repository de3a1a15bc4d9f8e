"""Metrics of numbers, counts and quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics

from sklearn_mtl import tasks
from sklearn_mtl.metrics._outcome import Outcome

NAN = float("nan")


def _is_constant(outcome: Outcome) -> bool:
    return bool(np.ptp(outcome.labels) == 0)


def _score(function: Any, outcome: Outcome, **kwargs: Any) -> float:
    return float(
        function(
            outcome.labels, outcome.predictions, sample_weight=outcome.weight, **kwargs
        )
    )


def r2(outcome: Outcome, **kwargs: Any) -> float:
    return tasks.r2(outcome.labels, outcome.predictions, outcome.weight, **kwargs)


def number_skill(outcome: Outcome) -> float:
    """Share of the squared error of the labels' own mean that is removed."""
    return NAN if _is_constant(outcome) else r2(outcome)


def mean_absolute_error(outcome: Outcome, **kwargs: Any) -> float:
    return _score(metrics.mean_absolute_error, outcome, **kwargs)


def root_mean_squared_error(outcome: Outcome, **kwargs: Any) -> float:
    return _score(metrics.root_mean_squared_error, outcome, **kwargs)


def relative_root_mean_squared_error(outcome: Outcome) -> float:
    """Root of the squared error over that of predicting the labels' own mean."""
    if _is_constant(outcome):
        return NAN
    mean = np.average(outcome.labels, weights=outcome.weight)
    worst = metrics.root_mean_squared_error(
        outcome.labels, np.full_like(outcome.labels, mean), sample_weight=outcome.weight
    )
    return root_mean_squared_error(outcome) / float(worst)


def poisson_deviance(outcome: Outcome) -> float:
    """Mean Poisson deviance; NaN where a prediction is not above 0."""
    _refuse_negative(outcome)
    if (outcome.predictions <= 0).any():
        return NAN
    return _score(metrics.mean_poisson_deviance, outcome)


def poisson_skill(outcome: Outcome) -> float:
    """Share of the deviance of the labels' own mean that is removed."""
    _refuse_negative(outcome)
    if _is_constant(outcome) or (outcome.predictions <= 0).any():
        return NAN
    return _score(metrics.d2_tweedie_score, outcome, power=1)


def _refuse_negative(outcome: Outcome) -> None:
    negative = outcome.labels[outcome.labels < 0]
    if len(negative):
        raise ValueError(
            f"Column {outcome.name!r} of y_true holds {negative[0]:g}, but is read as "
            f"{outcome.task.kind}. Replace it by a count, or make the label missing."
        )


def pinball_loss(outcome: Outcome) -> float:
    """Mean over the quantiles of the pinball loss; NaN where they are not known."""
    quantiles = _quantiles(outcome)
    return NAN if quantiles is None else _pinball(outcome, quantiles)


def pinball_skill(outcome: Outcome) -> float:
    """Share of the pinball loss of the labels' own quantiles that is removed."""
    quantiles = _quantiles(outcome)
    if quantiles is None or _is_constant(outcome):
        return NAN
    best = np.quantile(
        outcome.labels, _shares(outcome), weights=outcome.weight, method="inverted_cdf"
    )
    constants = np.broadcast_to(best, quantiles.shape)
    return 1.0 - _pinball(outcome, quantiles) / _pinball(outcome, constants)


def _shares(outcome: Outcome) -> np.ndarray:
    task: Any = outcome.task
    return np.asarray(task.quantiles)


def _quantiles(outcome: Outcome) -> np.ndarray | None:
    """Predicted quantiles (n, Q); a task may say more in front of them."""
    if outcome.response is None:
        return None
    return outcome.response[:, -len(_shares(outcome)) :]


def _pinball(outcome: Outcome, quantiles: np.ndarray) -> float:
    losses = [
        metrics.mean_pinball_loss(
            outcome.labels, predicted, alpha=share, sample_weight=outcome.weight
        )
        for share, predicted in zip(_shares(outcome), quantiles.T, strict=True)
    ]
    return float(np.mean(losses))
