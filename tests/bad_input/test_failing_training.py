"""Training that fails leaves the estimator as it was."""

import warnings

import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from tests.bad_input.helpers import SMALL, refuses, refuses_before_and_after_fit

pd = pytest.importorskip("pandas")


def test_callback_that_is_none(X, y):
    refuses(
        MultiTaskNetEstimator(**SMALL, callbacks=["progress"]),
        [r"callbacks\[0\]", "'progress'", "skorch.callbacks.Callback"],
        X,
        y,
        TypeError,
    )


class Raise(Callback):
    """Fail in the given epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise RuntimeError("from a callback")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_failure_within_training_leaves_the_estimator_as_it_was(X, y, method):
    net = MultiTaskNetEstimator(
        **{**SMALL, "max_iter": 3}, warm_start=True, callbacks=[Raise(epoch=5)]
    )
    net.fit(X, y)
    net.partial_fit(X, y)
    predicted, epochs = net.predict(X), net.n_iter_

    with pytest.raises(RuntimeError, match="from a callback"):
        getattr(net, method)(X, y)

    pd.testing.assert_frame_equal(net.predict(X), predicted)
    assert net.n_iter_ == len(net.history_) == epochs


class Poison(Callback):
    """Make the weights NaN at the end of an epoch's last batch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training=True, **kwargs):
        if training and len(net.history) == self.epoch:
            with torch.no_grad():
                for parameter in net.module_.parameters():
                    parameter.fill_(torch.nan)


def test_loss_that_turns_nan_keeps_the_last_good_weights(X, y):
    net = MultiTaskNetEstimator(
        **{**SMALL, "max_iter": 5, "early_stopping": False}, callbacks=[Poison(epoch=4)]
    )
    with pytest.warns(ConvergenceWarning, match=r"epoch 4.*epoch 3"):
        net.fit(X, y)
    three = MultiTaskNetEstimator(**{**SMALL, "max_iter": 3, "early_stopping": False})
    pd.testing.assert_frame_equal(net.predict(X), three.fit(X, y).predict(X))


def test_loss_that_is_nan_from_the_start_is_an_error(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, callbacks=[Poison(epoch=1)]),
        ["epoch 1", "learning_rate_init"],
        X,
        y,
    )


def test_loss_that_explodes_names_column_and_epoch(X, y):
    """Labels beyond the range of float32 squares, met only after fit."""
    net = MultiTaskNetRegressor(**{**SMALL, "early_stopping": False}, warm_start=True)
    net.fit(X, y[["price"]])
    predicted, before = net.predict(X), net.history_[-1]["train_loss"]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        refuses(net, ["'price'", "epoch 3"], X, y[["price"]] * 1e30)

    pd.testing.assert_frame_equal(net.predict(X), predicted)
    assert net.n_iter_ == len(net.history_)
    for _ in range(20):
        net.partial_fit(X, y[["price"]])
    assert net.history_[-1]["train_loss"] < before - 0.05


def test_a_decay_by_which_training_diverges_is_named(X, y):
    net = MultiTaskNetEstimator(**{**SMALL, "max_iter": 5}, alpha=1e12)
    with pytest.warns(ConvergenceWarning, match=r"Lower alpha=1000000000000.0"):
        net.fit(X, y)
