"""Members of a candidate stop once their mean loss does not improve."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sklearn_mtl.training import StopTogether
from tests.training.stopping import TABLE, at_work, impatient

NAN = np.nan


class Script:
    """A net of given losses, which notes when each member was told to stop."""

    monitor = "valid"

    def __init__(self, losses):
        self.losses = np.array(losses, dtype=float)  # (epochs, K)
        self.epoch = 0
        self.stopped_in = np.zeros(self.losses.shape[1], dtype=int)
        self.callbacks_ = [("best_weights", self)]
        self.optimizer_ = SimpleNamespace(param_groups=[{"lr": 1.0}])
        self.rates = []

    def monitored_loss(self):
        return self.losses[self.epoch - 1]

    def stop(self, members):
        self.stopped_in[members & (self.stopped_in == 0)] = self.epoch

    def wait_anew(self, members):
        pass

    def run(self, callback):
        callback.on_train_begin(self)
        for _ in self.losses:
            self.epoch += 1
            self.rates.append(self.optimizer_.param_groups[0]["lr"])
            callback.on_epoch_end(self)
        return self.stopped_in.tolist()


def stopped_in(losses, candidate, patience=2, tol=0.0, **params):
    """Epoch in which each member is told to stop; 0 for never."""
    callback = StopTogether(np.array(candidate), patience, tol, **params)
    return Script(losses).run(callback)


def test_members_stop_by_the_mean_of_their_candidate():
    losses = [
        # Of candidate 0, whose mean falls while one member does not gain; and of 1.
        [0.9, 0.9, 0.5, 0.5],
        [0.9, 0.7, 0.6, 0.4],
        [0.9, 0.6, 0.7, 0.3],
        [0.9, 0.5, 0.8, 0.3],
    ]

    assert stopped_in(losses, [0, 0, 1, 1]) == [0, 0, 3, 3]


def test_candidates_are_those_of_the_net_where_none_are_given():
    script = Script([[0.9, 0.5], [0.8, 0.5], [0.7, 0.5]])
    script.members = SimpleNamespace(candidate=np.array([0, 1]))

    assert script.run(StopTogether(None, patience=2, tol=0.0)) == [0, 3]


def test_nobody_stops_where_training_goes_on_to_its_end():
    script = Script([[0.5], [0.6], [0.7]])
    script.monitor = None

    assert script.run(StopTogether(np.array([0]), patience=1, tol=0.0)) == [0]


def test_patience_with_a_candidate_above_its_aim_is_another_one():
    losses = [[0.9, 0.5], [0.95, 0.55], [0.96, 0.56], [0.97, 0.57], [0.98, 0.58]]

    found = stopped_in(losses, [0, 1], 4, aim=np.array([0.8, 0.8]), patience_above=2)

    assert found == [3, 5]


def test_an_improvement_starts_the_count_again():
    losses = [[0.9], [0.95], [0.8], [0.85], [0.82]]

    assert stopped_in(losses, [0]) == [5]


@pytest.mark.parametrize(("tol", "epoch"), [(0.0, 0), (0.01, 0), (0.05, 3)])
def test_an_improvement_is_one_of_more_than_tol(tol, epoch):
    losses = [[0.50], [0.48], [0.46], [0.44]]

    assert stopped_in(losses, [0], tol=tol) == [epoch]


def test_improvements_below_tol_add_up():
    losses = [[0.50], [0.48], [0.46], [0.44], [0.42]]

    assert stopped_in(losses, [0], tol=0.03, patience=3) == [0]


def test_candidates_may_differ_in_their_number_of_members_and_order():
    losses = [
        [0.5, 0.9, 0.9, 0.9],
        [0.5, 0.8, 0.9, 0.9],
        [0.5, 0.8, 0.9, 0.8],
    ]

    # Candidate 0 is three members, of which one gains in each epoch.
    assert stopped_in(losses, [1, 0, 0, 0]) == [3, 0, 0, 0]


def test_rate_falls_once_no_candidate_improves():
    losses = [[0.5, 0.9], [0.5, 0.8], [0.5, 0.7], [0.5, 0.7], [0.5, 0.7]]
    script = Script([*losses, [0.4, 0.7], [0.5, 0.7], [0.5, 0.7]])
    callback = StopTogether(np.array([0, 1]), patience=2, tol=0.0, rate_falls=True)

    # The rate falls in epoch 5; patience is then of one epoch.
    assert script.run(callback) == [7, 6]
    assert script.rates == [1.0] * 5 + [0.2] * 3
    callback.on_train_end(script)
    assert script.optimizer_.param_groups == [{"lr": 1.0}]


def test_rate_of_a_candidate_falls_by_itself_where_members_have_rates():
    losses = [[0.5, 0.9], [0.5, 0.8], [0.5, 0.7], [0.5, 0.6], [0.5, 0.5]]
    script = Script([*losses, [0.4, 0.4], [0.5, 0.4]])
    weight = torch.zeros(2, 3)
    groups = script.optimizer_.param_groups
    groups[0] |= {"lr_ratio": (1.0, 0.5), "params": [weight]}
    callback = StopTogether(np.array([0, 1]), patience=2, tol=0.0, rate_falls=True)

    # That of candidate 0 falls in epoch 3, which leaves it an epoch to improve.
    assert script.run(callback) == [4, 0]
    assert groups[0]["lr"] == 1.0
    assert groups[0]["lr_ratio"] == (0.2, 0.5)
    callback.on_train_end(script)
    assert groups[0]["lr_ratio"] == (1.0, 0.5)


def test_a_member_that_left_counts_with_its_last_loss():
    losses = [
        [0.2, 0.9],
        [NAN, 0.8],  # not a rise of the mean from 0.55 to 0.8
        [NAN, 0.7],
        [NAN, 0.7],
        [NAN, 0.7],
    ]

    assert stopped_in(losses, [0, 0]) == [5, 5]


def test_a_member_without_labels_says_nothing_of_the_others():
    losses = [[NAN, 0.9], [NAN, 0.8], [NAN, 0.7], [NAN, 0.75], [NAN, 0.75]]

    assert stopped_in(losses, [0, 0]) == [5, 5]


def test_a_candidate_without_any_label_stops_and_leaves_the_others():
    losses = [[NAN, 0.9], [NAN, 0.8], [NAN, 0.7]]

    assert stopped_in(losses, [0, 1]) == [2, 0]


def test_a_member_that_diverged_says_nothing_of_the_others():
    losses = [[0.9, 0.9], [np.inf, 0.8], [NAN, 0.7], [NAN, 0.6], [NAN, 0.5]]

    assert stopped_in(losses, [0, 0]) == [0, 0]


def test_each_training_starts_anew():
    callback = StopTogether(np.array([0]), patience=2, tol=0.0)

    first = Script([[0.1], [0.2], [0.3]]).run(callback)
    second = Script([[0.5], [0.4], [0.3]]).run(callback)

    assert (first, second) == ([3], [0])


def test_members_of_a_net_stop_together():
    candidate = np.array([0, 0, 1, 1, 1])
    callback = StopTogether(candidate, patience=2, tol=0.0)
    params = {"callbacks": [callback], "n_iter_no_change": 100}

    net = impatient(**params).fit(*TABLE).net_

    losses = np.array(net.task_losses_["valid"]).mean(axis=2)
    last = at_work(net).sum(axis=0)
    assert last[0] == last[1] < 40
    assert last[2] == last[3] == last[4] < 40
    for members in (candidate == 0, candidate == 1):
        mean = losses[: last[members][0], members].mean(axis=1)
        assert len(mean) == mean.argmin() + 1 + 2
    best = dict(net.callbacks_)["best_weights"].best_epoch_
    for k in range(5):
        assert best[k] == np.nanargmin(losses[:, k]) + 1
