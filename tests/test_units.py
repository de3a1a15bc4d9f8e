"""What hidden units are made of: maxout, dropped inputs, bounded weights."""

import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import make_multitask


def weights_into_units(net):
    return [
        p.detach()
        for name, p in net.net_.module_.named_parameters()
        if "weight" in name
    ]


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_weights_stay_within_max_norm(solver):
    X, y = make_multitask(150, n_tasks=2, random_state=0)
    params = {"hidden_layer_sizes": (16,), "n_members": 2, "max_iter": 5}
    params |= {"solver": solver, "learning_rate_init": 0.05, "random_state": 0}

    free = MultiTaskNetEstimator(**params).fit(X, y)
    bounded = MultiTaskNetEstimator(**params, max_norm=0.8).fit(X, y)

    assert max(w.norm(dim=-2).max() for w in weights_into_units(free)) > 1.0
    for weight in weights_into_units(bounded):
        assert weight.norm(dim=-2).max() <= 0.8 + 1e-5


def test_maxout_learns_with_dropped_inputs():
    X, y = make_multitask(300, n_features=5, n_tasks=2, random_state=0)
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(32,),
        activation="maxout",
        maxout_pieces=3,
        input_dropout=0.1,
        max_norm=2.0,
        n_members=2,
        max_iter=40,
        learning_rate_init=0.005,
        random_state=0,
    ).fit(X[:200], y[:200])

    assert net.net_.module_.trunk.layers[0].weight.shape[-1] == 96
    assert net.score(X[200:], y[200:]) > 0.6
    assert_allclose(clone(net).fit(X[:200], y[:200]).predict(X), net.predict(X))


@pytest.mark.parametrize(
    ("name", "value"), [("maxout_pieces", 4), ("input_dropout", 0.2), ("max_norm", 3.0)]
)
def test_warm_start_refuses_units_of_another_make(name, value):
    X, y = make_multitask(60, n_tasks=2, random_state=0)
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(8,),
        n_members=2,
        max_iter=2,
        random_state=0,
        warm_start=True,
    ).fit(X, y)

    with pytest.raises(ValueError, match=f"{name}={value}, but the network"):
        net.set_params(**{name: value}).fit(X, y)
