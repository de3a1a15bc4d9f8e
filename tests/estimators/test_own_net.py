"""Columns that the others hold back go on alone from the shared weights."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.estimators import _own_net
from sklearn_mtl.estimators._own_net import (
    gain_between,
    is_gain,
    loss_at_others_epoch,
)
from sklearn_mtl.nn import Autoencoder, Sharing
from sklearn_mtl.training import copy_members
from tests.estimators.helpers import slow_among_noise

SLOW = {
    "hidden_layer_sizes": (32, 32),
    "n_members": 5,
    "learning_rate_init": 0.003,
    "batch_size": 32,
    "n_iter_no_change": 20,
    "random_state": 0,
}

QUICK = SLOW | {"n_members": 2, "max_iter": 12, "learning_rate_init": 0.01}
"""The same column goes on alone, by less."""


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
    assert net.stack_.own_tasks == [2]
    assert hard.sharing_.tolist() == ["shared"] * 5
    assert hard.own_net_ is None
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
        assert_array_equal(net.predict(X_test)[:, 0] == "up", up > 0.5)
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

    net = MultiTaskNetEstimator(**SLOW | {"n_members": 2})
    net.fit(X, y, X_val=X_val, y_val=y_val)

    assert net.sharing_[2] == "own"


def test_a_column_with_few_labels_goes_on_alone_with_these():
    X, y = slow_among_noise(900)
    y[::2, 2] = np.nan

    net = MultiTaskNetEstimator(**QUICK | {"max_iter": 25}).fit(X, y)

    assert net.sharing_[2] == "own"
    assert np.isfinite(net.predict(X)).all()


def test_pickle_keeps_the_own_net(net, table):
    again = pickle.loads(pickle.dumps(net))

    assert_array_equal(again.predict(table[0]), net.predict(table[0]))
    assert again.sharing_.tolist() == net.sharing_.tolist()


def test_same_seed_same_predictions(table):
    first, again = (MultiTaskNetEstimator(**QUICK).fit(*table) for _ in range(2))

    assert first.sharing_[2] == "own"
    assert_array_equal(again.predict(table[0]), first.predict(table[0]))


class CountTraining(Callback):
    times = 0

    def on_train_begin(self, net, **kwargs):
        self.times += 1


def test_callbacks_watch_the_shared_net_only(table):
    count = CountTraining()

    net = MultiTaskNetEstimator(**QUICK, callbacks=[count]).fit(*table)

    assert net.sharing_[2] == "own"
    assert count.times == 1


def test_warm_start_goes_on_with_each_net(table):
    net = MultiTaskNetEstimator(**QUICK, warm_start=True).fit(*table)
    own = net.own_net_
    n_epochs = len(own.history)
    before = net.predict(table[0])

    net.set_params(max_iter=2).fit(*table)

    assert net.own_net_ is own
    assert len(own.history) == n_epochs + 2
    assert (net.predict(table[0]) != before).all()


def test_partial_fit_goes_on_with_each_net(table):
    net = MultiTaskNetEstimator(**QUICK).fit(*table)
    n_epochs = len(net.net_.history), len(net.own_net_.history)

    net.partial_fit(*table)

    assert len(net.net_.history) == n_epochs[0] + 1
    assert len(net.own_net_.history) == n_epochs[1] + 1


def test_all_nets_are_restored_if_one_fails(table, monkeypatch):
    net = MultiTaskNetEstimator(**QUICK, warm_start=True).fit(*table)
    before = net.predict(table[0])

    def break_off(*args, **kwargs):
        raise RuntimeError("broken off")

    monkeypatch.setattr(net.own_net_, "partial_fit", break_off)

    with pytest.raises(RuntimeError, match="broken off"):
        net.set_params(max_iter=2).fit(*table)

    assert_array_equal(net.predict(table[0]), before)


def test_columns_that_promise_most_are_tried_where_memory_does_not_hold_all(
    table, monkeypatch
):
    tried = []

    def note_trials(source, origin, target):
        tried.append(target.members.tasks)
        copy_members(source, origin, target)

    monkeypatch.setattr(_own_net, "is_gain", lambda gain, least=0.0: True)
    monkeypatch.setattr(_own_net, "copy_members", note_trials)
    monkeypatch.setattr(_own_net, "stacks_that_fit", lambda net: 3)

    net = MultiTaskNetEstimator(**QUICK).fit(*table)

    assert len(tried[0]) == 3
    assert 2 in tried[0]
    assert net.stack_.own_tasks == tried[0] == sorted(tried[0])
    assert net.own_net_.members.number == 3 * 2


def test_trials_are_members_of_one_stack_that_start_from_the_shared_weights(
    table, monkeypatch
):
    started = []

    def note(source, origin, target):
        copy_members(source, origin, target)
        raw = target.module_.eval()(torch.zeros(1, 4).double()).detach()
        started.append((origin, source, raw))

    monkeypatch.setattr(_own_net, "copy_members", note)

    net = MultiTaskNetEstimator(**QUICK, dtype="float64").fit(*table)

    (origin, shared, raw), *others = started
    assert not others
    raw_of_shared = shared.module_.eval()(torch.zeros(1, 4).double()).detach()
    assert_allclose(raw, raw_of_shared[origin.tolist()], rtol=1e-9)
    members = net.own_net_.members
    assert members.task_weight[:, 2].tolist() == [1.0] * members.number
    assert members.fold.tolist() == net.net_.members.fold.tolist()


def test_user_defined_sharing_parts_too(table):
    class Plain(Sharing):
        def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
            self.layers = hidden.drop(hidden.layers((n_members,), [n_features, *sizes]))
            self.n_units = sizes[-1]

        def forward(self, features):
            for layer in self.layers:
                features = layer(features)
            return features

    net = MultiTaskNetEstimator(**QUICK, sharing=Plain()).fit(*table)

    assert net.sharing_[2] == "own"


def test_own_nets_keep_the_costs_of_decoding(table, monkeypatch):
    monkeypatch.setattr(_own_net, "is_gain", lambda *gain: True)
    settings = {**QUICK, "max_iter": 4, "warm_start": True}
    net = MultiTaskNetEstimator(**settings, reconstruction=Autoencoder(3)).fit(*table)

    for _ in range(2):
        costs = net.own_net_.reconstruction_losses_
        assert len(costs["train"]) == len(costs["valid"]) == len(net.own_net_.history)
        assert costs["train"][0].shape == (net.own_net_.members.number,)
        net.fit(*table)


# What decides


def test_loss_is_read_at_the_median_of_the_others_epochs():
    loss = np.arange(12.0).reshape(4, 3)  # epochs 1 to 4 of three members

    assert_allclose(
        loss_at_others_epoch(loss, np.array([1, 2, 4])),
        [loss[2, 0], loss[1, 1], loss[0, 2]],  # medians of (2, 4), (1, 4), (1, 2)
    )
    assert_allclose(loss_at_others_epoch(loss[:, :1], np.array([3])), [loss[2, 0]])


def test_last_loss_of_a_member_that_has_left_stands_for_later_ones():
    loss = np.arange(12.0).reshape(4, 3)
    loss[2:, 1] = np.nan

    assert_allclose(
        loss_at_others_epoch(loss, np.array([4, 1, 4])),
        [loss[1, 0], loss[1, 1], loss[1, 2]],  # medians of (1, 4), (4, 4), (4, 1)
    )


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


def test_losses_that_are_not_finite_are_no_gain():
    with np.errstate(invalid="raise"):
        gain = gain_between(np.array([np.inf, 2, np.nan]), np.array([np.inf, 1, 1]))
    assert_array_equal(gain, [np.nan, 1, np.nan])
