"""Members that have stopped leave the stack; those at work do not notice."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, GradientNormClipping
from torch.testing import assert_close

from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.nn import Autoencoder, HardSharing
from sklearn_mtl.training import _net
from tests.training.helpers import Interrupt
from tests.training.stopping import (
    FULL_BATCH,
    TABLE,
    AtEpochEnd,
    assert_same_weights,
    at_work,
    impatient,
    noisy_table,
)

SETTINGS = {
    "hard sharing": {},
    "two layers": {"hidden_layer_sizes": (8, 6)},
    "private heads": {"head_hidden_layer_sizes": (4,)},
    "unlike heads": {"head_hidden_layer_sizes": {0: (3,), 2: (2, 2)}},
    "float32": {"dtype": "float32"},
    "uncertainty": {"balancing": "uncertainty"},
    "famo": {"balancing": "famo", **FULL_BATCH},
    "dynamic weights": {"balancing": "dwa"},
    "even gradients": {"balancing": "gradnorm"},
    "excess risks": {"balancing": "excess", **FULL_BATCH},
    "gradient surgery": {"balancing": "pcgrad", **FULL_BATCH},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive"},
    "falling rate": {"learning_rate": "invscaling"},
    "decoder": {"reconstruction": Autoencoder(3)},
    "bounded weights": {"max_norm": 1.0},
    "sparse heads": {"head_sparsity": 0.1},
}


def fit_whole(monkeypatch, table=TABLE, **params):
    """Fit a net of which nobody leaves."""
    with monkeypatch.context() as patch:
        patch.setattr(_net, "can_part", lambda net: False)
        return impatient(**params).fit(*table)


def has_left(estimator):
    """Tell whether somebody left, and others went on."""
    working = at_work(estimator.net_).sum(axis=1)
    return working[0] == 5 and 0 < working[-1] < 5


@pytest.mark.parametrize("case", SETTINGS)
def test_fit_is_the_same_as_one_in_which_nobody_leaves(case, monkeypatch):
    params = SETTINGS[case]
    # Between three columns, gradient surgery draws an order for each member at work.
    table = noisy_table(n_tasks=2) if case == "gradient surgery" else TABLE

    leaving = impatient(**params).fit(*table)
    staying = fit_whole(monkeypatch, table, **params)

    assert has_left(leaving)
    assert at_work(staying.net_).all()
    # Sums over members may be rounded another way.
    close = {"rtol": 1e-4, "atol": 1e-6} if case == "float32" else {}
    assert_same_weights(leaving.net_, staying.net_, **close)
    assert_array_equal(leaving.best_epoch_, staying.best_epoch_)
    assert_allclose(
        leaving.predict_proba(TABLE[0])[1],
        staying.predict_proba(TABLE[0])[1],
        rtol=1e-4,
    )
    for part in ("train", "valid"):
        own, expected = (
            np.array(e.net_.task_losses_[part]) for e in (leaving, staying)
        )
        working = at_work(leaving.net_)
        assert_allclose(own[working], expected[working], rtol=1e-4)
        assert np.isnan(own[~working]).all()


def test_arithmetic_of_members_that_left_ends(monkeypatch):
    seen = []

    class NotingStep(_net.Step):
        def __call__(self, batch):
            step = super().__call__(batch)
            seen.append((len(step["y_pred"]), len(step["task_loss"])))
            return step

    monkeypatch.setattr(_net, "Step", NotingStep)

    net = impatient(**FULL_BATCH).fit(*TABLE).net_

    working = at_work(net).sum(axis=1)
    assert seen == [(k, k) for k in working]
    assert working[-1] < 5


def test_history_counts_members_that_left_with_their_last_losses():
    estimator = impatient(task_weights=None).fit(*TABLE)

    for part in ("train", "valid"):
        losses = np.array(estimator.net_.task_losses_[part])
        for epoch in range(1, len(losses)):
            gone = np.isnan(losses[epoch])
            losses[epoch][gone] = losses[epoch - 1][gone]
        history = [row[f"{part}_loss"] for row in estimator.history_]
        assert_allclose(history, losses.mean(axis=(1, 2)))
        of_last = [row[f"{part}_loss/2"] for row in estimator.history_]
        assert_allclose(of_last, losses[..., 2].mean(axis=1))
    assert has_left(estimator)


def test_costs_of_decoding_are_nan_once_a_member_left():
    estimator = impatient(reconstruction=Autoencoder(3)).fit(*TABLE)

    costs = np.array(estimator.net_.reconstruction_losses_["valid"])
    assert has_left(estimator)
    assert_array_equal(np.isnan(costs), ~at_work(estimator.net_))
    for epoch in range(1, len(costs)):
        gone = np.isnan(costs[epoch])
        costs[epoch][gone] = costs[epoch - 1][gone]
    history = [row["valid_reconstruction"] for row in estimator.history_]
    assert_allclose(history, costs.mean(axis=1))


def test_callbacks_see_all_members_each_epoch(monkeypatch):
    def note(noted):
        def do(net):
            weights = clone_of(net.module_.state_dict())
            moments = net.optimizer_.state_dict()["state"]
            noted.append((weights, moments, at_work(net)[-1]))

        return AtEpochEnd(do)

    seen, expected = [], []
    estimator = impatient(callbacks=[note(seen)]).fit(*TABLE)
    fit_whole(monkeypatch, callbacks=[note(expected)])

    assert has_left(estimator)
    for (weights, moments, working), (others, of_others, _) in zip(
        seen, expected, strict=True
    ):
        assert weights.keys() == others.keys()
        for name, value in weights.items():
            if value.ndim > 1:
                assert len(value) == 5
                assert_close(value[working], others[name][working])
        for position, known in moments.items():
            assert known["step"] == of_others[position]["step"]
            for key in ("exp_avg", "exp_avg_sq"):
                assert_close(known[key][working], of_others[position][key][working])


def test_weights_of_members_that_left_stay():
    seen = []

    def note(net):
        weights = [p.detach().clone() for p in net.module_.parameters()]
        seen.append((at_work(net)[-1], weights))

    impatient(callbacks=[AtEpochEnd(note)]).fit(*TABLE)

    for (_, before), (working, now) in pairwise(seen):
        for earlier, later in zip(before, now, strict=True):
            assert torch.equal(earlier[~working], later[~working])
            assert not torch.equal(earlier[working], later[working])


def test_early_stopping_of_skorch_loads_its_best_weights():
    seen = []
    stopping = EarlyStopping(patience=8, load_best=True)
    note = AtEpochEnd(lambda net: seen.append(clone_of(net.module_.state_dict())))

    estimator = impatient(
        callbacks=[("stopping", stopping), note], early_stopping=True
    ).fit(*TABLE)

    assert has_left(estimator)
    best = np.argmin([row["valid_loss"] for row in estimator.history_])
    loaded = estimator.net_.module_.state_dict()
    for name, value in seen[best].items():
        assert torch.equal(loaded[name], value)


def test_checkpoint_of_skorch_loads(tmp_path):
    def note(net):
        if net.history[-1, "valid_loss_best"]:
            optimizer = net.optimizer_.state_dict()["state"]
            saved[:] = [clone_of(net.module_.state_dict()), optimizer]

    saved = []
    checkpoint = Checkpoint(dirname=tmp_path)

    net = impatient(callbacks=[checkpoint, AtEpochEnd(note)]).fit(*TABLE).net_
    some_have_left = not at_work(net)[-1].all()
    net.load_params(checkpoint=checkpoint)

    assert some_have_left
    for name, value in saved[0].items():
        assert torch.equal(net.module_.state_dict()[name], value)
    for position, known in net.optimizer_.state_dict()["state"].items():
        assert torch.equal(known["exp_avg"], saved[1][position]["exp_avg"])


def clone_of(state):
    return {name: value.clone() for name, value in state.items()}


class StoresNet(Callback):
    def on_train_begin(self, net, X, **kwargs):
        self.rows = X

    def on_epoch_end(self, net, **kwargs):
        self.stored = pickle.dumps(net), clone_of(net.module_.state_dict())

    def __getstate__(self):
        return {}


def test_net_that_was_stored_between_epochs_goes_on_with_all_members():
    callback = StoresNet()
    net = impatient(callbacks=[callback]).fit(*TABLE).net_
    assert not at_work(net)[-1].all()

    stored, weights = callback.stored
    loaded = pickle.loads(stored)
    for name, value in weights.items():
        assert torch.equal(loaded.module_.state_dict()[name], value)
    n_epochs = len(loaded.history)
    loaded.partial_fit(callback.rows, epochs=1)

    assert at_work(loaded)[n_epochs:].all()


class HearsBatches(Callback):
    def on_batch_end(self, net, **kwargs):
        """Be told of batches."""


class OwnSharing(HardSharing):
    """Does not say what it has an entry a member of."""


class OwnWeights(FixedWeights):
    """Does not say what it has an entry a member of."""


class OwnBatches:
    """Has no members to select."""

    def __init__(self, dataset, batch_size):
        self.dataset = dataset
        self.scale = dataset.scale

    def __iter__(self):
        yield self.dataset.batch(slice(0, len(self.dataset)), self.scale)


@pytest.mark.parametrize(
    "params",
    [
        {"callbacks": [HearsBatches()]},
        {"callbacks": [GradientNormClipping(1.0)]},
        {"sharing": OwnSharing()},
        {"balancing": OwnWeights()},
        {"net_params": {"iterator_valid": OwnBatches}},
    ],
    ids=["batches", "gradients", "sharing", "balancing", "iterator"],
)
def test_nobody_leaves_where_the_whole_stack_is_asked_for(params):
    estimator = impatient(**params).fit(*TABLE)

    assert at_work(estimator.net_).all()
    assert estimator.n_iter_ - estimator.best_epoch_.min() > 3


def test_members_that_diverged_leave():
    def spoil(net):
        if len(net.history) == 2:
            with torch.no_grad():
                next(net.module_.parameters())[1] = torch.nan

    # After the callback that looks for what is not finite, in that epoch.
    estimator = impatient(callbacks=[AtEpochEnd(spoil)], n_iter_no_change=8)
    with pytest.warns(UserWarning, match="turned infinite or NaN in epoch 3"):
        estimator.fit(*TABLE)

    assert estimator.best_epoch_[1] <= 2
    assert_array_equal(at_work(estimator.net_)[:, 1].nonzero()[0], [0, 1, 2])
    assert at_work(estimator.net_)[3, [0, 2, 3, 4]].all()
    assert np.isfinite(estimator.predict_proba(TABLE[0])[1]).all()


def epoch_after_somebody_left(**params):
    working = at_work(impatient(**params).fit(*TABLE).net_).sum(axis=1)
    return int(np.flatnonzero(working < 5)[0]) + 1


@pytest.mark.parametrize("early_stopping", [True, False])
def test_interrupt_keeps_what_was_learned(early_stopping, monkeypatch):
    epoch = epoch_after_somebody_left()
    params = {"early_stopping": early_stopping}

    interrupted = impatient(**params, callbacks=[Interrupt("on_epoch_end", epoch)]).fit(
        *TABLE
    )

    expected = fit_whole(monkeypatch, **params, max_iter=epoch)
    assert len(interrupted.history_) == epoch
    assert_same_weights(interrupted.net_, expected.net_)
    assert_array_equal(interrupted.best_epoch_, expected.best_epoch_)


def test_warm_start_goes_on_with_all_members():
    estimator = impatient(warm_start=True).fit(*TABLE)
    n_epochs = estimator.n_iter_
    before = [p.detach().clone() for p in estimator.net_.module_.parameters()]
    assert has_left(estimator)

    estimator.set_params(max_iter=2, early_stopping=False).fit(*TABLE)

    working = at_work(estimator.net_)
    assert len(working) == n_epochs + 2
    assert working[n_epochs:].all()
    for earlier, parameter in zip(
        before, estimator.net_.module_.parameters(), strict=True
    ):
        changed = (parameter != earlier).flatten(1).any(dim=1)
        assert changed.all()


def test_pickled_net_goes_on_as_the_one_that_it_was():
    estimator = impatient(warm_start=True).fit(*TABLE)
    again = pickle.loads(pickle.dumps(estimator))

    for net in (estimator, again):
        net.set_params(max_iter=3).fit(*TABLE)

    assert has_left(impatient().fit(*TABLE))
    assert_same_weights(again.net_, estimator.net_, rtol=0, atol=0)


def test_failure_after_somebody_left_changes_nothing():
    def fail(net):
        if armed and not at_work(net).all():
            raise RuntimeError("broken off")

    armed = []
    estimator = impatient(warm_start=True, callbacks=[AtEpochEnd(fail)]).fit(*TABLE)
    again = pickle.loads(pickle.dumps(impatient(warm_start=True).fit(*TABLE)))
    n_epochs, said = estimator.n_iter_, estimator.predict_proba(TABLE[0])[1]

    armed.append(True)
    with pytest.raises(RuntimeError, match="broken off"):
        estimator.fit(*TABLE)

    assert estimator.n_iter_ == len(estimator.history_) == n_epochs
    assert_array_equal(estimator.predict_proba(TABLE[0])[1], said)
    # What comes next is what would have come.
    armed.clear()
    assert_same_weights(
        estimator.fit(*TABLE).net_, again.fit(*TABLE).net_, rtol=0, atol=0
    )


def test_net_that_failed_starts_with_all_members_again():
    armed = []

    def fail(net):
        if armed and not at_work(net)[-1].all():
            raise RuntimeError("broken off")

    rows = []
    note = AtEpochEnd(fail)
    note.on_train_begin = lambda net, X, **kwargs: rows.append(X)
    net = impatient(callbacks=[note]).fit(*TABLE).net_

    armed.append(True)
    with pytest.raises(RuntimeError, match="broken off"):
        net.partial_fit(rows[0])
    armed.clear()
    n_epochs = len(net.history)
    net.partial_fit(rows[0], epochs=1)

    assert at_work(net)[n_epochs].all()
