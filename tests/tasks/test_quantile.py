"""Quantiles."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.metrics import mean_pinball_loss

from sklearn_mtl.tasks import Quantile
from tests.tasks.helpers import (
    EXTREME,
    TEST,
    TRAIN,
    draw,
    fitted,
    labels_for,
    losses,
    small_net,
)

# Losses against closed forms


@pytest.mark.parametrize("shares", [(0.1, 0.5, 0.9), (0.25,), (0.01, 0.02, 0.6, 0.99)])
def test_quantile_loss_is_the_mean_pinball_loss(shares):
    labels = labels_for("quantile")
    task = fitted(Quantile(shares), labels)
    raw = np.stack([EXTREME] * len(shares), axis=-1) * np.linspace(1, -1, len(shares))

    loss = losses(task, raw, labels).mean(axis=1)

    quantiles = task.response(raw)[:, 1:]
    expected = [
        np.mean(
            [
                mean_pinball_loss(labels, np.full(60, value), alpha=share)
                for value, share in zip(row, shares, strict=True)
            ]
        )
        for row in quantiles
    ]
    assert_allclose(loss, np.array(expected) / task.scale_, rtol=1e-6)


# Quantiles


@pytest.mark.parametrize("shares", [(0.5,), (0.05, 0.1, 0.2), np.linspace(0.1, 0.9, 9)])
def test_quantiles_never_cross(shares):
    task = fitted(Quantile(shares), labels_for("quantile"))
    raw = 30 * np.random.default_rng(0).normal(size=(3, 100, len(shares)))

    response = task.response(raw)

    assert response.shape == (3, 100, len(shares) + 1)
    assert (np.diff(response[..., 1:], axis=-1) >= 0).all()
    nearest = np.abs(np.asarray(shares) - 0.5).argmin()
    assert_array_equal(task.predict(response[0]), response[0, :, 1 + nearest])


def test_predict_quantiles_cover_their_shares():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 3))
    y = X[:, 0] + np.exp(X[:, 1]) * rng.normal(size=1200)
    y[::7] = np.nan
    shares = (0.1, 0.5, 0.9)
    net = small_net(task_types=Quantile(shares)).fit(X[:800], y[:800])

    quantiles = net.estimators_[0].predict_quantiles(X[800:])

    assert quantiles.shape == (400, 3)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert_array_equal(net.predict(X[800:]), quantiles[:, 1])
    known = ~np.isnan(y[800:])
    below = (y[800:, None] < quantiles)[known].mean(axis=0)
    assert_allclose(below, shares, atol=0.06)
    plain = small_net(max_iter=1).fit(X, y).estimators_[0]
    assert not hasattr(plain, "predict_quantiles")


def test_columns_with_other_quantiles_keep_them():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(500, 1)), rng.normal(size=500)
    kinds = [Quantile((0.1,)), Quantile((0.9,)), Quantile(np.array([0.1]))]

    net = small_net(task_types=kinds).fit(X, np.column_stack([noise] * 3))

    low, high, _ = net.predict(X).T
    assert 0.04 < (noise < low).mean() < 0.18
    assert 0.04 < (noise > high).mean() < 0.18
    assert len(net.net_.criterion_.layout.blocks) == 2


@pytest.mark.parametrize(
    "quantiles",
    [(), 0.5, (0.5, 0.5), (0.9, 0.1), (0.0, 0.5), (0.5, 1.0), (0.1, np.nan), [[0.5]]],
)
def test_bad_quantiles_are_refused(quantiles):
    y = pd.DataFrame({"load": [1.0, 2.0, 3.0]})

    with pytest.raises(ValueError, match=r"quantiles=.* for column 'load': pass incr"):
        fitted(Quantile(quantiles), y)


# Learning; margins hold for the seeds 0 to 9


def test_quantiles_beat_those_of_a_normal_law_around_a_regression():
    rng, X = draw()
    y = X[:, 0] + np.exp(X[:, 1]) * rng.normal(size=600)
    shares = (0.1, 0.5, 0.9)
    net = small_net(task_types=Quantile(shares)).fit(X[TRAIN], y[TRAIN])
    mean, std = small_net().fit(X[TRAIN], y[TRAIN]).predict(X[TEST], return_std=True)

    def pinball(quantiles):
        return np.mean(
            [
                mean_pinball_loss(y[TEST], quantile, alpha=share)
                for quantile, share in zip(quantiles.T, shares, strict=True)
            ]
        )

    normal = mean[:, None] + std[:, None] * stats.norm.ppf(shares)
    learned = net.estimators_[0].predict_quantiles(X[TEST])
    assert pinball(learned) < 0.93 * pinball(normal)
