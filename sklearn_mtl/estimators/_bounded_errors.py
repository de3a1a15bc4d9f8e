"""Errors on labels that are only bounds: known to be at least so large."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.tasks import distance_to_bounds


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
