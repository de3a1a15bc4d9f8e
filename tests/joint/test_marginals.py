"""Labels of one column to latent scores and back."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from sklearn_mtl.joint._marginals import Classes, Counts, Numbers, _with_tails
from sklearn_mtl.tasks import Count, GammaRegression, Quantile
from tests.joint.helpers import MAKERS, made

N_ROWS = 400


def column_of(kind, **changes):
    """Return the marginal of a column, its labels and responses."""
    table = made(N_ROWS, 0.0, (kind, "number"))
    record = table._replace(**changes).record()
    return record.copula.marginals[0], table.labels[:, 0], table.responses[0]


@pytest.mark.parametrize("kind", list(MAKERS))
def test_scores_within_their_bounds_give_the_labels_back(kind):
    marginal, labels, response = column_of(kind)
    lower, upper = marginal.bounds(labels, response)
    assert lower.shape == (N_ROWS, marginal.n_latents)
    assert (lower <= upper).all()
    low, high = np.maximum(lower, -6), np.minimum(upper, 6)
    for share in (0.01, 0.5, 0.99):
        scores = low + share * (high - low)
        again = marginal.labels(scores[:, np.newaxis], response)[:, 0]
        assert_allclose(again, labels, atol=1e-6)


@pytest.mark.parametrize("kind", list(MAKERS))
def test_shares_of_bounds_are_uniform(kind):
    """As they are where predictions are true."""
    marginal, labels, response = column_of(kind)
    lower, upper = ndtr(marginal.bounds(labels, response))
    rank = 0.5 * (lower + upper)[:, 0]
    assert abs(rank.mean() - 0.5) < 0.05


@pytest.mark.parametrize("kind", list(MAKERS))
def test_missing_labels_have_no_bounds(kind):
    marginal, _labels, response = column_of(kind)
    lower, upper = marginal.bounds(np.full(3, np.nan), response[:3])
    assert np.isneginf(lower).all()
    assert np.isposinf(upper).all()


@pytest.mark.parametrize("kind", list(MAKERS))
def test_standard_normal_scores_give_the_prediction(kind):
    marginal, _, response = column_of(kind)
    shape = N_ROWS, marginal.n_latents
    found = marginal.updated(np.zeros(shape), np.ones(shape), response)
    if isinstance(marginal, Classes):
        assert_allclose(found, response, atol=1e-9)
    else:
        assert_allclose(found[0], response[:, 0], atol=1e-9)
        assert_allclose(found[1], 1.0)


def test_classes_are_told_apart_the_most_frequent_first():
    marginal, _, response = column_of("classes")
    assert_array_equal(marginal.order, [0, 1, 2])
    first, last = marginal.cuts(response)
    assert_allclose(1 - ndtr(first[:, 0]), response[:, 0])
    assert_allclose(ndtr(last[:, 0]), response[:, 1] / (1 - response[:, 0]))


def test_many_classes_share_the_last_score(rng):
    p = rng.dirichlet(np.ones(60), size=50)
    marginal = Classes(None, np.argsort(-p.mean(axis=0)), 24)
    assert marginal.n_latents == 25
    drawn = marginal.labels(rng.standard_normal((50, 4000, 25)), p)
    shares = np.stack([(drawn == code).mean(axis=1) for code in range(60)], axis=1)
    assert_allclose(shares, p, atol=0.05)


def test_rates_are_numbers_and_counts_are_counts(rng):
    marginal, _labels, _ = column_of("count")
    assert isinstance(marginal, Counts)
    table = made(N_ROWS, 0.0, ("count", "number"))
    table.labels[:, 0] += 0.5
    assert isinstance(table.record().copula.marginals[0], Numbers)


def test_far_residuals_go_on_but_not_below_zero():
    residual = np.array([-0.5, 0.0, 2.0])
    scores = np.array([-1.0, 0.0, 1.0])
    for task, lowest in (
        (GammaRegression(), -0.5),
        (Count(), -0.5),
        (Quantile(), -7.5),
    ):
        where, values = _with_tails(task, scores, residual, 1.0)
        assert_array_equal(where, [-8, -1, 0, 1, 8])
        assert_allclose(values[[0, -1]], [lowest, 9.0])
