"""Modes and defaults of PyTorch that the caller has set change nothing."""

import pickle
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.nn import VariationalAutoencoder
from sklearn_mtl.training import usual_torch_modes


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


MODES = {
    "float64": lambda: default_dtype(torch.float64),
    "float16": lambda: default_dtype(torch.float16),
    "inference": torch.inference_mode,
    "no_grad": torch.no_grad,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "device": lambda: torch.device("meta"),
}
WAYS = {
    "numbers": {"max_norm": 1.0, "activation": "maxout", "input_dropout": 0.1},
    "balancing": {"balancing": "uncertainty"},
    "decoder": {"reconstruction": VariationalAutoencoder(2)},
    "kinds": {
        "task_types": ["gamma", "ordinal", "heteroscedastic"],
        "head_sparsity": 0.1,
    },
    "more kinds": {
        "task_types": ["negative_binomial", "multiclass", "quantile"],
        "head_hidden_layer_sizes": (3,),
        "solver": "sgd",
    },
}


def table():
    X = np.random.default_rng(0).normal(size=(60, 3))
    return X, np.column_stack([np.floor(np.exp(X[:, 0])) + 1, X[:, 1] > 0, X[:, 2]])


def small_net(**parameters):
    small = {"hidden_layer_sizes": (8,), "n_members": 2, "max_iter": 2}
    return MultiTaskNetEstimator(
        **small, random_state=0, device="cpu", own_nets="never", **parameters
    )


def said(net):
    X = table()[0]
    return np.hstack([net.predict(X).astype(float), net.transform(X)])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
def test_mode_of_the_caller_changes_nothing(way, mode):
    expected = small_net(**WAYS[way]).fit(*table())
    stored = pickle.dumps(expected)
    before = said(expected)
    gone_on = said(pickle.loads(stored).partial_fit(*table()))

    with MODES[mode]():
        net = small_net(**WAYS[way]).fit(*table())
        loaded = pickle.loads(stored)
        within = said(loaded), said(pickle.loads(pickle.dumps(net)))
        loaded.partial_fit(*table())

    for found in (*within, said(net)):
        assert_array_equal(found, before)
    assert_array_equal(said(loaded), gone_on)
    assert_array_equal(said(net.partial_fit(*table())), gone_on)


def test_modes_of_the_caller_are_there_again():
    with torch.inference_mode(), torch.autocast("cpu"), torch.device("meta"):
        with usual_torch_modes():
            made = torch.ones(2, requires_grad=True)
            assert not made.is_inference()
            assert made.device.type == "cpu"
            assert not torch.is_autocast_enabled("cpu")

        assert torch.is_inference_mode_enabled()
        assert torch.is_autocast_enabled("cpu")
        assert torch.get_default_device().type == "meta"
