"""Each way of sharing with everything else that an estimator does."""

import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.inspection import task_affinity
from sklearn_mtl.io import load, save
from sklearn_mtl.nn import (
    SHARING,
    CrossStitch,
    DSelectK,
    LayeredExtraction,
    MixtureOfExperts,
    SharedFactors,
    SoftSharing,
    can_select_members,
    select_members,
)

WAYS = sorted(SHARING)
GATED = {"dselect_k", "mmoe", "ple"}
ALONE = {"none", "soft"}
T, K = 3, 3

TINY = {
    "hidden_layer_sizes": (6, 6),
    "n_members": K,
    "batch_size": 32,
    "learning_rate_init": 0.01,
    "device": "cpu",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    y = X @ rng.normal(size=(4, T)) + 0.1 * rng.normal(size=(90, T))
    y[::7, 1] = np.nan
    return X, y


@pytest.fixture(scope="module", params=WAYS)
def fitted(request, table):
    """Fit with links that are thinned and products that are rounded."""
    net = MultiTaskNetRegressor(
        **TINY,
        sharing=request.param,
        max_iter=12,
        own_nets="never",
        head_sparsity=0.01,
        precision="bfloat16",
    )
    return net.fit(*table)


def test_it_learns(fitted, table):
    assert fitted.history_[-1]["train_loss"] < 0.8 * fitted.history_[0]["train_loss"]
    assert np.isfinite(fitted.predict(table[0])).all()


def test_units_and_their_use(fitted, table):
    units, usage = fitted.transform(table[0]), fitted.factor_usage_

    of_member = {"hard": 6, "factors": 3}
    n_units = K * of_member.get(fitted.sharing, T * 6)
    assert units.shape == (90, n_units)
    assert len(fitted.get_feature_names_out()) == n_units
    assert_allclose(usage.sum(axis=1), 1.0)


def test_use_of_experts(fitted):
    if fitted.sharing not in GATED:
        message = f"sharing={fitted.sharing!r} has no gates"
        with pytest.raises(AttributeError, match=re.escape(message)):
            _ = fitted.gate_usage_
        return
    usage = fitted.gate_usage_.reshape(T, K, -1)

    assert (usage >= 0).all()
    assert_allclose(usage.sum(axis=-1), 1 / K, rtol=1e-6)


def test_shares_of_codes_that_are_no_experts_do_not_count(table):
    net = MultiTaskNetRegressor(
        **TINY, sharing=DSelectK(3, by_row=True), max_iter=2, own_nets="never"
    ).fit(*table)
    features = torch.ones(K, 1, net.net_.module_.inputs.n_outputs)

    assert_allclose(net.gate_usage_.reshape(T, K, 3).sum(axis=-1), 1 / K, rtol=1e-6)
    assert (net.net_.module_.sharing.gate_weights(features).sum(dim=-1) < 0.99).any()


def test_copies_and_files_predict_the_same(fitted, table, tmp_path):
    expected = fitted.predict(table[0])
    save(fitted, tmp_path / "net.safetensors")

    for copy in (
        pickle.loads(pickle.dumps(fitted)),
        load(tmp_path / "net.safetensors"),
    ):
        assert_array_equal(copy.predict(table[0]), expected)
        if fitted.sharing in GATED:
            assert_array_equal(copy.gate_usage_, fitted.gate_usage_)


def test_threads_predict_by_one_net(fitted, table):
    parts = [table[0][i : i + 30] for i in (0, 30, 60)] * 4
    expected = [fitted.predict(part) for part in parts]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fitted.predict, parts))

    assert_array_equal(found, expected)


def test_members_can_leave(fitted, table):
    module = fitted.net_.module_.eval()
    x = torch.as_tensor(fitted.feature_encoder_.transform(table[0]), dtype=torch.float)

    assert can_select_members(module)
    some = select_members(module, [0, 2])

    assert_allclose(
        some.sharing(some.inputs(x)).detach(),
        module.sharing(module.inputs(x)).detach()[[0, 2]],
        atol=1e-6,
    )


def test_training_goes_on(fitted, table):
    net = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True, max_iter=2)

    net.fit(*table)

    assert len(net.history_) == len(fitted.history_) + 2


class StartAs(Callback):
    """Start a net of one column from the weights that column `t` had in another."""

    def __init__(self, weights, t):
        self.weights, self.t = weights, t

    def on_train_begin(self, net, **kwargs):
        with torch.no_grad():
            for name, parameter in net.module_.named_parameters():
                if name.startswith("sharing"):
                    whole = self.weights[name.replace("sharing", "sharing.trunks")]
                    parameter.copy_(whole[:, self.t])
                else:  # links and bias of the column's only output
                    parameter.copy_(self.weights[name][..., self.t : self.t + 1])


class Remember(Callback):
    def on_train_begin(self, net, **kwargs):
        state = net.module_.state_dict().items()
        self.weights = {name: values.clone() for name, values in state}


def test_columns_that_share_nothing_learn_as_by_themselves(table):
    """In full batches, whose rows all columns see in one step, without dropout.

    Adam divides by the size of gradients plus `eps`, without which steps would not hang
    on the columns' weights of 1 / T in the loss. All labels are known: rows that have
    none of a column are left out of what is learned about X.
    """
    X, y = table[0], np.nan_to_num(table[1])
    settings = TINY | {"batch_size": len(X), "dtype": "float64", "dropout": 0.0}
    settings |= {"early_stopping": False, "max_iter": 10}
    settings["net_params"] = {"optimizer__eps": 1e-30}
    together = MultiTaskNetRegressor(
        **settings, sharing="none", callbacks=[("start", Remember())]
    ).fit(X, y)
    start = dict(together.net_.callbacks_)["start"]

    for t in range(T):
        callbacks = [("start", StartAs(start.weights, t))]
        alone = MultiTaskNetRegressor(**settings, callbacks=callbacks)
        predicted = alone.fit(X, y[:, [t]]).predict(X).reshape(-1)

        assert_allclose(together.predict(X)[:, t], predicted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("way", WAYS)
def test_gradients_of_columns_are_compared_where_they_share_weights(way, table):
    net = MultiTaskNetRegressor(**TINY | {"n_members": 1}, sharing=way, max_iter=2)
    if way in ALONE:
        message = "no parameter that all columns share.*method='pairs'"
        with pytest.raises(ValueError, match=message):
            task_affinity(net, *table, method="gradient")
        return

    found = task_affinity(net, *table, method="gradient").affinity

    assert (np.abs(found[~np.eye(T, dtype=bool)]) > 1e-6).all()
    assert_allclose(found, found.T)


@pytest.mark.parametrize("way", sorted({*WAYS} - {"hard", "none", "factors"}))
def test_no_hidden_layer_is_nothing_to_mix(way, table):
    net = MultiTaskNetRegressor(sharing=way, hidden_layer_sizes=())

    with pytest.raises(ValueError, match="hidden_layer_sizes is empty"):
        net.fit(*table)


@pytest.mark.parametrize(
    ("sharing", "name"),
    [
        (SoftSharing(-1.0), "strength"),
        (CrossStitch(1.5), "own_share"),
        (MixtureOfExperts(0), "n_experts"),
        (DSelectK(1), "n_experts"),
        (DSelectK(n_selected=0), "n_selected"),
        (DSelectK(gamma=0.0), "gamma"),
        (DSelectK(entropy_penalty=-1.0), "entropy_penalty"),
        (DSelectK(by_row="no"), "by_row"),
        (LayeredExtraction(n_own_experts=0), "n_own_experts"),
        (LayeredExtraction(n_shared_experts=0), "n_shared_experts"),
        (LayeredExtraction(n_levels=0), "n_levels"),
        (SharedFactors(0), "n_factors"),
    ],
    ids=str,
)
def test_parameters_of_a_way_are_checked(sharing, name, table):
    net = MultiTaskNetRegressor(sharing=sharing)

    message = f"'{name}' parameter of {type(sharing).__name__}"
    with pytest.raises(ValueError, match=message):
        net.fit(*table)


@pytest.mark.parametrize("way", WAYS)
def test_columns_go_on_alone(way):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(200, 3))
    slow = np.sin(6 * X[:, 0]) * np.cos(4 * X[:, 1])
    y = np.column_stack([slow, 0.3 * X[:, 0] + 3 * rng.normal(size=200)])
    net = MultiTaskNetRegressor(
        **TINY | {"hidden_layer_sizes": (16,), "n_members": 2}, sharing=way
    ).fit(X, y)

    assert np.isfinite(net.predict(X)).all()
    if way in GATED:
        gone = np.isnan(net.gate_usage_).all(axis=1)
        assert_array_equal(gone, net.sharing_ == "own")
