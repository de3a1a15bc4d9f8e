"""When products of a step are made in a shorter number format."""

import numpy as np
import pytest
import torch

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.balancing import PCGrad
from sklearn_mtl.nn import Autoencoder
from sklearn_mtl.training import _precision
from sklearn_mtl.training._precision import format_of_products
from tests.nn.helpers import network

SMALL = {"hidden_layer_sizes": (16,), "n_members": 2, "max_iter": 20, "random_state": 0}


@pytest.fixture
def units(monkeypatch):
    """Let the processor have units for short formats."""
    monkeypatch.setattr(
        torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False
    )


def table(n_rows=200):
    X = np.random.default_rng(0).normal(size=(n_rows, 4))
    return X, np.column_stack([X[:, 0] + X[:, 1], X[:, 1] * X[:, 2]])


def products(net, batch_size):
    return batch_size * sum(w.numel() for w in net.sharing.parameters())


@pytest.mark.parametrize(
    ("precision", "expected"),
    [("auto", torch.bfloat16), ("bfloat16", torch.bfloat16), ("float32", None)],
)
def test_a_large_step_where_there_are_units(units, monkeypatch, precision, expected):
    net = network(dtype=torch.float32)
    monkeypatch.setitem(_precision.LEAST_PRODUCTS, "cpu", products(net, 64))

    assert format_of_products(precision, net, 64) is expected


@pytest.mark.parametrize(
    ("net", "batch_size"),
    [
        (network(dtype=torch.float32), 63),
        (network(dtype=torch.float64), 64),
        (network(dtype=torch.float32, hidden_layer_sizes=()), 64),
        (torch.nn.Linear(64, 64), 64),
    ],
    ids=["small steps", "float64", "nothing shared", "a module of others"],
)
def test_what_is_not_rounded_by_itself(units, monkeypatch, net, batch_size):
    least = products(network(dtype=torch.float32), 64)
    monkeypatch.setitem(_precision.LEAST_PRODUCTS, "cpu", least)

    assert format_of_products("auto", net, batch_size) is None


def test_without_units_nothing_is_rounded_by_itself(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    monkeypatch.setitem(_precision.LEAST_PRODUCTS, "cpu", 0)

    assert format_of_products("auto", network(dtype=torch.float32), 10**6) is None


def test_a_fit_is_as_good():
    X, y = table()
    fitted = {
        precision: MultiTaskNetRegressor(**SMALL, precision=precision).fit(X, y)
        for precision in ("float32", "bfloat16")
    }
    score = {name: net.score(X, y) for name, net in fitted.items()}
    net = fitted["bfloat16"].net_

    assert score["bfloat16"] != score["float32"]
    assert score["bfloat16"] == pytest.approx(score["float32"], abs=0.02)
    assert {p.dtype for p in net.module_.parameters()} == {torch.float32}
    state = [s for s in net.optimizer_.state.values() if s]
    assert {v.dtype for s in state for v in s.values()} <= {torch.float32}


@pytest.mark.parametrize(
    "parameters",
    [{"balancing": PCGrad()}, {"reconstruction": Autoencoder(2)}],
    ids=["gradients are compared", "a decoder"],
)
def test_where_nothing_is_rounded(parameters):
    X, y = table(60)
    parameters = SMALL | {"max_iter": 2} | parameters
    first, second = (
        MultiTaskNetRegressor(**parameters, precision=precision).fit(X, y).predict(X)
        for precision in ("float32", "bfloat16")
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("goes_on", [False, True])
def test_formats_that_contradict_each_other(goes_on):
    X, y = table(40)
    net = MultiTaskNetEstimator(**SMALL, dtype="float64", warm_start=True)
    net.set_params(max_iter=1)
    if goes_on:
        net.fit(X, y)
    net.set_params(precision="bfloat16")

    with pytest.raises(ValueError, match=r"precision='bfloat16'.*dtype='float64'"):
        net.fit(X, y)
