"""Errors on labels that are only bounds, and intervals that rest on them."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.estimators._bounded_errors import redistributed, sizes_of_errors
from sklearn_mtl.estimators._conformal import sorted_by_fold

INF = np.inf


def test_sizes_of_errors():
    labels = np.array([[1, 1], [3, INF], [3, INF], [-INF, 0], [1, 4]], dtype=float)
    predictions = np.array([2.0, 1.0, 5.0, 0.5, 2.0])

    error, at_least = sizes_of_errors(labels, predictions)

    assert_array_equal(error, [1, 2, 0, 0.5, 2])
    assert_array_equal(at_least, [False, True, True, True, False])
    error, at_least = sizes_of_errors(labels[:, 0], predictions)
    assert not at_least.any()


def test_shares_are_those_of_kaplan_and_meier():
    values = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0])
    at_least = np.array([False, True, False, False, True, True])

    share, beyond = redistributed(values, np.ones(6), at_least)

    # One of six, one of five, and after a bound one of three are known to end there.
    steps = [1 / 6, 0, 5 / 6 / 5, 4 / 6 / 3, 0, 0]
    assert_allclose(share, 6 * np.array(steps))
    assert_allclose(beyond, 6 - share.sum())
    assert_allclose(redistributed(values, np.ones(6), np.zeros(6, bool))[0], 1.0)
    assert redistributed(values[:1], np.ones(1), np.ones(1, bool)) == ([0.0], 1.0)


def test_rank_among_bounded_errors():
    values, fold = np.arange(1.0, 7.0), np.array([0, 1] * 3)
    at_least = np.array([False, True, False, False, False, True])

    ranked = sorted_by_fold(values, fold, np.ones(6), 2, at_least)

    assert_allclose(sum(of_fold.total for of_fold in ranked), 6)
    assert_array_equal(ranked[0].finite.values, [1, 3, 5])
    assert_array_equal(ranked[1].finite.values, [4])
    assert all(of_fold.values[-1] == INF for of_fold in ranked)
    plain = sorted_by_fold(values, fold, np.ones(6), 2, np.zeros(6, bool))
    assert all(of_fold.share is None for of_fold in plain)
