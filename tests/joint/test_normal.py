"""Numerics of the normal law."""

import numpy as np
from numpy.testing import assert_allclose
from scipy.special import ndtr, ndtri
from scipy.stats import truncnorm

from sklearn_mtl.joint._normal import cut_moments, hermite_of_cuts, nodes, score_below

INF = np.inf


def test_moments_of_a_cut_normal_law():
    low = np.array([-INF, 0.5, -1.0, -INF, 6.0, -INF, 3.0])
    high = np.array([0.5, INF, 2.0, INF, INF, -6.0, 3.1])
    mean, std = np.full(7, 0.3), np.full(7, 1.5)
    a, b = (low - mean) / std, (high - mean) / std
    expected = truncnorm.stats(a, b, loc=mean, scale=std, moments="mv")

    found = cut_moments(mean, std, low, high)

    assert_allclose(found[0], expected[0], rtol=1e-6)
    assert_allclose(found[1], expected[1], rtol=1e-4)


def test_bounds_far_in_a_tail_give_finite_moments():
    ends = np.array([-60.0, 40.0, 8.0, -INF])
    others = np.array([-59.0, INF, 8.0 + 1e-9, -40.0])
    mean, variance = cut_moments(np.zeros(4), np.ones(4), ends, others)
    assert ((ends <= mean) & (mean <= others)).all()
    assert np.isfinite(variance).all()
    assert (variance > 0).all()


def test_expansion_gives_the_mean_product_of_expected_scores():
    """Of two halves: (2 / pi) * 2 / pi * asin(r)."""
    powers = [float(p[0]) for p in hermite_of_cuts(np.zeros((1, 1)), 16)]
    for correlation in (-0.6, 0.0, 0.3, 0.8):
        series = sum(p * p * correlation**k for k, p in enumerate(powers, 1))
        exact = 4 / np.pi**2 * np.arcsin(correlation)
        assert abs(series - exact) < 2e-3


def test_expectations_and_scores():
    points, weights = nodes()
    assert_allclose(
        [weights.sum(), points**2 @ weights, points**4 @ weights], [1, 1, 3]
    )
    assert_allclose(ndtr(score_below(np.array([0.2, 0.9]))), [0.2, 0.9])
    assert np.isfinite(score_below(np.array([0.0, 1.0]))).all()
    assert ndtri(0.0) == -INF
