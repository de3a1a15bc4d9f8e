"""Errors on labels that are only bounds, and intervals that rest on them."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.estimators._bounded_errors import (
    NO_LIMITS,
    are_both_beyond,
    limits_of,
    opened,
    redistributed,
    sizes_of_errors,
)
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


def test_limits_are_the_first_bounds_beyond_all_numbers():
    numbers = [[1, 1], [2, 2], [1.5, INF], [-INF, 1.5], [1.2, 1.4]]
    for bounds, expected in (
        ([], NO_LIMITS),
        ([[2, INF], [3, INF]], (-INF, 2)),
        ([[-INF, 1], [-INF, 0.5], [4, INF]], (1, 4)),
        ([[2, 5]], NO_LIMITS),
    ):
        labels = np.array(numbers + bounds, dtype=float)
        assert limits_of(labels) == expected
        assert limits_of(labels[:, 0]) == NO_LIMITS
    assert limits_of(np.array([[2, INF]])) == NO_LIMITS


def test_intervals_are_open_where_they_reach_a_limit():
    lower, upper = opened(np.array([0.5, 2.0, 3.0]), np.array([2, 5, 4.0]), (1, 5))
    assert_array_equal(lower, [-INF, 2, 3])
    assert_array_equal(upper, [2, INF, 4])


def test_labels_beyond_a_limit_are_held_where_predictions_lie_beyond():
    labels = np.array([[-INF, 1], [5, INF], [7, INF], [5, INF], [2, 2]], dtype=float)
    both = are_both_beyond(labels, np.array([0.0, 6, 5, 4, 6]), (1, 5))
    assert_array_equal(both, [True, True, True, False, False])
    assert not are_both_beyond(labels[:, 1], np.zeros(5), NO_LIMITS).any()


def test_coverage_needs_no_likeness_of_errors_beyond_the_limit():
    """Ten times the noise beyond a limit: intervals hold nine of ten on either side."""
    rng = np.random.default_rng(0)
    centre = rng.uniform(-1, 1, 4000)
    label = centre + rng.normal(size=4000) * np.where(centre > 0, 3.0, 0.3)
    bounds = np.column_stack([np.minimum(label, 0.0)] * 2)
    bounds[label > 0, 1] = INF
    half, limits = np.arange(2000), limits_of(bounds)
    tells = half[~are_both_beyond(bounds[half], centre[half], limits)]
    clipped = np.clip(centre, *limits)
    errors, _ = sizes_of_errors(np.clip(bounds[tells], *limits), clipped[tells])
    reach = np.quantile(errors, 0.9)
    lower, upper = opened(clipped - reach, clipped + reach, limits)
    held = ((lower <= label) & (label <= upper))[2000:]
    assert held[label[2000:] < 0].mean() > 0.88
    assert held[label[2000:] > 0].mean() > 0.88
