"""Numerics of the normal law: cut tails, and expansions in Hermite polynomials."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

FARTHEST = 8.0
"""Scores that lie farther out are as good as certain."""
N_NODES = 32
"""Points that an expectation over a normal score is taken at."""


def density(x: np.ndarray) -> np.ndarray:
    """Give the standard normal density; 0 at infinity."""
    found: np.ndarray = np.exp(-0.5 * np.square(x)) / np.sqrt(2.0 * np.pi)
    return found


def score_below(share: np.ndarray) -> np.ndarray:
    """Score below which a share of the standard normal law lies, of bounded size."""
    found: np.ndarray = np.clip(ndtri(share), -FARTHEST, FARTHEST)
    return found


def nodes() -> tuple[np.ndarray, np.ndarray]:
    """Points and weights (N_NODES,) of an expectation over a standard normal score."""
    points, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
    return points, weights / weights.sum()


def cut_moments(
    mean: np.ndarray, std: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of normal numbers that are known to lie between bounds.

    Parameters
    ----------
    mean, std, lower, upper : ndarray of one shape
        Bounds may be infinite; ``lower < upper``.
    """
    low, high = (lower - mean) / std, (upper - mean) / std
    # In the left tail logarithms keep their digits: intervals on the right are flipped.
    flip = low > -high
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_mass = log_ndtr(high) + np.log1p(
            -np.exp(np.minimum(log_ndtr(low) - log_ndtr(high), -1e-15))
        )
        at_low = np.exp(-0.5 * low**2 - 0.5 * np.log(2.0 * np.pi) - log_mass)
        at_high = np.exp(-0.5 * high**2 - 0.5 * np.log(2.0 * np.pi) - log_mass)
        slope = np.where(np.isinf(low), 0.0, low * at_low) - np.where(
            np.isinf(high), 0.0, high * at_high
        )
    shift = at_low - at_high
    middle = np.clip(shift, low, high)
    variance = np.clip(1.0 + slope - shift**2, 1e-6, 1.0)
    sign = np.where(flip, -1.0, 1.0)
    return mean + std * sign * middle, std**2 * variance


def hermite_of_cuts(cuts: np.ndarray, degree: int) -> Iterator[np.ndarray]:
    """Expand the expected score of the interval that a score is found in.

    Parameters
    ----------
    cuts : ndarray of shape (..., n_cuts)
        Increasing; they part the line into intervals.
    degree : int

    Yields
    ------
    ndarray of shape (...)
        Coefficient of each normalised Hermite polynomial, from the first.
    """
    cuts = cuts.astype(np.float32)
    weight = density(cuts)
    ends = [(0, 0)] * (cuts.ndim - 1) + [(1, 1)]
    mass = np.diff(np.pad(ndtr(cuts), ends, constant_values=(0.0, 1.0)), axis=-1)
    before, now = np.zeros_like(cuts), np.ones_like(cuts)
    score = None
    for j in range(1, degree + 1):
        inside = -np.diff(np.pad(now * weight, ends), axis=-1) / np.sqrt(j)
        if score is None:
            score = np.divide(
                inside, mass, out=np.zeros_like(inside), where=mass > 1e-6
            )
        yield (score * inside).sum(axis=-1)
        before, now = now, (cuts * now - np.sqrt(j - 1) * before) / np.sqrt(j)
