"""Schedules of the learning rate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.training import learning_rate_schedule
from tests.training.helpers import numbers_table, small_net


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("constant", [0.01] * 6),
        ("invscaling", [0.01 / np.sqrt(epoch) for epoch in range(1, 7)]),
    ],
)
def test_learning_rate_follows_the_schedule_named(name, rates):
    X, y = numbers_table()

    net = small_net(learning_rate=name).fit(X, y)

    assert_allclose([row["learning_rate"] for row in net.history_], rates)


def test_adaptive_learning_rate_falls_by_five_where_the_loss_stays():
    X, y = numbers_table()

    # With tol=10 no epoch counts as better, so that every second one lowers the rate.
    net = small_net(learning_rate="adaptive", tol=10, n_iter_no_change=20).fit(X, y)

    rates = np.array([row["learning_rate"] for row in net.history_])
    assert_allclose(rates, [0.01, 0.01, 0.01, 0.002, 0.002, 0.0004])


def test_constant_learning_rate_needs_no_scheduler():
    assert learning_rate_schedule("constant", 1e-4) is None
