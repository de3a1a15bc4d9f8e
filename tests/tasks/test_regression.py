"""Regression: squared, absolute and Huber errors, and variances of their own."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.metrics import mean_absolute_error

from sklearn_mtl.tasks import (
    HeteroscedasticRegression,
    HuberRegression,
    LaplaceRegression,
    Regression,
)
from tests.tasks.helpers import (
    EXTREME,
    TEST,
    TRAIN,
    column_of,
    draw,
    fitted,
    grid,
    labels_for,
    losses,
    normal,
    small_net,
)

# Losses


def test_regression_loss_is_half_the_squared_error_in_deviations():
    labels = np.array([10.0, 30.0, 80.0])
    task = fitted(Regression(), labels)
    raw = normal(4, 3, 1)
    codes = torch.from_numpy(task.encode(column_of(labels)))

    loss = Regression.loss(raw, codes)

    error = (task.response(raw.numpy())[..., 0] - labels) / labels.std()
    assert_allclose(loss, error**2 / 2, rtol=1e-6)


# Prior


@pytest.mark.parametrize("unit", [1e-30, 1e-3, 1.0, 1e30])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_regression_is_the_same_in_every_unit(unit, shift):
    labels = shift + np.array([1.0, 2.0, 5.0])
    task = fitted(Regression(), labels * unit)

    assert task.prior_cost_ == pytest.approx(0.5)
    codes = task.encode(column_of(labels * unit))
    assert_allclose(codes, (labels - labels.mean()) / labels.std(), rtol=1e-9)
    assert_allclose(task.response(codes[:, None])[:, 0], labels * unit, rtol=1e-9)


# Losses against closed forms


def test_laplace_loss_is_the_absolute_error_in_units_of_the_priors():
    labels = labels_for("laplace")
    task = fitted(LaplaceRegression(), labels)
    raw = grid(10 * EXTREME)

    loss = losses(task, raw, labels).mean(axis=1)

    predicted = task.response(raw)[:, 0]
    prior = mean_absolute_error(labels, np.full(60, np.median(labels)))
    expected = [mean_absolute_error(labels, np.full(60, p)) / prior for p in predicted]
    assert_allclose(loss, expected, rtol=1e-6)
    assert task.prior_cost_ == pytest.approx(1)


def test_laplace_loss_is_the_likelihood_of_laplace():
    raw, codes = torch.tensor(grid(EXTREME)), torch.tensor(0.3, dtype=torch.float64)

    loss = LaplaceRegression.loss(raw, codes)

    expected = -stats.laplace.logpdf(0.3, raw[:, 0]) - np.log(2)
    assert_allclose(loss, expected, rtol=1e-6)


def test_huber_loss_is_that_of_huber_regressor():
    labels = labels_for("huber")
    task = fitted(HuberRegression(), labels)
    raw, delta = grid(10 * EXTREME), HuberRegression.DELTA

    loss = losses(task, raw, labels)

    error = np.abs(task.response(raw) - labels) / task.scale_
    # HuberRegressor minimises twice this, in units of its own scale.
    near, far = error**2 / 2, delta * error - delta**2 / 2
    assert_allclose(loss, np.where(error < delta, near, far), rtol=1e-6)
    mad = stats.median_abs_deviation(labels, scale="normal")
    assert_allclose(task.scale_, mad, rtol=1e-5)
    assert_allclose(task.mean_, np.median(labels))


@pytest.mark.parametrize("log_variance", [-13.5, -2.0, 0.0, 3.0, 25.0])
def test_heteroscedastic_loss_is_the_likelihood_of_the_normal_law(log_variance):
    labels = labels_for("heteroscedastic")
    task = fitted(HeteroscedasticRegression(), labels)
    raw = grid(EXTREME, [log_variance])

    loss = losses(task, raw, labels)

    mean, second = task.response(raw).T
    std = np.exp(log_variance / 2) * task.scale_
    shift = (mean - task.mean_) ** 2
    assert_allclose(second - shift, std**2, rtol=1e-6, atol=1e-8 * shift.max())
    likelihood = stats.norm.logpdf(labels, mean[:, None], std)
    constant = np.log(2 * np.pi) / 2 + np.log(task.scale_)
    assert_allclose(loss, -likelihood - constant, rtol=1e-6)


# Learning; margins hold for the seeds 0 to 9


@pytest.mark.parametrize("kind", ["laplace", "huber"])
def test_robust_kinds_beat_regression_where_labels_are_broken(kind):
    rng, X = draw()
    clean = 2 * X[:, 0] + X[:, 1]
    y = clean + 0.1 * rng.normal(size=600)
    broken = rng.random(600) < 0.15
    y[broken] += rng.exponential(60, broken.sum())

    def error(kind):
        net = small_net(task_types=kind).fit(X[TRAIN], y[TRAIN])
        return mean_absolute_error(clean[TEST], net.predict(X[TEST]))

    assert error(kind) < 0.3 * error("regression")


def test_heteroscedastic_beats_regression_by_likelihood():
    rng, X = draw()
    y = X[:, 0] + np.exp(X[:, 1]) * rng.normal(size=600)

    def log_loss_of(kind):
        net = small_net(task_types=kind).fit(X[TRAIN], y[TRAIN])
        mean, std = net.predict(X[TEST], return_std=True)
        return -stats.norm.logpdf(y[TEST], mean, std).mean()

    assert log_loss_of("heteroscedastic") < log_loss_of("regression") - 0.4
