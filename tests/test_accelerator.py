"""Fits on an accelerator, where there is one."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import sparse

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.balancing import BALANCING, PCGrad, UncertaintyWeighting
from sklearn_mtl.io import load, save
from sklearn_mtl.nn import Autoencoder, VariationalAutoencoder
from sklearn_mtl.training import DecodingNet, MultiTaskNet

pd = pytest.importorskip("pandas")

ACCELERATOR = torch.accelerator.current_accelerator(check_available=True)
pytestmark = pytest.mark.skipif(ACCELERATOR is None, reason="no accelerator")

SMALL = {
    "hidden_layer_sizes": (16, 8),
    "n_members": 4,
    "max_iter": 8,
    "learning_rate_init": 0.005,
    "dropout": 0.0,  # units to drop are drawn on the device, each of which differs
    "random_state": 0,
}
CASES = {
    "plain": {},
    "private": {"head_hidden_layer_sizes": (4, 3)},
    "by column": {"head_hidden_layer_sizes": {"price": 4, "sold": (4, 3)}},
    "maxout": {"activation": "maxout", "maxout_pieces": 2, "max_norm": 2.0},
    "sparse links": {"head_sparsity": 0.1},
    "no stopping": {"early_stopping": False},
    "sgd": {"solver": "sgd", "learning_rate": "invscaling"},
    "uncertainty": {"balancing": UncertaintyWeighting(lr=0.01)},
    "decoder": {"reconstruction": Autoencoder(n_units=3)},
    "weights": {"class_weight": "balanced", "task_weights": {"price": 2}},
}


def table(n_rows=300):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n_rows, 4)), columns=list("abcd"))
    X["shop"] = rng.choice(["x", "y", "z"], n_rows)
    X.loc[::9, "b"] = np.nan
    score = X["a"] + X["b"].fillna(0) + 0.3 * rng.normal(size=n_rows)
    y = pd.DataFrame(
        {
            "price": 100 + 10 * score,
            "sold": np.where(score > 0, "yes", "no"),
            "color": rng.choice(["r", "g", "b"], n_rows),
            "visits": rng.poisson(np.exp(0.5 * X["a"])).astype(float),
        }
    )
    y.loc[::5, "price"] = np.nan
    y.loc[::7, "color"] = None
    return X, y


def responses(device, parameters, X, y):
    net = MultiTaskNetEstimator(
        **SMALL | parameters, task_types={"visits": "count"}, device=device
    ).fit(X, y)
    return net, net.stack_.responses(X)


# A unit at the edge of its bend makes another net of what rounding leaves.
@pytest.mark.skipif(
    ACCELERATOR is None or ACCELERATOR.type == "mps", reason="no float64 there"
)
@pytest.mark.parametrize("parameters", CASES.values(), ids=CASES)
def test_a_fit_is_that_of_the_processor(parameters):
    X, y = table()
    parameters = {"dtype": "float64"} | parameters

    net, found = responses("auto", parameters, X, y)
    _, expected = responses("cpu", parameters, X, y)

    assert next(net.net_.module_.parameters()).device.type == ACCELERATOR.type
    for ours, theirs in zip(found, expected, strict=True):
        assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6 * theirs.std(axis=0).max())


@pytest.mark.parametrize(
    "parameters",
    [
        {"dropout": 0.2, "input_dropout": 0.1},
        {"balancing": PCGrad()},
        {"balancing": PCGrad(wrt="weights"), "head_hidden_layer_sizes": (4,)},
        *({"balancing": name} for name in sorted(BALANCING)),
        {"reconstruction": VariationalAutoencoder(noise=0.1)},
        {"reconstruction": Autoencoder(2), "balancing": "pcgrad"},
    ],
    ids=str,
)
def test_what_draws_on_the_device_learns(parameters):
    X, y = table()
    net = MultiTaskNetEstimator(**SMALL | {"max_iter": 30} | parameters).fit(X, y)

    assert net.score(X, y) > 0.5
    net.predict_interval(X)
    net.set_params(warm_start=True, max_iter=2).fit(X, y)


def test_what_was_fitted_there_is_stored_and_predicts_the_same():
    X, y = table()
    net = MultiTaskNetEstimator(**SMALL, task_weights={"price": 2}).fit(X, y)

    copied = pickle.loads(pickle.dumps(net))

    assert_allclose(net.transform(X), copied.transform(X))


def test_a_file_of_what_was_fitted_there_goes_on_there(tmp_path):
    X, y = table()
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    save(net, tmp_path / "net")
    again = load(tmp_path / "net")

    assert again.predict(X).equals(net.predict(X))
    places = {p.device.type for p in again.net_.module_.parameters()}
    assert places == {ACCELERATOR.type}
    again.partial_fit(X, y)


def test_a_sparse_table():
    X = sparse.random(200, 30, density=0.2, format="csr", random_state=0)
    y = np.column_stack([X[:, :5].sum(axis=1), X[:, 5:9].sum(axis=1)])

    net = MultiTaskNetRegressor(**SMALL | {"max_iter": 40}).fit(X, np.asarray(y))

    assert net.score(X, np.asarray(y)) > 0.3


@pytest.mark.skipif(
    ACCELERATOR is None or ACCELERATOR.type != "cuda",
    reason="only CUDA tells of synchronisation",
)
@pytest.mark.parametrize(
    "parameters",
    [
        {"dropout": 0.1},
        {"head_hidden_layer_sizes": {"price": (4,)}},
        {"balancing": "uncertainty"},
        {"balancing": PCGrad()},
        {"balancing": PCGrad(wrt="weights")},
        {"head_sparsity": 0.1},
        {"reconstruction": Autoencoder(2)},
    ],
    ids=str,
)
def test_no_step_waits_for_the_device(parameters, monkeypatch):
    X, y = table()
    seen = []

    def guarded(step):
        def call(batch):
            if len(seen) < 2:  # the first ones set up what is used from then on
                seen.append(step(batch))
                return seen[-1]
            torch.cuda.set_sync_debug_mode("error")
            try:
                return step(batch)
            finally:
                torch.cuda.set_sync_debug_mode("default")
                seen.append(None)

        return call

    for kind in (MultiTaskNet, DecodingNet):
        make = kind.make_step
        monkeypatch.setattr(
            kind, "make_step", lambda net, scale, make=make: guarded(make(net, scale))
        )
    MultiTaskNetEstimator(**SMALL | {"max_iter": 2} | parameters).fit(X, y)

    assert len(seen) > 6
