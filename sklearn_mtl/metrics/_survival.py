"""Metrics of times until an event that may not have come yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.metrics._outcome import Outcome

NAN = float("nan")


def integrated_brier_score(outcome: Outcome) -> float:
    """Mean over time of the squared error of "no event up to t", as far as it is seen.

    Rows that are no longer watched at t count through those that are, by inverse
    probabilities of being watched (Graf et al. 1999), which the labels at hand tell.
    NaN where it is not known of some event when it came, or without predicted curves.
    """
    found = _brier_by_time(outcome)
    if found is None:
        return NAN
    return float(_mean_over_time(found[0], found[1].sum(axis=0)))


def brier_of_rows(outcome: Outcome) -> np.ndarray:
    """Tell what rows add to `integrated_brier_score`, (n,), times their number.

    NaN where that is.
    """
    found = _brier_by_time(outcome)
    if found is None:
        return np.full(len(outcome.labels), NAN)
    times, of_rows, _ = found
    return len(of_rows) * _mean_over_time(times, of_rows)


def skill(outcome: Outcome) -> float:
    """Share of the integrated Brier score of the labels' own curve that is removed.

    The curve is that of Kaplan and Meier, the same for all rows.
    """
    found = _brier_by_time(outcome)
    if found is None:
        return NAN
    times, of_rows, of_curve = found
    worst = _mean_over_time(times, of_curve.sum(axis=0))
    ours = _mean_over_time(times, of_rows.sum(axis=0))
    return float(1.0 - ours / worst) if worst > 0 else NAN


def _mean_over_time(times: np.ndarray, values: np.ndarray) -> Any:
    return np.trapezoid(values, times, axis=-1) / (times[-1] - times[0])


def _brier_by_time(
    outcome: Outcome,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Give times (m,), and what rows add there to the Brier scores, (n, m).

    To those of the predictions and of one curve.
    """
    task: Any = outcome.task
    lower, upper = outcome.labels.T
    is_event = lower == upper
    if outcome.response is None or not (is_event | np.isinf(upper)).all():
        return None
    weight = outcome.weight
    weight = np.ones(len(lower)) if weight is None else weight
    # At the last time that was watched, nobody may be left who tells of later ones.
    within = (task.times_ >= lower.min()) & (task.times_ < lower.max())
    if within.sum() < 2:
        return None
    times, curves = task.times_[within], outcome.response[:, 1:][:, within]
    watched = _kaplan_meier(lower, ~is_event, weight, after_others=True)
    alive = _kaplan_meier(lower, is_event, weight)
    came = is_event[:, np.newaxis] & (lower[:, np.newaxis] <= times)
    later = lower[:, np.newaxis] > times
    counts = came / watched(lower)[:, np.newaxis] + later / watched(times)
    counts *= weight[:, np.newaxis] / weight.sum()
    ours, one = (
        counts * (later - survival) ** 2 for survival in (curves, alive(times))
    )
    return times, ours, one


def _kaplan_meier(
    time: np.ndarray,
    is_event: np.ndarray,
    weight: np.ndarray,
    *,
    after_others: bool = False,
) -> Any:
    """Share to which an event has not happened, as a function of time.

    With `after_others`, what ends otherwise at the same time is no longer at risk.
    """
    ends, position = np.unique(time, return_inverse=True)
    events = np.bincount(position, weight * is_event, minlength=len(ends))
    others = np.bincount(position, weight * ~is_event, minlength=len(ends))
    at_risk = np.cumsum((events + others)[::-1])[::-1]
    at_risk = at_risk - others if after_others else at_risk
    hazard = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    curve = np.append(1.0, np.cumprod(1.0 - hazard))

    def survival(times: np.ndarray) -> np.ndarray:
        found: np.ndarray = curve[np.searchsorted(ends, times, side="right")]
        return np.maximum(found, 1e-12)

    return survival
