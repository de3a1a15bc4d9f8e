"""The members of a fit: each learns what it would learn alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback
from torch.testing import assert_close

from sklearn_mtl.estimators import fit_arranged
from sklearn_mtl.nn import Autoencoder
from sklearn_mtl.training import OF_EACH
from tests.training.stopping import (
    FULL_BATCH,
    TABLE,
    assert_same_weights,
    at_work,
    impatient,
    parameters_of,
)

SETTINGS = {
    "hard sharing": {},
    "private heads": {"head_hidden_layer_sizes": (4,)},
    "rows to stop on are not held out": {"early_stopping": False, "max_iter": 6},
    "uncertainty": {"balancing": "uncertainty"},
    "decoder": {"reconstruction": Autoencoder(3)},
    "float32": {"dtype": "float32"},
}


def only(*positions):
    """Select some members."""

    def arrange(members):
        chosen = {name: getattr(members, name)[list(positions)] for name in OF_EACH}
        return replace(members, **chosen)

    return arrange


@pytest.mark.parametrize("case", SETTINGS)
def test_member_of_a_stack_is_the_same_as_alone(case):
    estimator = impatient(**FULL_BATCH, **SETTINGS[case])
    stack = estimator.fit(*TABLE).net_
    close = {"rtol": 1e-4, "atol": 1e-6} if case == "float32" else {}

    for k in (0, 3):
        alone = fit_arranged(estimator, *TABLE, only(k)).stack.net

        assert alone.members.seed.tolist() == [stack.members.seed[k]]
        for own, of_stack in zip(
            parameters_of(alone), parameters_of(stack), strict=True
        ):
            assert_close(own, of_stack[[k]], **close)
        assert len(alone.history) == at_work(stack)[:, k].sum()
        assert best_epochs(alone) == [best_epochs(stack)[k]]


def best_epochs(net):
    return dict(net.callbacks_)["best_weights"].best_epoch_.tolist()


def test_member_is_the_same_whoever_stands_beside_it():
    estimator = impatient(**FULL_BATCH)

    some = fit_arranged(estimator, *TABLE, only(1, 2, 4)).stack.net
    others = fit_arranged(estimator, *TABLE, only(0, 1, 3, 4)).stack.net

    for own, other in zip(parameters_of(some), parameters_of(others), strict=True):
        assert_close(own[[0, 2]], other[[1, 3]])


class StopSome(Callback):
    def __init__(self, members):
        self.members = members

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            dict(net.callbacks_)["best_weights"].stop(np.array(self.members))


@pytest.mark.parametrize("stopped", [[0], [0, 1], [0, 1, 2], [3, 4]])
def test_members_of_unlike_depth_and_rate_leave(stopped, monkeypatch):
    def unlike(members):
        return replace(
            members,
            depth=np.array([2, 2, 1, 1, 1]),
            learning_rate=np.array([0.01, 0.02, 0.03, 0.02, 0.01]),
            weight_decay=np.array([0.1, 0.0, 0.2, 0.1, 0.3]),
        )

    estimator = impatient(
        hidden_layer_sizes=(8, 8), max_iter=5, callbacks=[StopSome(stopped)]
    )

    leaving = fit_arranged(estimator, *TABLE, unlike).stack.net
    monkeypatch.setattr("sklearn_mtl.training._net.can_part", lambda net: False)
    staying = fit_arranged(estimator, *TABLE, unlike).stack.net

    assert not at_work(leaving)[2:, stopped].any()
    assert at_work(staying).all()
    assert_same_weights(leaving, staying)


def test_members_that_go_on_hold_out_the_same_rows_at_the_new_rate():
    estimator = impatient(warm_start=True, max_iter=2).fit(*TABLE)
    before = estimator.net_.members

    estimator.set_params(learning_rate_init=0.004).fit(*TABLE)

    now = estimator.net_.members
    assert now.learning_rate.tolist() == [0.004] * 5
    for name in set(OF_EACH) - {"learning_rate"}:
        assert_array_equal(getattr(now, name), getattr(before, name))
    for fold, earlier in zip(now.folds, before.folds, strict=True):
        assert_array_equal(fold.held_out, earlier.held_out)


def test_members_say_what_the_parameters_say():
    estimator = impatient(
        max_iter=1,
        hidden_layer_sizes=(8, 6),
        alpha=0.3,
        dropout=0.2,
        learning_rate_init=0.02,
        task_weights=[1, 0, 3],
    )

    members = estimator.fit(*TABLE).net_.members

    assert members.number == 5
    assert members.weight_decay.tolist() == [0.3] * 5
    assert members.dropout.tolist() == [0.2] * 5
    assert members.learning_rate.tolist() == [0.02] * 5
    assert members.depth.tolist() == [2] * 5
    assert members.task_weight.tolist() == [[0.25, 0, 0.75]] * 5
    held_out = np.concatenate([fold.held_out for fold in members.folds])
    assert sorted(held_out) == list(range(len(TABLE[0])))
    assert members.fold.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_members_hold_out_nothing_where_they_do_not_stop_early(method):
    estimator = impatient(max_iter=1, early_stopping=False)

    members = getattr(estimator, method)(*TABLE).net_.members

    assert members.folds == ()
    assert members.fold.tolist() == [0] * 5
