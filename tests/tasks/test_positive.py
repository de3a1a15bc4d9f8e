"""Amounts and counts: gamma, Poisson and negative binomial."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import mean_gamma_deviance, mean_poisson_deviance

from sklearn_mtl.tasks import Count, GammaRegression, NegativeBinomial
from tests.tasks.helpers import (
    EXTREME,
    LOG_LINK,
    TEST,
    TRAIN,
    draw,
    fitted,
    grid,
    labels_for,
    losses,
    small_net,
)

# Losses against closed forms


def test_gamma_loss_is_half_the_gamma_deviance():
    labels = labels_for("gamma")
    task = fitted(GammaRegression(), labels)
    raw = grid(EXTREME)

    loss = losses(task, raw, labels).mean(axis=1)

    means = task.response(raw)[:, 0]
    expected = [mean_gamma_deviance(labels, np.full(60, m)) / 2 for m in means]
    assert_allclose(loss, expected, rtol=1e-6)


def test_gamma_loss_is_the_likelihood_of_gamma_up_to_a_constant():
    raw = torch.tensor(grid(EXTREME))
    code, shape = 1.7, 3.0

    loss = GammaRegression.loss(raw, torch.tensor(code, dtype=torch.float64))

    mean = np.exp(raw[:, 0].numpy())
    likelihood = stats.gamma.logpdf(code, shape, scale=mean / shape)
    best = stats.gamma.logpdf(code, shape, scale=code / shape)
    assert_allclose(loss, (best - likelihood) / shape, rtol=1e-6)


@pytest.mark.parametrize("labels", [np.arange(8.0), np.array([0, 1e6]), [0.0, 0.25, 2]])
def test_count_loss_is_half_the_poisson_deviance(labels):
    task = fitted(Count(), np.asarray(labels))
    raw = grid(EXTREME)

    loss = losses(task, raw, labels).mean(axis=1)

    means = task.response(raw)[:, 0]
    size = len(labels)
    expected = [mean_poisson_deviance(labels, np.full(size, m)) / 2 for m in means]
    assert_allclose(loss, expected, rtol=1e-6)


def test_count_loss_is_the_likelihood_of_poisson_above_the_best():
    counts = np.arange(9.0)
    raw = grid(EXTREME)

    loss = losses(fitted(Count(), counts), raw, counts)

    best = stats.poisson.logpmf(counts, counts)
    expected = best - stats.poisson.logpmf(counts, np.exp(raw))
    assert_allclose(loss, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dispersion", [1e-3, 0.1, 1.0, 50.0])
def test_negative_binomial_loss_is_the_likelihood_above_the_best_poisson(dispersion):
    counts = np.array([0.0, 1, 2, 5, 40, 900])
    task = fitted(NegativeBinomial(), counts)
    raw = grid([-12.0, -1, 0, 2, 7, 12], [np.log(dispersion)])

    loss = losses(task, raw, counts)

    mean, size = np.exp(raw[:, :1]), 1 / dispersion
    likelihood = stats.nbinom.logpmf(counts, size, size / (size + mean))
    expected = stats.poisson.logpmf(counts, counts) - likelihood
    assert_allclose(loss, expected, rtol=1e-6, atol=1e-8)
    response = task.response(raw)
    variance = stats.nbinom.var(size, size / (size + mean[:, 0]))
    spread = task.spread(response, np.zeros(len(response)), np.nan)
    assert_allclose(spread**2, variance, rtol=1e-6)


def test_negative_binomial_loss_falls_to_that_of_poisson_without_dispersion():
    counts, raw = np.arange(6.0), grid([-1.0, 0.0, 1.0])
    poisson = losses(fitted(Count(), counts), raw, counts)
    least = np.concatenate([raw, np.full_like(raw, -99.0)], axis=1)

    loss = losses(fitted(NegativeBinomial(), counts), least, counts)

    assert_allclose(loss, poisson, atol=0.02)


# Spread


def test_spread_of_gamma_is_in_proportion_to_the_mean():
    task = fitted(GammaRegression(), labels_for("gamma"))
    response = np.array([[1.0], [10.0]])

    assert_allclose(task.spread(response, np.zeros(2), 0.3), [0.3, 3.0])
    assert_allclose(task.spread(response, np.full(2, 4.0), 0.3), [4.09**0.5, 13**0.5])
    assert_allclose(task.residual(np.array([1.5, 5.0]), response), [0.5, -0.5])


# Learning; margins hold for the seeds 0 to 9


def test_gamma_beats_regression_on_skewed_amounts():
    rng, X = draw()
    mean = np.exp(1.5 * X[:, 0].clip(-2, 2) + X[:, 1].clip(-2, 2))
    y = mean * rng.gamma(3, 1 / 3, 600)

    def deviance(kind):
        net = small_net(task_types=kind).fit(X[TRAIN], y[TRAIN])
        least = 0.05 * y[TRAIN].mean()  # deviance allows no mean below zero
        return mean_gamma_deviance(y[TEST], np.maximum(net.predict(X[TEST]), least))

    assert deviance("gamma") < 0.75 * deviance("regression")


def gaussian_log_loss(X, y):
    """Mean -log P(count) of a plain regression, never below P = 0.001."""
    net = small_net().fit(X[TRAIN], y[TRAIN])
    mean, std = net.predict(X[TEST], return_std=True)
    y = y[TEST]
    above = stats.norm.cdf(y + 0.5, mean, std)
    below = np.where(y == 0, 0.0, stats.norm.cdf(y - 0.5, mean, std))
    return -np.log(np.maximum(above - below, 1e-3)).mean()


def test_count_beats_regression_by_likelihood():
    rng, X = draw()
    y = rng.poisson(np.exp(1 + X[:, 0])).astype(float)
    net = small_net(task_types="count").fit(X[TRAIN], y[TRAIN])

    likelihood = stats.poisson.logpmf(y[TEST], net.predict(X[TEST]))

    assert -likelihood.mean() < gaussian_log_loss(X, y) - 0.08


def test_negative_binomial_beats_poisson_and_regression_by_likelihood():
    rng, X = draw()
    y = rng.poisson(np.exp(1 + X[:, 0]) * rng.gamma(1, 1, 600)).astype(float)
    net = small_net(task_types="negative_binomial").fit(X[TRAIN], y[TRAIN])
    mean, std = net.predict(X[TEST], return_std=True)
    poisson = small_net(task_types="count").fit(X[TRAIN], y[TRAIN]).predict(X[TEST])

    share = mean / std**2
    likelihood = stats.nbinom.logpmf(y[TEST], mean * share / (1 - share), share)

    of_poisson = -stats.poisson.logpmf(y[TEST], poisson).mean()
    assert -likelihood.mean() < of_poisson - 0.7
    assert -likelihood.mean() < gaussian_log_loss(X, y) - 0.06


# Exposure


@pytest.fixture(scope="module")
def claims():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    exposure = rng.integers(1, 6, 200)
    counts = rng.poisson(exposure * np.exp(0.3 + 0.5 * X[:, 0]))
    return X, counts / exposure, exposure


FULL_BATCH = {
    "task_types": "count",
    "early_stopping": False,
    "dtype": "float64",
    "scale_inputs": False,
    "alpha": 0.0,
    "batch_size": 1000,
    "dropout": 0.0,
    "n_bins": 0,
}


def test_exposure_as_weight_equals_repeated_rows(claims):
    X, rate, exposure = claims
    rows = np.repeat(np.arange(200), exposure)
    net = small_net(max_iter=50, **FULL_BATCH)

    weighted = clone(net).fit(X, rate, sample_weight=exposure)
    repeated = clone(net).fit(X[rows], rate[rows])

    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-8)
    (task,) = weighted.tasks_
    assert_allclose(task.mean_, (rate * exposure).sum() / exposure.sum())
    assert_allclose(task.prior_cost_, repeated.tasks_[0].prior_cost_)


def test_rates_of_a_linear_net_are_those_of_poisson_regressor(claims):
    X, rate, exposure = claims
    linear = PoissonRegressor(alpha=0, tol=1e-10, max_iter=1000)
    linear.fit(X, rate, sample_weight=exposure)
    net = small_net(
        hidden_layer_sizes=(),
        n_members=1,
        max_iter=300,
        **FULL_BATCH | {"learning_rate_init": 0.05},
    )

    net.fit(X, rate, sample_weight=exposure)

    assert_allclose(net.predict(X), linear.predict(X), rtol=1e-4)


# Rows far outside


@pytest.mark.parametrize("name", LOG_LINK)
def test_unlabelled_row_far_outside_does_no_harm(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = np.column_stack([1 + labels_for(name, 100), X[:, 0]])
    X[0], y[0, 0] = -1e7, np.nan
    net = small_net(
        task_types={0: name}, max_iter=5, scale_inputs=False, early_stopping=False
    )

    net.fit(X, y)

    assert np.isfinite(net.predict(X)).all()
    assert np.isfinite(net.history_[-1][f"train_loss/{0}"])
