"""A fit that fails, at whatever moment, leaves a fitted estimator as it was."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.exceptions import NegativeTransferWarning

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{NegativeTransferWarning.__module__}.NegativeTransferWarning"
)

MOMENTS = {
    "encoder": "sklearn_mtl.tables._features.FeatureEncoder.transform_compact",
    "members": "sklearn_mtl.estimators._encode.give_rows",
    "training": "sklearn_mtl.training._net.MultiTaskNet._record",
    "last epoch": "sklearn_mtl.training._best_weights.BestWeights.on_train_end",
    "held-out rows": "sklearn_mtl.estimators._trust.collect",
    "temperature": "sklearn_mtl.estimators._held_out.best_temperature",
    "conformal": "sklearn_mtl.estimators._held_out.HeldOut.conformal",
    "score": "sklearn_mtl.estimators._held_out.HeldOut.score",
    "units": "sklearn_mtl.estimators._fit.std_of_shared",
    "attributes": "sklearn_mtl.estimators._codings.Codings.rebuild",
}
AFTER_TRAINING = ["held-out rows", "temperature", "conformal", "score", "attributes"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    y = np.column_stack([X[:, 0], np.sin(X[:, 1]), X[:, 2] > 0]).astype(object)
    return X, y


def fitted(table, **parameters):
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(8,),
        n_members=5,
        max_iter=4,
        random_state=0,
        device="cpu",
        warm_start=True,
        task_types=["regression", "regression", "binary"],
        **parameters,
    )
    return net.fit(*table)


def state(net, X):
    """All that a user may see of a fitted estimator, and what it goes on from."""
    lower, upper = net.predict_interval(X)
    optimizer = net.net_.optimizer_.state_dict()["state"]
    return {
        "attributes": sorted(vars(net)),
        "predictions": net.predict(X)[:, :2].astype(float),
        "probabilities": net.predict_proba(X)[2],
        "bounds": np.stack([lower, upper]).astype(float),
        "history": [row["train_loss"] for row in net.history_],
        "losses": [len(losses) for losses in net.net_.task_losses_.values()],
        "epochs": net.best_epoch_.copy(),
        "best": dict(net.net_.callbacks_)["best_weights"].best_epoch_.copy(),
        "rate": net.net_.lr,
        "steps": [float(s["step"]) for s in optimizer.values() if "step" in s],
        "oof": np.asarray(net.oof_predictions_)[:, :2].astype(float),
        "score": net.oof_score_,
        "temperature": net.temperature_.copy(),
    }


def break_off(*args, **kwargs):
    raise KeyboardInterrupt("broken off")


@pytest.mark.parametrize("moment", MOMENTS)
def test_warm_start_that_fails_changes_nothing(table, moment, monkeypatch):
    X, y = table
    net = fitted(table)
    before = state(net, X)
    net.set_params(learning_rate_init=0.01)
    # Ctrl-C while epochs are run keeps what was learned.
    error = RuntimeError() if moment == "training" else KeyboardInterrupt()

    def fail(*args, **kwargs):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(MOMENTS[moment], fail)
        with pytest.raises(type(error)):
            net.fit(X, y)

    assert_same(state(net, X), before)


@pytest.mark.parametrize("moment", ["encoder", "units"])
def test_partial_fit_that_fails_changes_nothing(table, moment, monkeypatch):
    X, y = table
    net = fitted(table)
    before = state(net, X)

    with monkeypatch.context() as patch:
        patch.setattr(MOMENTS[moment], break_off)
        with pytest.raises(KeyboardInterrupt):
            net.partial_fit(X, y)

    assert_same(state(net, X), before)


@pytest.mark.parametrize("moment", AFTER_TRAINING)
def test_what_failed_leaves_no_trace_in_what_comes_next(table, moment, monkeypatch):
    X, y = table
    net, other = fitted(table), fitted(table)

    with monkeypatch.context() as patch:
        patch.setattr(MOMENTS[moment], break_off)
        with pytest.raises(KeyboardInterrupt):
            net.fit(X, y)

    assert_same(state(net.fit(X, y), X), state(other.fit(X, y), X))


@pytest.mark.parametrize("moment", [m for m in MOMENTS if m != "training"])
def test_fit_anew_that_fails_changes_nothing(table, moment, monkeypatch):
    X, y = table
    net = fitted(table).set_params(warm_start=False)
    before = state(net, X)

    with monkeypatch.context() as patch:
        patch.setattr(MOMENTS[moment], break_off)
        with pytest.raises(KeyboardInterrupt):
            net.fit(X[:, :2], y)

    assert_same(state(net, X), before)
    assert net.n_features_in_ == 3


class FailsOnce(Callback):
    armed = False

    def on_epoch_end(self, net, **kwargs):
        if self.armed:
            raise RuntimeError("broken off")


def test_callback_that_fails_changes_nothing(table):
    X, y = table
    callback = FailsOnce()
    net = fitted(table, callbacks=[callback])
    before = state(net, X)

    callback.armed = True
    with pytest.raises(RuntimeError, match="broken off"):
        net.fit(X, y)

    assert_same(state(net, X), before)


def assert_same(state, before):
    assert state.keys() == before.keys()
    for name, value in before.items():
        assert_array_equal(state[name], value, err_msg=name)
