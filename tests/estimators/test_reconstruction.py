"""Networks that reconstruct X, and rows without labels."""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.nn import Autoencoder, VariationalAutoencoder
from tests.estimators.helpers import TWO_LAYERS
from tests.helpers import homes, sales_of

DECODERS = {
    "units": {"reconstruction": Autoencoder(n_units=4)},
    "weight": {"reconstruction": Autoencoder(weight=0.5)},
    "generative": {"reconstruction": VariationalAutoencoder(n_units=3)},
}

decoders = pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)


def test_members_of_a_stack_share_no_gradient():
    X, y = make_multitask(40, n_features=4, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(**TWO_LAYERS, **DECODERS["generative"]).fit(X, y)
    module = net.net_.module_
    features = torch.from_numpy(net.feature_encoder_.transform(X))
    cost = module.predict_and_decode(features, 40).cost
    cost[0].sum().backward()
    assert any(p.grad is not None and p.grad[0].any() for p in module.parameters())
    for parameter in module.parameters():
        assert parameter.grad is None or not parameter.grad[1].any()


@decoders
def test_frames_mixed_kinds_and_gaps(decoder):
    X = homes()
    y = sales_of(X).mask(np.random.default_rng(0).random((120, 2)) < 0.3)
    net = MultiTaskNetEstimator(**TWO_LAYERS, **decoder).fit(X, y)

    assert list(net.predict(X).columns) == ["price", "sold"]
    assert net.transform(X).shape == (120, 16)
    assert {"train_reconstruction", "valid_reconstruction"} <= set(net.history_[0])
    again = clone(net).fit(X, y)
    assert_array_equal(net.transform(X), again.transform(X))
    copied = pickle.loads(pickle.dumps(net))
    assert_array_equal(net.transform(X), copied.transform(X))


def test_reconstruction_is_learned():
    X, y = make_multitask(300, n_features=5, n_tasks=2, random_state=0)
    X = np.column_stack([X, X @ np.ones(5)])
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(16,),
        reconstruction=Autoencoder(n_units=8),
        n_members=2,
        learning_rate_init=0.01,
        random_state=0,
    ).fit(X, y)
    first, last = net.history_[0], net.history_[-1]
    assert last["valid_reconstruction"] < 0.3 < first["valid_reconstruction"]


def test_rows_without_labels_train_what_is_shared():
    """Few labels of two clusters far apart; the other rows show where these lie."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 20))
    hidden = rng.integers(2, size=400)
    X[:, :10] += 2.5 * np.where(hidden, 1, -1)[:, None] * rng.random(10)
    y = hidden.astype(object)
    y[12:] = None
    settings = TWO_LAYERS | {
        "hidden_layer_sizes": (8,),
        "max_iter": 40,
        "early_stopping": False,
    }
    plain = MultiTaskNetClassifier(**settings).fit(X, y)
    net = MultiTaskNetClassifier(**settings, reconstruction=Autoencoder()).fit(X, y)
    dropped = clone(net).fit(X[:12], y[:12])
    found = {
        name: (model.predict(X[12:]) == hidden[12:]).mean()
        for name, model in {"all": net, "labelled": dropped, "plain": plain}.items()
    }
    assert found["all"] > max(found["labelled"], found["plain"]) + 0.02


def test_rows_of_weight_zero_are_not_read():
    X, y = homes(), sales_of(homes())
    y.iloc[60:] = None
    odd = X.copy()
    odd.iloc[100:, :2] = 1000
    weight = np.where(np.arange(120) < 100, 1.0, 0.0)
    net = MultiTaskNetEstimator(**TWO_LAYERS, reconstruction=Autoencoder(4))
    first, second = (clone(net).fit(data, y, weight).transform(X) for data in (X, odd))
    assert_allclose(first, second)


def test_rows_without_labels_count_by_their_weight():
    """Rows of weight 2 are read as rows that stand twice, in one full batch."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    y = np.where(np.arange(20) < 10, X[:, 0], np.nan)
    settings = TWO_LAYERS | {
        "batch_size": 1000,
        "early_stopping": False,
        "dropout": 0.0,
        "n_bins": 0,
        "dtype": "float64",
    }
    net = MultiTaskNetRegressor(**settings, reconstruction=Autoencoder(2))
    rows = np.concatenate([np.arange(20), np.arange(15, 20)])
    weight = np.where(np.arange(20) < 15, 1.0, 2.0)
    one = clone(net).fit(X, y, weight)
    twice = clone(net).fit(X[rows], y[rows])
    assert_allclose(one.transform(X), twice.transform(X), rtol=1e-6, atol=1e-8)


def test_without_a_decoder_rows_without_labels_change_nothing():
    X, y = homes(), sales_of(homes())
    y.iloc[60:] = None
    net = MultiTaskNetEstimator(**TWO_LAYERS)
    kept = clone(net).fit(X, y).transform(X)
    assert_array_equal(kept, clone(net).fit(X[:60], y[:60]).transform(X))


@decoders
def test_goes_on_from_a_fit(decoder):
    X, y = make_multitask(60, n_features=4, n_tasks=2, random_state=0)
    y[40:] = np.nan
    net = MultiTaskNetEstimator(**TWO_LAYERS, **decoder, warm_start=True).fit(X, y)
    before = len(net.net_.history)
    net.fit(X, y)
    assert len(net.net_.history) > before
    assert len(net.net_.reconstruction_losses_["train"]) == len(net.net_.history)
    net.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"n_units=9.*but the network"):
        net.set_params(reconstruction__n_units=9).fit(X, y)


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_noise_disturbs_training_only(kind):
    X, y = make_multitask(60, n_features=4, n_tasks=2, random_state=0)
    plain = MultiTaskNetRegressor(**TWO_LAYERS, reconstruction=kind()).fit(X, y)
    noisy = clone(plain).set_params(reconstruction__noise=0.5).fit(X, y)
    assert not np.allclose(plain.transform(X), noisy.transform(X))
    assert_array_equal(noisy.predict(X), noisy.predict(X))
    assert_array_equal(noisy.predict(X), clone(noisy).fit(X, y).predict(X))


@decoders
def test_usage_of_units_that_tasks_read(decoder):
    X, y = make_multitask(60, n_features=4, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(**TWO_LAYERS, **decoder).fit(X, y)
    assert net.factor_usage_.shape == (2, net.transform(X).shape[1])
    assert_allclose(net.factor_usage_.sum(axis=1), 1.0)


def test_wrong_calls_say_what_to_do():
    X, y = make_multitask(40, n_features=4, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(**TWO_LAYERS)
    assert not hasattr(net, "sample")
    with pytest.raises(ValueError, match="'weight' parameter of Variational"):
        net.set_params(reconstruction=VariationalAutoencoder(weight=0)).fit(X, y)
    with pytest.raises(ValueError, match="'reconstruction' parameter of"):
        net.set_params(reconstruction="vae").fit(X, y)
    net.set_params(reconstruction=Autoencoder(2))
    with pytest.raises(ValueError, match="hidden_layer_sizes is empty"):
        clone(net).set_params(hidden_layer_sizes=()).fit(X, y)
    with pytest.raises(ValueError, match="No column of X varies"):
        clone(net).fit(np.ones((40, 2)), y)
    generative = VariationalAutoencoder()
    fitted = copy.deepcopy(net).fit(X, y).set_params(reconstruction=generative)
    with pytest.raises(ValueError, match="Fit it again"):
        fitted.sample()
    net.set_params(reconstruction=generative).fit(X, y)
    with pytest.raises(ValueError, match="n_samples"):
        net.sample(0)


@pytest.mark.parametrize("n_unlabelled", [1, 5, 20])
@pytest.mark.parametrize("decoder", [Autoencoder(), VariationalAutoencoder()])
def test_few_rows_without_labels_beside_many_with(n_unlabelled, decoder):
    X, y = make_multitask(600, 3, n_tasks=2, random_state=0)
    y[:n_unlabelled] = np.nan
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(4,),
        reconstruction=decoder,
        n_members=2,
        max_iter=1,
        batch_size=16,
        random_state=0,
    )
    assert np.isfinite(net.fit(X, y).predict(X)).all()
