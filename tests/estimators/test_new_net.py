"""What a net is told of the estimator's parameters."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from skorch.callbacks import LRScheduler

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.estimators._new_net import patience_together, rate_falls
from tests.training.stopping import TABLE, impatient

TOGETHER = {"n_iter_no_change": 6, "net_params": None}


@pytest.mark.parametrize(
    ("n_iter_no_change", "n_members", "n_candidates", "patience"),
    [
        (10, 1, 1, 10),
        (10, 2, 1, 7),
        (10, 4, 1, 5),
        (10, 64, 1, 5),
        (10, 8, 4, 7),  # two members a candidate
        (1, 8, 1, 1),
    ],
)
def test_the_mean_of_members_is_waited_for_less_long(
    n_iter_no_change, n_members, n_candidates, patience
):
    estimator = SimpleNamespace(n_iter_no_change=n_iter_no_change)
    candidate = np.arange(n_members) % n_candidates
    members = SimpleNamespace(number=n_members, candidate=candidate)

    assert patience_together(estimator, members) == patience


def test_training_ends_where_the_mean_of_members_does_not_improve():
    net = impatient(**TOGETHER, learning_rate="constant").fit(*TABLE)

    mean = [row["valid_loss"] for row in net.history_]
    assert net.n_iter_ == np.argmin(mean) + 1 + 3


def test_training_goes_on_at_a_lower_rate_before_it_ends():
    net = impatient(**TOGETHER).fit(*TABLE)

    mean, rate = (
        np.array([row[key] for row in net.history_])
        for key in ("valid_loss", "learning_rate")
    )
    falls = int(np.argmax(rate < 0.03))
    assert_allclose(rate, np.where(np.arange(len(rate)) < falls, 0.03, 0.006))
    assert falls == mean[:falls].argmin() + 1 + 3
    assert net.n_iter_ == max(mean.argmin() + 1, falls) + 2
    assert net.net_.optimizer_.param_groups[0]["lr"] == 0.03


@pytest.mark.parametrize("given", [LRScheduler(), ("mine", LRScheduler())])
def test_the_rate_is_left_to_a_scheduler_of_the_user(given):
    estimator = MultiTaskNetEstimator(callbacks=[given])

    assert rate_falls(MultiTaskNetEstimator())
    assert not rate_falls(MultiTaskNetEstimator(learning_rate="constant"))
    assert not rate_falls(estimator)


def test_a_warm_start_adopts_how_long_members_are_waited_for():
    net = impatient(max_iter=1, net_params=None, warm_start=True).fit(*TABLE)

    net.set_params(n_iter_no_change=20, tol=0.5).fit(*TABLE)

    together = dict(net.net_.callbacks_)["stop_together"]
    assert (together.patience, together.tol) == (10, 0.5)
