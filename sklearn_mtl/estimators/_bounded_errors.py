"""Errors on labels that are only bounds: known to be at least so large."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.tasks import distance_to_bounds

Limits = tuple[float, float]
"""From where on, below and above, labels are known to lie beyond and no more."""
NO_LIMITS: Limits = (-np.inf, np.inf)


def limits_of(labels: np.ndarray) -> Limits:
    """Find between which numbers labels tell where they lie.

    Where some are only known to lie beyond all numbers, those show no errors: nothing
    tells how far off a prediction is there. Up to the first of such bounds they do.

    Parameters
    ----------
    labels : ndarray of shape (n,), or (n, 2) of bounds
    """
    if labels.ndim == 1 or not len(labels):
        return NO_LIMITS
    lower, upper = labels.T
    numbers = lower[lower == upper]
    if not len(numbers):
        return NO_LIMITS
    below = upper[np.isinf(lower) & (upper <= numbers.min())]
    above = lower[np.isinf(upper) & (lower >= numbers.max())]
    return (
        float(below.max(initial=-np.inf)),
        float(above.min(initial=np.inf)),
    )


def are_both_beyond(
    labels: np.ndarray, predictions: np.ndarray, limits: Limits
) -> np.ndarray:
    """Tell which labels lie beyond a limit, (n,), that predictions lie beyond as well.

    Any interval around such a prediction is open there, and holds the label: errors
    that count are those of the others.
    """
    if labels.ndim == 1:
        return np.zeros(len(labels), dtype=bool)
    low, high = limits
    lower, upper = labels.T
    below = (upper <= low) & (predictions <= low)
    both: np.ndarray = below | ((lower >= high) & (predictions >= high))
    return both


def opened(
    lower: np.ndarray, upper: np.ndarray, limits: Limits
) -> tuple[np.ndarray, np.ndarray]:
    """Let intervals that reach a limit hold all that lies beyond it.

    Intervals hold the label moved to the limit as often as they are asked to. Where
    they reach the limit, the label itself may be anywhere beyond.
    """
    low, high = limits
    return (
        np.where(lower <= low, -np.inf, lower),
        np.where(upper >= high, np.inf, upper),
    )


def sizes_of_errors(
    labels: np.ndarray, predictions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors (n,), and which of them are at least so large.

    Parameters
    ----------
    labels : ndarray of shape (n,), or (n, 2) of bounds
        Within an interval the number that lies farthest from the prediction counts.
    predictions : ndarray of shape (n,)
    """
    if labels.ndim == 1:
        return np.abs(labels - predictions), np.zeros(len(labels), dtype=bool)
    farthest = np.abs(labels - predictions[:, np.newaxis]).max(axis=1, initial=0.0)
    at_least = np.isinf(farthest)
    nearest = np.abs(distance_to_bounds(labels, predictions))
    return np.where(at_least, nearest, farthest), at_least


def redistributed(
    values: np.ndarray, share: np.ndarray, at_least: np.ndarray
) -> tuple[np.ndarray, float]:
    """Hand the shares of values that are only bounded on to all larger ones.

    The estimate of Kaplan and Meier, as Efron's redistribution to the right [1]_.

    Parameters
    ----------
    values, share : ndarray of shape (n,)
    at_least : bool ndarray of shape (n,)
        Which values are lower bounds.

    Returns
    -------
    share : ndarray of shape (n,)
        0 for bounds.
    beyond : float
        What is left where the largest values are bounds.

    References
    ----------
    .. [1] B. Efron, "The two sample problem with censored data", Proc. Fifth Berkeley
       Symposium 4, 1967.
    """
    # At one value, what is known comes before what lies beyond.
    order = np.lexsort((at_least, values))
    known = np.where(at_least, 0.0, share)[order]
    left = np.cumsum(share[order][::-1])[::-1]
    hazard = np.divide(known, left, out=np.zeros_like(known), where=left > 0)
    survival = np.append(1.0, np.cumprod(1.0 - np.minimum(hazard, 1.0)))
    found = np.empty_like(share)
    found[order] = survival[:-1] * hazard * share.sum()
    return found, float(survival[-1] * share.sum())
