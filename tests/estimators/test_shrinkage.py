"""Columns of which members know no more than the prior."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.estimators._reading import read_table
from sklearn_mtl.estimators._rows import labelled_rows
from sklearn_mtl.estimators._shrinkage import (
    LEAST_SHRINKAGE,
    SHARES,
    best_shares,
    gains_of_mean,
)

PARAMETERS = {
    "hidden_layer_sizes": (32,),
    "learning_rate_init": 0.02,
    "own_nets": "never",
    "max_iter": 12,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def table():
    """Two columns that follow from X, then noise: numbers, counts, rare and even."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    y = np.empty((200, 6), dtype=object)
    y[:, 0] = X[:, 0] + 0.1 * rng.normal(size=200)
    y[:, 1] = np.where(X[:, 1] > 0, "yes", "no")
    y[:, 2] = rng.normal(size=200)
    y[:, 3] = rng.poisson(2.0, size=200)
    y[:, 4] = np.where(rng.permutation(200) < 4, "rare", "other")
    y[:, 5] = rng.choice(["a", "b", "c"], size=200)
    return X, y


def fitted(table, **parameters):
    kinds = {2: "regression", 3: "count"}
    net = MultiTaskNetEstimator(**PARAMETERS | parameters, task_types=kinds)
    return net.fit(*table)


@pytest.fixture(scope="module")
def drawn(table):
    return fitted(table)


@pytest.fixture(scope="module")
def plain(table):
    return fitted(table, calibrate=False)


def test_only_columns_that_do_not_beat_their_prior_are_drawn_towards_it(drawn, plain):
    assert (drawn.shrinkage_[:2] > 0.9).all()
    assert (drawn.shrinkage_[2:] < 0.5).all()
    assert_array_equal(plain.shrinkage_, 1)


def test_no_column_is_below_its_prior_out_of_fold(table, drawn):
    y = table[1]
    for t in (2, 3):
        labels = y[:, t].astype(float)
        said = drawn.oof_predictions_[:, t].astype(float)
        prior = np.square(labels - labels.mean()).mean()
        assert np.square(labels - said).mean() < 1.01 * prior


def test_everything_follows(table, drawn, plain):
    X = np.random.default_rng(1).normal(size=(100, 6))
    for t in (2, 3):
        near, far = (net.predict(X)[:, t].astype(float) for net in (drawn, plain))
        assert near.std() < far.std()
        assert np.corrcoef(near, far)[0, 1] > 0.9  # rows keep their order
        assert_array_equal(near, drawn.estimators_[t].predict(X).astype(float))
        low, high = (part[:, t].astype(float) for part in drawn.predict_interval(X))
        assert ((low < near) & (near < high)).all()
        assert np.ptp(high) < np.ptp(far)
    near, far = (net.predict_proba(X)[4][:, 1] for net in (drawn, plain))
    assert near.std() < far.std()


def test_columns_of_few_labels_decide_together():
    curve = np.square(SHARES - np.array([[0.1], [0.5], [0.9]])) + 0.5
    many, few = (
        SHARES[best_shares(curve, 0 * curve, np.full(3, n))] for n in (1e6, 1.0)
    )

    assert_allclose(many, [0.1, 0.5, 0.9])
    assert_allclose(few, [0.5, 0.5, 0.5])


def test_a_column_that_is_worse_at_every_share_keeps_the_order_of_its_rows():
    worse = 1.0 + SHARES[np.newaxis]

    assert SHARES[best_shares(worse, 0 * worse, np.ones(1))] == LEAST_SHRINKAGE


def test_the_mean_of_members_gains_what_they_differ_by_whatever_the_labels(plain):
    """By hand: half the variance of a z-score; a softmax's log-sum-exp at the mean."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(40, 6)), np.tile(["0"], (40, 6)).astype(object)
    y[:, [0, 2, 3]], y[:, 4] = 1.0, "rare"
    y[:, 1], y[:, 5] = rng.permutation(["yes", "no"] * 20), "a"
    rows = labelled_rows(read_table(plain, X, y, None, None)).weighed(plain.tasks_, {})
    columns, shares = [2, 5], np.array([0.5, 1.0])
    gains = gains_of_mean(plain.stack_, rows, columns, shares)
    away = {t: part for t, _, part in plain.stack_.distances(X, columns)}
    priors = [plain.tasks_[t].prior_raw_ for t in columns]
    number = 0.5 * np.var(shares[:, None, None] * away[2][..., 0], axis=1)
    at_prior = 0.5 * np.square(priors[0][0] - plain.tasks_[2].encode(rows.columns[2]))
    assert_allclose(gains[0], number.mean(axis=1) / at_prior.mean())
    raw = priors[1] + shares[:, None, None, None] * away[5]
    known = np.isfinite(priors[1])
    top = logsumexp(raw[..., known], axis=-1).mean(axis=1)
    of_mean = logsumexp(raw[..., known].mean(axis=1), axis=-1)
    cost = logsumexp(priors[1][known]) - priors[1][0]
    assert_allclose(gains[1], (top - of_mean).mean(axis=1) / cost)
    assert (gains > 0).all()
