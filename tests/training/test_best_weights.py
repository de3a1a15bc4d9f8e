"""Best weights: each member keeps its own."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.training import BestWeights, MultiTaskNet
from tests.training.helpers import PROPERTY


class Script:
    """A net whose weights are the number of the epoch and whose losses are given."""

    def __init__(self, losses, task_weight=None):
        losses = np.asarray(losses, dtype=float)  # (epochs, K) or (epochs, K, T)
        self.losses = losses[..., None] if losses.ndim == 2 else losses
        n_members, n_tasks = self.losses.shape[1:]
        weight = np.full((n_members, n_tasks), 1 / n_tasks)
        self.task_weight = weight if task_weight is None else np.asarray(task_weight)
        self.module_ = torch.nn.ParameterDict(
            {"weight": torch.zeros(n_members, 2, 3), "bias": torch.zeros(n_members, 1)}
        )
        self.criterion_ = SimpleNamespace(balancing=FixedWeights())
        self.task_losses_ = {"train": [], "valid": []}
        self.history = []
        self.stops_by_score, self.members = False, None

    def get_all_learnable_params(self):
        return self.module_.named_parameters()

    def monitor(self, loss):
        return MultiTaskNet.monitor(self, loss)

    def monitored_loss(self):
        return MultiTaskNet.monitored_loss(self)

    def run(self, best, epochs=None, part="valid", spoil=()):
        """Return the epochs that ran, and the epoch whose weights each member has."""
        best.on_train_begin(self)
        for epoch, loss in enumerate(self.losses[:epochs], start=1):
            self.history.append({})
            self.task_losses_[part].append(loss)
            with torch.no_grad():
                for parameter in self.module_.parameters():
                    parameter.fill_(epoch)
                for k, first in spoil:
                    if epoch >= first:
                        self.module_["bias"][k] = torch.nan
            best.on_epoch_end(self)
            if not best.going.any():
                break
        best.on_train_end(self)
        weights = [p.detach().flatten(1) for p in self.module_.parameters()]
        return epoch, torch.cat(weights, dim=1)


def weights_of_epochs(*epochs):
    return torch.tensor(epochs, dtype=torch.float32)[:, None].expand(-1, 7)


def test_each_member_keeps_its_own_best_weights():
    script = Script([[0.9, 0.5], [0.4, 0.6], [0.5, 0.7], [0.45, 0.4], [0.6, 0.8]])
    best = BestWeights(patience=10)

    epochs, weights = script.run(best)

    assert epochs == 5
    assert_close(weights, weights_of_epochs(2, 4))
    assert best.best_epoch_.tolist() == [2, 4]
    assert best.best_loss_.tolist() == [0.4, 0.4]
    assert best.diverged_ == {}


def test_training_ends_once_no_member_improves():
    losses = [[0.5, 0.9], [0.6, 0.8], [0.7, 0.7], [0.1, 0.75], [0.1, 0.71], [0.1, 0.1]]
    best = BestWeights(patience=2)

    epochs, weights = Script(losses).run(best)

    # Member 0 stopped in epoch 3: what came later is not its to keep.
    assert epochs == 5
    assert_close(weights, weights_of_epochs(1, 3))


@pytest.mark.parametrize(("tol", "epochs"), [(1e-4, 6), (0.05, 3)])
def test_improvements_below_tol_do_not_reset_patience_but_are_kept(tol, epochs):
    losses = [[0.50], [0.48], [0.46], [0.44], [0.42], [0.40]]
    best = BestWeights(patience=2, tol=tol)

    ran, weights = Script(losses).run(best)

    assert ran == epochs
    assert_close(weights, weights_of_epochs(ran))


def test_loss_of_a_member_is_weighted_over_the_tasks_that_have_labels():
    losses = [
        [[0.2, 0.8], [np.nan, 0.5]],
        [[0.8, 0.1], [np.nan, 0.6]],
    ]

    _, weights = Script(losses, [[0.9, 0.1], [0.9, 0.1]]).run(BestWeights())
    assert_close(weights, weights_of_epochs(1, 1))
    _, weights = Script(losses, [[0.1, 0.9], [0.1, 0.9]]).run(BestWeights())
    assert_close(weights, weights_of_epochs(2, 1))


def test_member_without_any_label_to_be_validated_on_stops_with_the_others():
    losses = [[np.nan, 0.5], [np.nan, 0.6], [np.nan, 0.7]]
    best = BestWeights(patience=1)

    epochs, weights = Script(losses).run(best)

    assert epochs == 2
    assert_close(weights, weights_of_epochs(2, 1))


def test_score_that_is_missing_in_some_epochs_is_no_improvement():
    losses = [[0.5], [np.nan], [np.nan], [0.4]]
    best = BestWeights(patience=2)

    epochs, weights = Script(losses).run(best)

    assert epochs == 3
    assert_close(weights, weights_of_epochs(1))


def test_without_validation_the_last_weights_are_kept():
    losses = [[0.5, 0.9], [0.6, 0.8], [0.7, 0.7]]

    for best, part in ((BestWeights(None), "valid"), (BestWeights(), "train")):
        _, weights = Script(losses).run(best, part=part)
        assert_close(weights, weights_of_epochs(3, 3))


@pytest.mark.parametrize("monitor", ["valid", None])
def test_member_that_diverged_keeps_what_it_had_before(monitor):
    losses = np.array([[0.9, 0.9], [0.8, np.inf], [0.7, 0.1], [0.6, 0.1]])
    best = BestWeights(monitor)

    epochs, weights = Script(losses).run(best)

    assert epochs == 4
    assert_close(weights, weights_of_epochs(4, 1))
    assert best.diverged_ == {1: (2, 0)}


def test_task_that_diverged_is_told():
    losses = np.full((3, 1, 3), 0.5)
    losses[1, 0, 2] = np.inf
    best = BestWeights()

    Script(losses).run(best)

    assert best.diverged_ == {0: (2, 2)}


def test_weights_that_are_not_finite_are_not_kept():
    best = BestWeights(None)

    epochs, weights = Script(np.full((3, 2), 0.5)).run(best, spoil=[(1, 2)])

    assert epochs == 3
    assert_close(weights, weights_of_epochs(3, 1))
    assert best.diverged_ == {1: (2, -1)}


def test_training_ends_where_all_diverge_and_initial_weights_come_back():
    best = BestWeights()

    epochs, weights = Script(np.full((3, 2), np.inf)).run(best)

    assert epochs == 1
    assert_close(weights, weights_of_epochs(0, 0))
    assert best.best_epoch_.tolist() == [0, 0]


@PROPERTY
@given(
    st.lists(st.tuples(*[st.floats(0, 2, width=16)] * 3), min_size=1, max_size=8),
)
def test_kept_weights_are_those_of_the_least_loss(losses):
    _, weights = Script(losses).run(BestWeights(patience=100))

    assert_close(weights, weights_of_epochs(*(np.argmin(losses, axis=0) + 1)))


def test_ctrl_c_leaves_no_weights_of_two_epochs(monkeypatch):
    best, copy = BestWeights(), BestWeights._copy
    pressed = []

    def press(self, chosen):
        if len(script.history) == 2 and not pressed:
            pressed.append(True)
            self._kept[0].fill_(-1.0)
            raise KeyboardInterrupt
        copy(self, chosen)

    monkeypatch.setattr(BestWeights, "_copy", press)
    script = Script([[0.9], [0.5]])
    with pytest.raises(KeyboardInterrupt):
        script.run(best)
    best.on_train_end(script)

    weights = [p.detach().flatten(1) for p in script.module_.parameters()]
    assert_close(torch.cat(weights, dim=1), weights_of_epochs(2))
