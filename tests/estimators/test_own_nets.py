"""Columns that the others hold back go on alone from the shared weights."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.estimators import _own_nets
from sklearn_mtl.estimators._own_nets import (
    find_own_nets,
    is_gain,
    loss_at_others_epoch,
    patience_alone,
)

SLOW = {
    "hidden_layer_sizes": (32, 32),
    "n_members": 5,
    "learning_rate_init": 0.003,
    "batch_size": 32,
    "random_state": 0,
}


def slow_among_noise(n_rows=400, seed=0):
    """Return a column that takes long to learn, beside four that soon overfit."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n_rows, 4))
    slow = np.sin(6 * X[:, 0]) * np.cos(4 * X[:, 1]) + X[:, 2] * X[:, 3]
    noise = 0.3 * X[:, :1] + 3 * rng.normal(size=(n_rows, 4))
    return X, np.column_stack([noise[:, :2], slow, noise[:, 2:]])


@pytest.fixture(scope="module")
def table():
    return slow_among_noise()


@pytest.fixture(scope="module")
def net(table):
    return MultiTaskNetEstimator(**SLOW).fit(*table)


@pytest.fixture(scope="module")
def hard(table):
    return MultiTaskNetEstimator(**SLOW, own_nets="never").fit(*table)


def test_column_that_noise_holds_back_goes_on_alone(net, hard):
    X, y = slow_among_noise(1000, seed=9)

    assert net.sharing_.tolist() == ["shared", "shared", "own", "shared", "shared"]
    assert list(net.own_nets_) == [2]
    assert hard.sharing_.tolist() == ["shared"] * 5
    assert not hard.own_nets_
    assert net.estimators_[2].score(X, y[:, 2]) > 0.8
    assert hard.estimators_[2].score(X, y[:, 2]) < 0.4


def test_other_columns_are_predicted_as_with_hard_sharing(net, hard, table):
    others = [0, 1, 3, 4]

    assert_array_equal(
        net.predict(table[0])[:, others], hard.predict(table[0])[:, others]
    )
    assert_array_equal(net.residual_std_[others], hard.residual_std_[others])


def test_all_that_is_said_of_the_column_is_of_its_own_net(net, hard):
    X, y = slow_among_noise(1000, seed=9)
    mean, std = net.predict(X, return_std=True)
    lower, upper = net.predict_interval(X, coverage=0.8)
    covered = (lower[:, 2] <= y[:, 2]) & (y[:, 2] <= upper[:, 2])

    assert net.residual_std_[2] < 0.6 * hard.residual_std_[2]
    assert net.oof_score_ > hard.oof_score_ + 0.05
    assert_array_equal(mean, net.predict(X))
    assert std[:, 2].mean() < hard.predict(X, return_std=True)[1][:, 2].mean()
    assert covered.mean() == pytest.approx(0.8, abs=0.06)
    assert_array_equal(net.estimators_[2].predict(X), mean[:, 2])


def test_classes_go_on_alone_too():
    X, y = slow_among_noise()
    frame = pd.DataFrame(y[:, [0, 1, 3, 4]], columns=list("abcd"))
    frame.insert(0, "slow", np.where(y[:, 2] > 0, "up", "down"))
    X_test, y_test = slow_among_noise(1000, seed=9)
    truth = np.where(y_test[:, 2] > 0, "up", "down")

    scores = {}
    for own_nets in ("auto", "never"):
        net = MultiTaskNetEstimator(**SLOW, own_nets=own_nets).fit(X, frame)
        assert net.sharing_[0] == ("own" if own_nets == "auto" else "shared")
        up = net.predict_proba(X_test)[0][:, 1]
        assert_array_equal(net.predict(X_test)["slow"] == "up", up > 0.5)
        scores[own_nets] = np.mean((up > 0.5) == (truth == "up"))

    assert scores["auto"] > scores["never"] + 0.05


def test_related_columns_stay_together():
    X, y = make_multitask(
        n_samples=300, n_tasks=4, relatedness=1.0, noise=0.5, random_state=0
    )[:2]

    net = MultiTaskNetEstimator(**SLOW).fit(X, y)

    assert net.sharing_.tolist() == ["shared"] * 4


@pytest.mark.parametrize(
    "parameters", [{"own_nets": "never"}, {"early_stopping": False, "max_iter": 5}]
)
def test_no_column_parts_where_that_is_not_wanted_or_cannot_be_told(parameters, table):
    net = MultiTaskNetEstimator(**{**SLOW, **parameters}).fit(*table)

    assert set(net.sharing_) == {"shared"}


def test_a_single_column_is_its_own_shared_net(table):
    X, y = table

    net = MultiTaskNetEstimator(**{**SLOW, "max_iter": 3}).fit(X, y[:, 2])

    assert net.sharing_.tolist() == ["shared"]


def test_own_nets_is_one_of_two_words(table):
    with pytest.raises(ValueError, match=r"'own_nets' parameter.*'auto'"):
        MultiTaskNetEstimator(own_nets="hard").fit(*table)


def test_rows_to_stop_on_tell_who_gains():
    X, y = slow_among_noise()
    X_val, y_val = slow_among_noise(200, seed=5)

    net = MultiTaskNetEstimator(**SLOW).fit(X, y, X_val=X_val, y_val=y_val)

    assert net.sharing_[2] == "own"


def test_a_column_with_few_labels_goes_on_alone_with_these():
    X, y = slow_among_noise(900)
    y[::2, 2] = np.nan

    net = MultiTaskNetEstimator(**SLOW).fit(X, y)

    assert net.sharing_[2] == "own"
    assert np.isfinite(net.predict(X)).all()


def test_pickle_keeps_the_own_nets(net, table):
    again = pickle.loads(pickle.dumps(net))

    assert_array_equal(again.predict(table[0]), net.predict(table[0]))
    assert again.sharing_.tolist() == net.sharing_.tolist()


def test_same_seed_same_predictions(net, table):
    again = MultiTaskNetEstimator(**SLOW).fit(*table)

    assert_array_equal(again.predict(table[0]), net.predict(table[0]))


class CountTraining(Callback):
    times = 0

    def on_train_begin(self, net, **kwargs):
        self.times += 1


def test_callbacks_watch_the_shared_net_only(table):
    count = CountTraining()

    net = MultiTaskNetEstimator(**SLOW, callbacks=[count]).fit(*table)

    assert net.sharing_[2] == "own"
    assert count.times == 1


def test_warm_start_goes_on_with_each_net(table):
    net = MultiTaskNetEstimator(**SLOW, warm_start=True).fit(*table)
    own = net.own_nets_[2]
    n_epochs = len(own.history)
    before = net.predict(table[0])

    net.set_params(max_iter=2).fit(*table)

    assert net.own_nets_[2] is own
    assert len(own.history) == n_epochs + 2
    assert (net.predict(table[0]) != before).all()


def test_partial_fit_goes_on_with_each_net(table):
    net = MultiTaskNetEstimator(**SLOW).fit(*table)
    n_epochs = len(net.net_.history), len(net.own_nets_[2].history)

    net.partial_fit(*table)

    assert len(net.net_.history) == n_epochs[0] + 1
    assert len(net.own_nets_[2].history) == n_epochs[1] + 1


def test_all_nets_are_restored_if_one_fails(table, monkeypatch):
    net = MultiTaskNetEstimator(**SLOW, warm_start=True, max_iter=40).fit(*table)
    before = net.predict(table[0])

    def break_off(*args, **kwargs):
        raise RuntimeError("broken off")

    monkeypatch.setattr(net.own_nets_[2], "partial_fit", break_off)

    with pytest.raises(RuntimeError, match="broken off"):
        net.set_params(max_iter=2).fit(*table)

    assert_array_equal(net.predict(table[0]), before)


def test_no_more_columns_are_tried_than_that(table, monkeypatch):
    net = MultiTaskNetEstimator(**SLOW, own_nets="never").fit(*table)
    monkeypatch.setattr(_own_nets, "is_gain", lambda gain: True)
    tried = []

    def train_alone(t):
        tried.append(t)
        return net.net_

    own_nets = find_own_nets(net.net_, train_alone)

    assert tried[0] == 2
    assert len(set(tried)) == len(tried) == len(own_nets) == _own_nets.MOST_TRIED


# What decides


def test_loss_is_read_at_the_median_of_the_others_epochs():
    loss = np.arange(12.0).reshape(4, 3)  # epochs 1 to 4 of three members

    assert_allclose(
        loss_at_others_epoch(loss, np.array([1, 2, 4])),
        [loss[2, 0], loss[1, 1], loss[0, 2]],  # medians of (2, 4), (1, 4), (1, 2)
    )
    assert_allclose(loss_at_others_epoch(loss[:, :1], np.array([3])), [loss[2, 0]])


@pytest.mark.parametrize(
    ("gain", "expected"),
    [
        ([0.01, 0.012, 0.011], True),
        ([0.001, 0.001, 0.001], False),  # too small
        ([0.1, -0.09, 0.02], False),  # within its standard error
        ([0.01, np.nan, 0.012], True),  # a member without labels
        ([np.nan, np.nan], False),
        ([-np.inf, 0.1], True),  # diverged beside a gain: the other one counts
        ([0.003], True),
        ([0.001], False),
    ],
)
def test_a_gain_is_above_its_standard_error(gain, expected):
    assert is_gain(np.array(gain)) is expected


def test_patience_alone_is_halved_where_an_epoch_is_many_steps():
    assert patience_alone(10, steps_an_epoch=31.3) == 5
    assert patience_alone(3, steps_an_epoch=100) == 2
    assert patience_alone(10, steps_an_epoch=7) == 10
