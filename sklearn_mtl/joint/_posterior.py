"""Latent scores of a row of which some labels are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_mtl.joint._normal import cut_moments

EXACT = 1e6
"""Precision of a score that is known exactly."""
SWEEPS = 12
MANY = 48
"""Known scores of a row, above which fewer sweeps have to do."""
SWEEPS_OF_MANY = 3
DAMPING = 0.8
SETTLED = 1e-3
"""Change of a posterior mean that is too small to go on."""
CELLS_AT_ONCE = 2**22
"""Bounds the memory of the matrices of some rows."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Normal law of the latent scores of each row.

    Attributes
    ----------
    mean : ndarray of shape (n, L)
    std : ndarray of shape (n, L)
    covariance : ndarray of shape (n, L, L) or None
        Where it was asked for.
    """

    mean: np.ndarray
    std: np.ndarray
    covariance: np.ndarray | None = None


def condition(
    correlation: np.ndarray, bounds: np.ndarray, *, with_covariance: bool = False
) -> Posterior:
    """Condition normal scores on bounds, by expectation propagation.

    Exact where bounds meet, and for one interval; a close approximation by a normal
    law for several.

    Parameters
    ----------
    correlation : ndarray of shape (L, L)
    bounds : ndarray of shape (2, n, L)
        Lower and upper bounds, infinite where nothing is known.
    with_covariance : bool

    References
    ----------
    T. P. Minka, "Expectation Propagation for Approximate Bayesian Inference", UAI 2001.
    """
    n_rows, n_latents = bounds.shape[1:]
    is_known = np.isfinite(bounds).any(axis=0)
    n_known = int(is_known.sum(axis=1).max(initial=1))
    width = n_latents if with_covariance else n_known
    step = max(1, CELLS_AT_ONCE // (width * n_latents))
    parts = [
        _condition_some(
            correlation,
            bounds[:, start : start + step],
            _first_true(is_known[start : start + step], n_known),
            with_covariance,
        )
        for start in range(0, max(n_rows, 1), step)
    ]
    covariance = [part.covariance for part in parts if part.covariance is not None]
    return Posterior(
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.std for part in parts]),
        np.concatenate(covariance) if covariance else None,
    )


def _first_true(mask: np.ndarray, n_entries: int) -> np.ndarray:
    """Positions (n, n_entries) of what is true in each row, then of what is not."""
    order: np.ndarray = np.argsort(~mask, axis=1, kind="stable")[:, :n_entries]
    return order


def _condition_some(
    correlation: np.ndarray,
    bounds: np.ndarray,
    known: np.ndarray,
    with_covariance: bool,
) -> Posterior:
    """Condition rows on their `known` scores (n, k); other scores have no bounds."""
    prior = correlation[known[:, :, np.newaxis], known[:, np.newaxis, :]]
    lower, upper = np.take_along_axis(bounds, known[np.newaxis], axis=2)
    precision, shift = _sites(prior, lower, upper)
    pull = _pull(prior, precision)
    across = correlation[:, known].transpose(1, 0, 2)
    mean = _times(across, shift - _times(pull, _times(prior, shift)))
    told = across @ pull
    variance = 1.0 - (told * across).sum(axis=2)
    std = np.sqrt(np.clip(variance, 1e-6, 1.0))
    if not with_covariance:
        return Posterior(mean, std)
    return Posterior(mean, std, correlation - told @ across.transpose(0, 2, 1))


def _sites(
    prior: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Precision and precision times mean (n, k) of the normal factors of the bounds."""
    exact = lower == upper
    cut = ~exact & (np.isfinite(lower) | np.isfinite(upper))
    precision = np.where(exact, EXACT, 0.0)
    shift = EXACT * np.where(exact, lower, 0.0)
    if not cut.any():
        return precision, shift
    # What a row is told depends on no other row: each has sweeps of its own.
    sweeps = np.where(cut.sum(axis=1) <= MANY, SWEEPS, SWEEPS_OF_MANY)
    moving = np.flatnonzero(cut.any(axis=1))
    before = np.full(cut.shape, np.inf)
    for sweep in range(SWEEPS):
        here = cut[moving]
        mean, variance = _moments(prior[moving], precision[moving], shift[moving])
        changed = np.where(here, np.abs(mean - before[moving]), 0.0).max(axis=1)
        goes_on = (changed > SETTLED) & (sweep < sweeps[moving])
        before[moving] = mean
        moving, here = moving[goes_on], here[goes_on]
        if not len(moving):
            break
        mean, variance = mean[goes_on], variance[goes_on]
        own_precision, own_shift = precision[moving], shift[moving]
        without = np.maximum(1.0 / variance - own_precision, 1e-6)[here]
        centre = (mean / variance - own_shift)[here] / without
        told, left = cut_moments(
            centre, 1.0 / np.sqrt(without), lower[moving][here], upper[moving][here]
        )
        new = np.maximum(1.0 / left - without, 0.0)
        own_precision[here] += DAMPING * (new - own_precision[here])
        own_shift[here] += DAMPING * (told / left - centre * without - own_shift[here])
        precision[moving], shift[moving] = own_precision, own_shift
    return precision, shift


def _moments(
    prior: np.ndarray, precision: np.ndarray, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (n, k) of the scores under their factors."""
    pull = _pull(prior, precision)
    mean = _times(prior, shift - _times(pull, _times(prior, shift)))
    return mean, np.clip(1.0 - (prior @ pull * prior).sum(axis=2), 1e-9, None)


def _pull(prior: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Inverse (n, k, k) of the prior's covariance plus that of the factors."""
    root = np.sqrt(precision)
    inner = root[:, :, np.newaxis] * prior * root[:, np.newaxis, :]
    inner += np.eye(prior.shape[1])
    inverse = np.linalg.inv(inner)
    pull: np.ndarray = root[:, :, np.newaxis] * inverse * root[:, np.newaxis, :]
    return pull


def _times(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Multiply matrices (n, i, j) and vectors (n, j)."""
    product: np.ndarray = (matrix @ vector[..., np.newaxis])[..., 0]
    return product
