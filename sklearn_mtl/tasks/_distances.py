"""How far predictions lie from what labels allow that are only bounds."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq


def distance_to_bounds(bounds: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Signed distance from predictions (...) to bounds (..., 2); 0 inside of them."""
    nearest: np.ndarray = np.clip(predictions, bounds[..., 0], bounds[..., 1])
    return nearest - predictions


def mean_squared_distance(
    bounds: np.ndarray, predictions: np.ndarray, weight: np.ndarray | None
) -> float:
    """Mean of the squares of distances to bounds (n, 2)."""
    squared = distance_to_bounds(bounds, predictions) ** 2
    return float(np.average(squared, weights=weight))


def least_cost_of_a_constant(bounds: np.ndarray, weight: np.ndarray | None) -> float:
    """Mean squared distance to the bounds that the best constant leaves."""
    lowest, highest = bounds[:, 1].min(), bounds[:, 0].max()
    if highest <= lowest:
        return 0.0

    def slope(constant: float) -> float:
        away = distance_to_bounds(bounds, np.array(constant))
        return -float(np.average(away, weights=weight))

    best = brentq(slope, lowest, highest, xtol=1e-14 * (highest - lowest))
    return mean_squared_distance(bounds, np.array(best), weight)
