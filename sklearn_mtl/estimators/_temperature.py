"""How sure a network may be of its classes, by labels that it did not train on."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

COLDEST, HOTTEST = 0.2, 5.0
"""Range in which a temperature is sought."""
PRIOR_OF_TEMPERATURE = np.log(2.0)
"""Standard deviation of the logarithm of a temperature before labels are seen."""


def best_temperature(
    response: np.ndarray, codes: np.ndarray, weight: np.ndarray
) -> float:
    """Temperature that minimises the log-loss of held-out labels (Guo et al. 2017).

    One where there is nothing to learn it from. A few labels say little, so that a
    prior keeps it near one; it fades with their number.

    Parameters
    ----------
    response : ndarray of shape (n, n_classes)
        Probabilities.
    codes : int ndarray of shape (n,)
        Position of each label's class.
    weight : ndarray of shape (n,)
    """
    if len(np.unique(codes)) < 2:
        return 1.0

    def cost(log_temperature: float) -> float:
        tempered = temper(response, np.exp(log_temperature))
        chosen = tempered[np.arange(len(codes)), codes]
        surprise = -(weight * np.log(np.maximum(chosen, 1e-300))).sum()
        return float(surprise + 0.5 * (log_temperature / PRIOR_OF_TEMPERATURE) ** 2)

    bounds = np.log(COLDEST), np.log(HOTTEST)
    found = minimize_scalar(cost, bounds=bounds, method="bounded")
    return float(np.exp(found.x))


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logarithms of probabilities by a temperature and normalise."""
    logits = np.log(np.maximum(probabilities, 1e-300))
    tempered: np.ndarray = softmax(logits / temperature, axis=-1)
    return tempered
