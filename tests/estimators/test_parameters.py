"""Parameters: they stay what they were; how many bins numbers get."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)

# As they were passed


def test_parameters_stay_what_they_were(X, mixed):
    weights, kinds, sizes = {1: 2.0}, {0: "regression"}, [8]
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=sizes,
        task_weights=weights,
        task_types=kinds,
        n_members=2,
        max_iter=2,
    )
    before = copy.deepcopy(net.get_params())
    net.fit(X, mixed)
    assert net.get_params() == before
    assert net.hidden_layer_sizes is sizes


# n_bins


def zigzag(n_rows, seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 1, size=(n_rows, 3))
    return X, np.column_stack([np.abs((8 * X[:, j]) % 2 - 1) for j in (0, 1)])


def test_bins_let_a_net_learn_what_bends_often():
    X, y = zigzag(600, 0)
    X_test, y_test = zigzag(600, 1)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(32,), n_members=2, max_iter=60, random_state=0
    )

    plain = net.set_params(n_bins=0).fit(X, y).score(X_test, y_test)
    with_bins = net.set_params(n_bins="auto").fit(X, y).score(X_test, y_test)

    assert with_bins > plain + 0.3
    assert with_bins > 0.8


def test_a_network_without_hidden_layers_stays_linear():
    X, y = zigzag(200, 0)
    net = MultiTaskNetRegressor(hidden_layer_sizes=(), max_iter=3, random_state=0)
    predicted = net.fit(X, y).predict(np.linspace(0, 1, 9)[:, None] * np.ones(3))

    assert_allclose(np.diff(predicted, n=2, axis=0), 0, atol=1e-6)
    assert net.set_params(n_bins=4).fit(X, y).net_.module_.inputs.bins is not None


@pytest.mark.parametrize("wrong", [-1, 2.5, "many"])
def test_wrong_numbers_of_bins_are_refused(wrong):
    X, y = zigzag(50, 0)
    with pytest.raises(ValueError, match="'n_bins' parameter"):
        MultiTaskNetClassifier(n_bins=wrong).fit(X, y[:, 0] > 0.5)
