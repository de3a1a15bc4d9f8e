"""Fitted estimators that are stored, copied, and gone on with."""

import copy
import io
import pickle
import re

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.exceptions import InconsistentVersionWarning

import sklearn_mtl
from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.balancing import Balancing
from sklearn_mtl.nn import MultiTaskNetwork, VariationalAutoencoder


def by_joblib(net):
    stored = io.BytesIO()
    joblib.dump(net, stored)
    stored.seek(0)
    return joblib.load(stored)


COPIES = {
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
    "joblib": by_joblib,
    "deepcopy": copy.deepcopy,
}


class RandomWeights(Balancing):
    """Draw from the generator that it was handed, and keep it."""

    reads = "loss"

    def setup(self, task_weight, generator):
        super().setup(task_weight, generator)
        self.generator = generator

    def combine(self, loss):
        weight = torch.empty_like(loss).uniform_(generator=self.generator)
        return (loss * weight * self.task_weight).sum(dim=1)


class Noisy(MultiTaskNetwork):
    """Keep the generator of the layers, and draw from it."""

    def __init__(self, *, generator, **kwargs):
        super().__init__(generator=generator, **kwargs)
        self.generator = generator

    def forward(self, x):
        noise = torch.empty(()).uniform_(generator=self.generator)
        return super().forward(x * (1 + noise if self.training else 1))


WAYS_TO_DRAW = {
    "dropout": {},
    "dropout of each layer": {"input_dropout": 0.2, "head_hidden_layer_sizes": (4,)},
    "best weights": {"n_iter_no_change": 2, "max_iter": 12, "learning_rate_init": 0.1},
    "adaptive": {"learning_rate": "adaptive", "tol": 10},
    "invscaling": {"learning_rate": "invscaling"},
    "sgd": {"solver": "sgd"},
    "pcgrad": {"balancing": "pcgrad"},
    "uncertainty": {"balancing": "uncertainty"},
    "rlw": {"balancing": "rlw"},
    "balancing of one's own": {"balancing": RandomWeights()},
    "module of one's own": {"net_params": {"module": Noisy}},
    "noise": {"reconstruction": VariationalAutoencoder(2)},
}


def fitted(**parameters):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = np.column_stack([X[:, 0], np.sin(3 * X[:, 1]), X[:, 2] > 0])
    small = {"hidden_layer_sizes": (8,), "n_members": 3, "max_iter": 3}
    net = MultiTaskNetEstimator(
        **{**small, "random_state": 0, "device": "cpu", **parameters}
    )
    return net.fit(X, y), X, y


def go_on(net, X, y):
    """Predictions, losses and the rate after going on in each way."""
    for _ in range(2):
        net.partial_fit(X, y)
    net.set_params(warm_start=True).fit(X, y)
    losses = [row["train_loss"] for row in net.history_]
    rates = [row["learning_rate"] for row in net.history_]
    return [net.predict(X), np.array(losses), np.array(rates)]


def assert_same(found, expected):
    for values, known in zip(found, expected, strict=True):
        assert_array_equal(values, known)


@pytest.mark.parametrize("way", WAYS_TO_DRAW)
def test_what_was_pickled_goes_on_as_if_it_had_not_been(way):
    net, X, y = fitted(**WAYS_TO_DRAW[way])

    again = COPIES["pickle"](net)

    assert_same(go_on(again, X, y), go_on(net, X, y))


@pytest.mark.parametrize("way", COPIES)
def test_copies_of_what_was_gone_on_with_go_on_alike(way):
    net, X, y = fitted(warm_start=True)
    net.partial_fit(X[:20], y[:20])

    again = COPIES[way](COPIES[way](net))

    assert_same(go_on(again, X, y), go_on(net, X, y))


def size_over_weights(net):
    modules = [part for n in net.stack_.nets for part in (n.module_, n.criterion_)]
    weights = sum(p.nbytes for module in modules for p in module.parameters())
    return len(pickle.dumps(net)) / weights


class Noted(MultiTaskNetEstimator):
    def __getstate__(self):
        return {**super().__getstate__(), "note": "stored"}


@pytest.mark.parametrize("way", COPIES)
def test_a_subclass_says_what_is_stored_of_it(way):
    _, X, y = fitted()
    net = Noted(hidden_layer_sizes=(4,), max_iter=1, n_members=1, random_state=0)
    again = COPIES[way](net.fit(X, y))

    assert again.note == "stored"
    assert_array_equal(again.predict(X), net.predict(X))


OPTIMIZERS = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "adaptive": {"learning_rate": "adaptive"},
    "torch": {"net_params": {"optimizer": torch.optim.Adam}},
    "decoder": {"reconstruction": VariationalAutoencoder(8)},
}


@pytest.mark.parametrize("way", OPTIMIZERS)
def test_pickle_holds_moments_only_where_training_is_to_go_on(way):
    wide = {"hidden_layer_sizes": (256, 256), **OPTIMIZERS[way]}
    net, X, y = fitted(**wide)
    warm, _, _ = fitted(**wide, warm_start=True)
    moments = 1 if way == "sgd" else 2

    assert size_over_weights(net) < 1.2
    assert moments < size_over_weights(warm) - size_over_weights(net) < moments + 0.1
    assert size_over_weights(net.partial_fit(X, y)) > 1 + moments
    assert size_over_weights(net.fit(X, y)) < 1.2


@pytest.mark.parametrize("way", COPIES)
def test_another_version_warns_as_scikit_learn_does(way, monkeypatch, recwarn):
    net = MultiTaskNetEstimator()
    COPIES[way](net)
    assert not recwarn

    stored, version = pickle.dumps(net), re.escape(sklearn_mtl.__version__)
    monkeypatch.setattr(sklearn_mtl, "__version__", "7.5")
    with pytest.warns(InconsistentVersionWarning, match=rf"{version}.*7\.5") as said:
        loaded = pickle.loads(stored)

    assert said[0].filename == __file__
    assert vars(loaded) == vars(net)


def test_a_state_without_version_warns():
    with pytest.warns(InconsistentVersionWarning, match="unknown"):
        MultiTaskNetEstimator().__setstate__(vars(MultiTaskNetEstimator()))
