"""How the latent scores of held-out rows are correlated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sklearn_mtl.joint._marginals import Marginal, Numbers
from sklearn_mtl.joint._normal import cut_moments, hermite_of_cuts

FEWEST_PAIRS = 20
"""Rows that show both labels, below which columns count as independent."""
DEGREE = 16
"""Hermite polynomials that the expected score of a class is expanded in."""
BISECTIONS = 24
LARGEST = 0.995
"""Absolute correlation of two scores; of more, one would tell the other exactly."""
LEAST_EIGENVALUE = 1e-3


def learn_correlation(
    marginals: Sequence[Marginal],
    bounds: np.ndarray,
    responses: Sequence[np.ndarray],
    weight: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Correlate latent scores over the rows that show both labels.

    Scores of classes are known up to an interval. The product of their expected values
    that a correlation makes likely is a power series in it, whose coefficients are
    those of Hermite polynomials; it is solved for the correlation, pair by pair. Pairs
    are then shrunk by their standard errors.

    Parameters
    ----------
    marginals : sequence of Marginal
        One for each column.
    bounds : ndarray of shape (2, n, L)
        Of all latent scores of the held-out labels.
    responses : sequence of ndarray of shape (n, m)
    weight : ndarray of shape (n, L)
        Weight of the label behind each score.

    Returns
    -------
    correlation, n_pairs : ndarray of shape (L, L)
        A correlation matrix in which scores of one column are uncorrelated, and the
        number of rows behind each entry.
    """
    seen = (np.isfinite(bounds[0]) | np.isfinite(bounds[1])) & (weight > 0)
    root = np.sqrt(np.where(seen, weight, 0.0)).astype(np.float32)
    score = np.where(seen, _expected_scores(*bounds), 0.0).astype(np.float32)
    powers: list[np.ndarray] = []
    informed = score
    for power in _expansions(marginals, responses):
        informed = power if not powers else informed
        powers.append(_crossed(root * power))
    said, expected = (_over_pairs(part, root) for part in (score**2, informed))
    total = _crossed(root)
    n_pairs = _crossed(seen.astype(np.float32))
    between = (n_pairs >= FEWEST_PAIRS) & ~same_column(marginals)
    between &= (said * said.T > 0) & (expected * expected.T > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # As in Pearson's coefficient, what the pair's own rows vary by is divided out.
        size = np.sqrt(expected * expected.T / (said * said.T))
        n_labels = total**2 / _crossed(root**2)
        told = expected * expected.T / total**2
        observed = np.where(between, _crossed(root * score) * size, 0.0)
    found = _solved(observed, powers)
    found[~between] = 0.0
    # Of scores known exactly, that of Pearson's coefficient; of intervals, that of no
    # dependence, over what they tell.
    error = np.ones_like(found)
    error[between] = ((1.0 - found**2) ** (2.0 * told) / (n_labels * told))[between]
    return nearest_correlation(_shrunk(found, error, between), marginals), n_pairs


def same_column(marginals: Sequence[Marginal]) -> np.ndarray:
    """Whether two latent scores (L, L) are of one column."""
    column = np.repeat(range(len(marginals)), [m.n_latents for m in marginals])
    same: np.ndarray = column[:, np.newaxis] == column
    return same


def nearest_correlation(
    matrix: np.ndarray, marginals: Sequence[Marginal]
) -> np.ndarray:
    """Make a correlation matrix positive definite; scores of a column uncorrelated."""
    matrix = matrix + np.eye(len(matrix))
    values, vectors = np.linalg.eigh(matrix)
    if values[0] >= LEAST_EIGENVALUE:
        return matrix
    matrix = (vectors * np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
    whitening = np.zeros_like(matrix)
    start = 0
    for marginal in marginals:
        own = slice(start, start + marginal.n_latents)
        values, vectors = np.linalg.eigh(matrix[own, own])
        whitening[own, own] = (vectors / np.sqrt(values)) @ vectors.T
        start = own.stop
    found: np.ndarray = whitening @ matrix @ whitening
    return found


def _expected_scores(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Give the expected scores (n, L) of standard normal ones between bounds."""
    exact = lower == upper
    end = np.where(exact, 0.0, upper)
    start = np.where(exact, -1.0, lower)
    mean, _ = cut_moments(np.zeros_like(start), np.ones_like(start), start, end)
    return np.where(exact, lower, mean)


def _expansions(
    marginals: Sequence[Marginal], responses: Sequence[np.ndarray]
) -> Iterator[np.ndarray]:
    """Coefficients (n, L) of each power of the correlation, from the first."""
    cuts: list[np.ndarray] = []
    exact = []
    for marginal, response in zip(marginals, responses, strict=True):
        is_exact = isinstance(marginal, Numbers)
        if not isinstance(marginal, Numbers):
            cuts.extend(marginal.cuts(response))
        exact.extend([is_exact] * marginal.n_latents)
    of_cuts = np.flatnonzero(~np.array(exact))
    places: dict[int, list[int]] = {}
    for j, cut in enumerate(cuts):
        places.setdefault(cut.shape[1], []).append(j)
    series = {
        width: hermite_of_cuts(np.stack([cuts[j] for j in own], axis=1), DEGREE)
        for width, own in places.items()
    }
    for power in range(1, DEGREE + 1):
        found = np.zeros((len(responses[0]), len(exact)), dtype=np.float32)
        found[:, exact] = 1.0 if power == 1 else 0.0
        for width, own in places.items():
            found[:, of_cuts[own]] = next(series[width])
        yield found


def _crossed(columns: np.ndarray) -> np.ndarray:
    found: np.ndarray = (columns.T @ columns).astype(np.float64)
    return found


def _over_pairs(values: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Sum values of each score (L,) over the rows of each pair, (L, L)."""
    found: np.ndarray = ((values * root).T @ root).astype(np.float64)
    return found


def _solved(observed: np.ndarray, powers: list[np.ndarray]) -> np.ndarray:
    """Correlations whose power series give what was observed."""
    low = np.full(observed.shape, -LARGEST)
    high = -low
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        value = np.zeros_like(middle)
        for power in reversed(powers):
            value = (value + power) * middle
        below = value < observed
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def _shrunk(found: np.ndarray, error: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Shrink correlations (L, L) by their squared errors.

    By what those of all pairs scatter beyond their errors; but a pair that stands far
    above its own error is kept, whatever the others are.
    """
    if not between.any():
        return found
    square = found**2
    precision = 1.0 / error[between]
    beyond = np.average((square - error)[between], weights=precision)
    common = max(beyond, 0.0)
    kept = np.where(between, common / (common + error), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = np.where(square > 0, 1.0 - 4.0 * error / square, 0.0)
    shrunk: np.ndarray = found * np.clip(np.maximum(kept, alone), 0.0, 1.0)
    return shrunk
