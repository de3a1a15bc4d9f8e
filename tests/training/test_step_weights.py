"""How much tasks counted, as nets of all ways of balancing tell."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.balancing import BALANCING
from sklearn_mtl.io import load, save
from sklearn_mtl.nn import Autoencoder
from sklearn_mtl.training._step_weights import mean_weights

SMALL = {
    "hidden_layer_sizes": (6,),
    "n_members": 2,
    "max_iter": 2,
    "batch_size": 16,
    "random_state": 0,
}


def sparse_table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = X @ rng.normal(size=(3, 3)) + 0.1 * rng.normal(size=(80, 3))
    y[8:, 2] = np.nan  # no label in many batches
    return X, y


@pytest.mark.parametrize("name", BALANCING)
def test_every_way_is_stored_whole_and_tells_its_weights(name, tmp_path):
    X, y = sparse_table()
    net = MultiTaskNetRegressor(**SMALL, balancing=name, warm_start=True).fit(X, y)
    save(net, tmp_path / "net.safetensors")
    copies = [pickle.loads(pickle.dumps(net)), load(tmp_path / "net.safetensors")]

    net.fit(X, y)

    assert net.balancing_history_.shape == (4, 3)
    assert (net.balancing_history_ > 0).all()
    for copy in copies:
        copy.fit(X, y)
        assert_array_equal(copy.predict(X), net.predict(X))
        assert_array_equal(copy.balancing_history_, net.balancing_history_)


@pytest.mark.parametrize("name", ["nash", "upgrad"])
def test_gradients_of_the_shared_weights_are_compared(name):
    X, y = sparse_table()
    nets = [
        MultiTaskNetRegressor(**SMALL, balancing=BALANCING[name](wrt=wrt)).fit(X, y)
        for wrt in ("units", "weights")
    ]

    first, second = (net.balancing_history_ for net in nets)

    assert np.isfinite(second).all()
    assert (first != second).any()


def test_fixed_weights_are_those_of_the_user_in_the_order_of_y():
    X, y = sparse_table()
    y = np.column_stack([y[:, :2], y[:, 0] > 0, np.full(80, np.nan)])
    net = MultiTaskNetRegressor(
        **SMALL, task_weights=[1.0, 2.0, 5.0, 1.0], task_types=["regression"] * 4
    )
    with pytest.warns(UserWarning, match="Column 3 of y has no label"):
        net.fit(X, y)

    weights = net.balancing_history_

    assert_allclose(weights[:, :3] / weights[:, :1], [[1.0, 2.0, 5.0]] * 2, rtol=1e-6)
    assert np.isnan(weights[:, 3]).all()


def test_steps_without_labels_do_not_count():
    weights = [torch.tensor([[0.5, 0.5]]), torch.tensor([[0.8, 0.0]])]
    losses = torch.tensor([[[1.0, 1.0]], [[1.0, 0.0]]])

    assert_allclose(mean_weights(weights, losses), [[0.65, 0.5]], rtol=1e-6)
    assert np.isnan(mean_weights(weights, losses * torch.tensor([1, 0]))[0, 1])


def test_files_that_told_no_weights_have_unknown_ones():
    X, y = sparse_table()
    net = MultiTaskNetRegressor(**SMALL, warm_start=True).fit(X, y)
    state = net.net_.stored_state()
    del state["step_weights_"], net.net_.step_weights_
    net.net_.restore_stored(state)

    net.fit(X, y)

    assert np.isnan(net.balancing_history_[:2]).all()
    assert np.isfinite(net.balancing_history_[2:]).all()


@pytest.mark.parametrize("name", ["famo", "nash"])
def test_weights_are_told_beside_a_decoder(name):
    X, y = sparse_table()
    net = MultiTaskNetRegressor(
        **SMALL, balancing=name, reconstruction=Autoencoder(2)
    ).fit(X, y)

    assert (net.balancing_history_ > 0).all()
