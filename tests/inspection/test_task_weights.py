"""Fixed weights that a short training proposes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.inspection import find_task_weights
from sklearn_mtl.inspection._task_weights import evened

TINY = {"hidden_layer_sizes": (6,), "n_members": 2, "max_iter": 8, "random_state": 0}


def one_loud_column(n_rows=120):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4))
    y = X[:, :3].copy()
    y[:, 2] = rng.normal(size=n_rows)  # nothing can be learned
    return X, y


def test_weights_are_one_over_the_lengths_times_those_of_the_user():
    length = np.array([2.0, 1.0, 0.5])
    log_ratio = np.log(length[:, np.newaxis] / length)

    found = evened(np.array([0.2, 0.2, 0.6]), log_ratio)

    assert_allclose(found.length, [2.0, 1.0, 0.5])
    assert_allclose(found.weights / found.weights[1], [0.5, 1.0, 6.0])
    assert_allclose(found.weights.mean(), 1.0)


def test_column_without_a_gradient_keeps_its_weight():
    log_ratio = np.full((3, 3), np.nan)
    log_ratio[:2, :2] = [[0.0, np.log(4)], [-np.log(4), 0.0]]

    found = evened(np.full(3, 1 / 3), log_ratio)

    assert_allclose(found.length, [2.0, 0.5, np.nan])
    assert_allclose(found.weights / found.weights[2], [0.5, 2.0, 1.0])


def test_what_is_found_is_scored_on_held_out_rows_and_fits_the_parameter():
    X, y = one_loud_column()
    net = MultiTaskNetRegressor(**TINY, task_weights=[1.0, 1.0, 0.0])

    found = find_task_weights(net, X, y, cv=2, n_epochs=3)

    assert found.task_weights[2] == 0
    assert_allclose(found.difference, (found.skill_after - found.skill_before).mean(0))
    assert found.standard_error.shape == (3,)
    assert found.probe_seconds > 0
    assert net.task_weights == [1.0, 1.0, 0.0]  # and it is not fitted
    assert not hasattr(net, "net_")
    net.set_params(task_weights=found.task_weights).fit(X, y)


def test_network_without_shared_layers_is_refused():
    X, y = one_loud_column(20)
    net = MultiTaskNetRegressor(**TINY | {"hidden_layer_sizes": ()})
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(\) leaves no layer"):
        find_task_weights(net, X, y)
