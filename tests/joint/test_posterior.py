"""Latent scores, given bounds of some."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.joint._posterior import condition

LOADING = np.array([0.9, 0.7, -0.8, 0.5, 0.3])
CORRELATION = np.outer(LOADING, LOADING)
np.fill_diagonal(CORRELATION, 1.0)


def bounds_of(*rows):
    bounds = np.full((2, len(rows), len(LOADING)), np.inf)
    bounds[0] = -np.inf
    for i, row in enumerate(rows):
        for latent, (low, high) in row.items():
            bounds[:, i, latent] = low, high
    return bounds


def test_exact_scores_give_the_conditional_normal_law():
    law = condition(CORRELATION, bounds_of({0: (1.2, 1.2), 3: (-0.4, -0.4)}))
    known, others = [0, 3], [1, 2, 4]
    weights = np.linalg.solve(
        CORRELATION[np.ix_(known, known)], CORRELATION[np.ix_(known, others)]
    )
    assert_allclose(law.mean[0, others], [1.2, -0.4] @ weights, atol=1e-4)
    left = 1 - (CORRELATION[np.ix_(known, others)] * weights).sum(axis=0)
    assert_allclose(law.std[0, others] ** 2, left, atol=1e-4)


def test_bounds_agree_with_draws(rng):
    rows = (
        {1: (0.5, np.inf)},
        {0: (0.2, 1.0), 2: (-np.inf, 0.3)},
        {0: (-np.inf, 0.0), 1: (0.0, 0.8), 3: (-0.5, np.inf)},
    )
    law = condition(CORRELATION, bounds_of(*rows), with_covariance=True)
    drawn = rng.standard_normal((400_000, 5)) @ np.linalg.cholesky(CORRELATION).T
    for i, row in enumerate(rows):
        held = np.all(
            [(a < drawn[:, j]) & (drawn[:, j] < b) for j, (a, b) in row.items()], 0
        )
        assert_allclose(law.mean[i], drawn[held].mean(axis=0), atol=0.03)
        assert_allclose(law.std[i], drawn[held].std(axis=0), atol=0.03)
        assert_allclose(law.covariance[i], np.cov(drawn[held].T), atol=0.04)


def test_a_row_is_told_the_same_whatever_others_are_asked():
    rows = [{0: (0.2, 1.0), 2: (-np.inf, 0.3)}, {}, {4: (1.0, 1.0)}]
    together = condition(CORRELATION, bounds_of(*rows))
    for i, row in enumerate(rows):
        alone = condition(CORRELATION, bounds_of(row))
        assert_allclose(together.mean[i], alone.mean[0], atol=1e-12)
        assert_allclose(together.std[i], alone.std[0], atol=1e-12)


@pytest.mark.parametrize("n_rows", [0, 2])
def test_nothing_known_leaves_scores_as_they_are(n_rows):
    law = condition(CORRELATION, bounds_of(*[{}] * n_rows))
    assert_allclose(law.mean, np.zeros((n_rows, 5)))
    assert_allclose(law.std, np.ones((n_rows, 5)))


def test_contradictions_and_many_bounds_stay_finite(rng):
    matrix = np.full((80, 80), 0.99)
    np.fill_diagonal(matrix, 1.0)
    side = np.where(rng.random((3, 80)) < 0.5, -np.inf, 1.0)
    bounds = np.stack([side, np.where(np.isinf(side), -1.0, np.inf)])
    law = condition(matrix, bounds)
    assert np.isfinite(law.mean).all()
    assert (law.std > 0).all()
