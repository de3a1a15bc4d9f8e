"""A stack that is trained some members at a time comes to the same."""

import gc
import weakref

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback
from torch.testing import assert_close

from sklearn_mtl.balancing import FixedWeights
from sklearn_mtl.nn import Autoencoder
from sklearn_mtl.training import _cut, stacks_that_fit
from tests.training.helpers import Interrupt
from tests.training.stopping import (
    FULL_BATCH,
    TABLE,
    AtEpochEnd,
    assert_same_weights,
    at_work,
    impatient,
    parameters_of,
)

X = TABLE[0]

SETTINGS = {
    "early stopping": {},
    "all epochs": {"max_iter": 6},
    "no rows held out": {"early_stopping": False, "max_iter": 5},
    "rate that falls": {"learning_rate": "invscaling"},
    "sgd": {"solver": "sgd", "max_iter": 8},
    "decoder": {"reconstruction": Autoencoder(3)},
    "parameters of balancing": {"balancing": "uncertainty"},
}


class Trainings(Callback):
    """Note how many members each training has."""

    def __init__(self):
        self.sizes = []

    def on_train_begin(self, net, **kwargs):
        self.sizes.append(len(net.criterion_.task_weight))


def noted(**params):
    return impatient(callbacks=[("trainings", Trainings())], **FULL_BATCH | params)


def sizes(estimator):
    return dict(estimator.net_.callbacks_)["trainings"].sizes


def cut_in_three(monkeypatch, net):
    """Let stacks like that of a net be trained in three parts."""
    monkeypatch.setattr(_cut, "MOST_BYTES", _cut.bytes_of_training(net) // 3 + 1)


def steps_of(net):
    """Return the steps that the optimizer counts; none where it has forgotten them."""
    return [known["step"] for known in net.optimizer_.state.values() if "step" in known]


def assert_same(estimator, expected):
    """Compare all that is said of a training."""
    assert_same_weights(estimator.net_, expected.net_)
    assert_array_equal(estimator.best_epoch_, expected.best_epoch_)
    for name in estimator.net_.losses_by_epoch:
        own, other = (getattr(e.net_, name) for e in (estimator, expected))
        for part in own:
            assert_allclose(own[part], other[part])
    rows, others = estimator.net_.history, expected.net_.history
    for row, other in zip(rows, others, strict=True):
        assert row.keys() == other.keys()
        for key in row.keys() - {"dur", "batches"}:
            assert row[key] == pytest.approx(other[key]), key
            assert type(row[key]) is type(other[key])
    assert [row.keys() for row in estimator.history_] == [
        row.keys() for row in expected.history_
    ]
    assert_allclose(
        *(steps_of(e.net_) for e in (estimator, expected)),
    )


@pytest.mark.parametrize("case", SETTINGS)
def test_cut_stack_is_trained_as_a_whole_one(case, monkeypatch):
    whole = noted(**SETTINGS[case]).fit(*TABLE)
    cut_in_three(monkeypatch, whole.net_)

    cut = noted(**SETTINGS[case]).fit(*TABLE)

    assert sizes(whole) == [5]
    assert sizes(cut) == [2, 2, 1]
    assert_same(cut, whole)
    if whole.early_stopping:
        best, other = (dict(e.net_.callbacks_)["best_weights"] for e in (cut, whole))
        assert_allclose(best.best_loss_, other.best_loss_)
        assert_allclose(
            np.array(cut.oof_predictions_[:, :1], float),
            np.array(whole.oof_predictions_[:, :1], float),
        )
        assert cut.oof_score_ == pytest.approx(whole.oof_score_)


def test_members_of_a_part_leave_it_too(monkeypatch):
    whole = noted().fit(*TABLE)
    cut_in_three(monkeypatch, whole.net_)

    cut = noted().fit(*TABLE)

    assert not at_work(whole.net_)[-1].all()
    assert_array_equal(at_work(cut.net_), at_work(whole.net_))


@pytest.mark.parametrize("case", ["early stopping", "sgd", "decoder"])
def test_cut_stack_goes_on_as_a_whole_one(case, monkeypatch):
    whole = noted(warm_start=True, **SETTINGS[case]).fit(*TABLE)
    before = _cut.MOST_BYTES
    cut_in_three(monkeypatch, whole.net_)
    cut = noted(warm_start=True, **SETTINGS[case]).fit(*TABLE)

    cut.fit(*TABLE).partial_fit(*TABLE)
    monkeypatch.setattr(_cut, "MOST_BYTES", before)
    whole.fit(*TABLE).partial_fit(*TABLE)

    assert sizes(cut) == 3 * [2, 2, 1]
    assert_same(cut, whole)


def test_no_column_is_tried_where_memory_holds_no_second_stack(monkeypatch):
    # Any column that is tried goes on alone.
    monkeypatch.setattr("sklearn_mtl.estimators._own_net.is_gain", lambda *gain: True)
    whole = noted(own_nets="auto").fit(*TABLE)
    cut_in_three(monkeypatch, whole.net_)

    cut = noted(own_nets="auto").fit(*TABLE)

    assert whole.stack_.own_tasks == [0, 1, 2]
    assert cut.stack_.own_tasks == []
    assert_same_weights(cut.net_, whole.net_)


class OwnWeights(FixedWeights):
    """Does not say what it has an entry a member of."""


def test_parts_that_cannot_be_selected_are_trained_as_a_whole(monkeypatch):
    monkeypatch.setattr(_cut, "MOST_BYTES", 1000)

    estimator = noted(balancing=OwnWeights(), max_iter=3).fit(*TABLE)

    assert sizes(estimator) == [5]


def test_there_are_no_more_parts_than_members(monkeypatch):
    monkeypatch.setattr(_cut, "MOST_BYTES", 1)

    estimator = noted(max_iter=2).fit(*TABLE)

    assert sizes(estimator) == [1] * 5


def test_stacks_that_fit_are_counted_by_their_weights(monkeypatch):
    net = impatient(max_iter=1).fit(*TABLE).net_
    n_numbers = sum(p.numel() for p in parameters_of(net))

    monkeypatch.setattr(_cut, "MOST_BYTES", 3 * _cut.COPIES * 8 * n_numbers)
    assert stacks_that_fit(net) == 3
    monkeypatch.setattr(_cut, "MOST_BYTES", 3 * _cut.COPIES * 8 * n_numbers - 1)
    assert stacks_that_fit(net) == 2


def test_parts_that_were_trained_leave_the_memory(monkeypatch):
    """What a part is trained on is not kept beside the next one."""
    parts, alive = [], []

    def count(net):
        parts.append(weakref.ref(next(net.module_.parameters())))
        if len(parts) == 5:
            gc.collect()
            alive.extend(part for part in parts if part() is not None)

    monkeypatch.setattr(_cut, "MOST_BYTES", 1)

    noted(max_iter=1).set_params(callbacks=[AtEpochEnd(count)]).fit(*TABLE)

    assert alive == parts[-1:]


def test_failure_of_a_later_part_changes_nothing(monkeypatch):
    def fail(net):
        if armed and len(net.criterion_.task_weight) == 1:
            raise RuntimeError("broken off")

    armed = []
    estimator = noted(warm_start=True, max_iter=3)
    estimator.set_params(callbacks=[AtEpochEnd(fail)]).fit(*TABLE)
    before = [p.detach().clone() for p in parameters_of(estimator.net_)]
    rows = list(estimator.history_)
    cut_in_three(monkeypatch, estimator.net_)

    armed.append(True)
    with pytest.raises(RuntimeError, match="broken off"):
        estimator.fit(*TABLE)

    assert estimator.history_ == rows
    for parameter, earlier in zip(parameters_of(estimator.net_), before, strict=True):
        assert torch.equal(parameter, earlier)


def test_part_that_is_broken_off_at_once_ends_the_fit_with_the_others(monkeypatch):
    whole = noted(max_iter=3).fit(*TABLE)
    cut_in_three(monkeypatch, whole.net_)
    interrupt = Interrupt("on_train_batch", 1, once=True)

    cut = noted(max_iter=3).set_params(callbacks=[interrupt]).fit(*TABLE)

    # The other parts are given one epoch each.
    whole = noted(max_iter=1).fit(*TABLE)
    assert_array_equal(at_work(cut.net_), [[False] * 2 + [True] * 3])
    assert_array_equal(cut.best_epoch_, [0, 0, *whole.best_epoch_[2:]])
    for own, expected in zip(
        parameters_of(cut.net_), parameters_of(whole.net_), strict=True
    ):
        assert_close(own[2:], expected[2:])


def test_members_of_a_part_that_diverge_are_told_by_their_position(monkeypatch):
    def spoil(net):
        if len(net.criterion_.task_weight) == 1 and len(net.history) == 2:
            with torch.no_grad():
                next(net.module_.parameters())[0] = torch.nan

    whole = noted(max_iter=1).fit(*TABLE)
    cut_in_three(monkeypatch, whole.net_)

    estimator = noted(max_iter=6).set_params(callbacks=[AtEpochEnd(spoil)])
    with pytest.warns(UserWarning, match=r"NaN in epoch 3 \(member 4\)"):
        estimator.fit(*TABLE)

    assert estimator.best_epoch_[4] <= 2


def test_members_of_a_part_stop_by_their_own_mean(monkeypatch):
    patient = {"n_iter_no_change": 4, "learning_rate": "constant", "n_members": 4}
    patient["net_params"] = None
    whole = noted(**patient).fit(*TABLE)
    monkeypatch.setattr(_cut, "MOST_BYTES", _cut.bytes_of_training(whole.net_) // 2)

    cut = noted(**patient).fit(*TABLE)

    assert sizes(cut) == [2, 2]
    losses = np.array(cut.net_.task_losses_["valid"]).mean(axis=2)
    for part, members in enumerate(np.array_split(np.arange(4), 2)):
        mean = losses[: at_work(cut.net_)[:, members].sum(axis=0).max(), members]
        assert len(mean) == np.nanmean(mean, axis=1).argmin() + 1 + 2, part
