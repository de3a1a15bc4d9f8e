"""Teams of columns: members that differ in nothing but the columns they learn from."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.inspection import compare_single_task, task_affinity
from tests.helpers import SMALL_NET

X, Y = make_multitask(90, 5, n_tasks=3, random_state=0)
CV = [(np.arange(60), np.arange(60, 90))]


class Notes(Callback):
    """Note the stacks that are trained: how they start, and what they hold out."""

    def __init__(self):
        self.stacks = []

    def on_train_begin(self, net, X, **kwargs):
        self.stacks.append(
            {
                "members": net.members,
                "weights": [p.detach().clone() for p in net.module_.parameters()],
                "held out": held_out(X),
                "trained on": trained_on(X),
                "task weight": net.criterion_.task_weight.clone(),
                "net": net,
            }
        )


def held_out(rows):
    index = rows.held_out.index.expand(len(rows.scale), -1)
    return [sorted(own.tolist()) for own in index]


def trained_on(rows):
    weight = rows.row_weight
    if weight is None:
        return [sorted(rows.index.tolist())] * len(rows.scale)
    return [sorted(rows.index[own > 0].tolist()) for own in weight]


def stacks_of(measure):
    """Return notes of all stacks that a measurement trains."""
    notes = Notes()
    params = SMALL_NET | {"max_iter": 3, "n_members": 3, "dropout": 0.1}
    # A callback is copied with the net that it is passed to; what it noted is shared.
    notes.__sklearn_clone__ = lambda: notes
    net = MultiTaskNetEstimator(**params, callbacks=[notes])
    measure(net, X, Y, CV)
    return notes.stacks


@pytest.mark.parametrize("at_once", [64, 6])
@pytest.mark.parametrize("measure", [compare_single_task, task_affinity])
def test_all_teams_start_from_the_same_weights_and_hold_out_the_same_rows(
    measure, at_once, monkeypatch
):
    monkeypatch.setattr("sklearn_mtl.inspection._teams.MEMBERS_AT_ONCE", at_once)

    stacks = stacks_of(measure)

    n_teams = 4 if measure is compare_single_task else 6
    assert [stack["members"].number for stack in stacks] == (
        [3 * n_teams] if at_once == 64 else [6] * (n_teams // 2)
    )
    first = stacks[0]
    positions = [first["members"].origin.tolist().index(k) for k in range(3)]
    assert len({tuple(first["held out"][k]) for k in positions}) == 3
    for stack in stacks:
        for position, k in enumerate(stack["members"].origin):
            like = positions[k]
            assert stack["held out"][position] == first["held out"][like]
            assert stack["trained on"][position] == first["trained on"][like]
            assert not set(stack["held out"][position]) & set(
                stack["trained on"][position]
            )
            for weight, of_first in zip(
                stack["weights"], first["weights"], strict=True
            ):
                assert_array_equal(weight[position], of_first[like])


@pytest.mark.parametrize("measure", [compare_single_task, task_affinity])
def test_nobody_writes_weights_of_tasks(measure):
    for stack in stacks_of(measure):
        members, net = stack["members"], stack["net"]
        assert_array_equal(stack["task weight"], net.criterion_.task_weight)
        assert_array_equal(net.task_weight, members.task_weight.astype(np.float32))


@pytest.mark.parametrize("method", ["gradient", "lookahead"])
def test_probes_leave_the_weights_of_tasks_as_they_are(method):
    def measure(net, X, y, cv):
        return task_affinity(net, X, y, method=method)

    (stack,) = stacks_of(measure)

    assert_array_equal(stack["task weight"], stack["net"].criterion_.task_weight)
    assert_array_equal(stack["task weight"], np.full((3, 3), 1 / 3, dtype=np.float32))


def test_own_nets_leave_the_weights_of_tasks_as_they_are(monkeypatch):
    monkeypatch.setattr("sklearn_mtl.estimators._own_net.is_gain", lambda *gain: True)
    params = SMALL_NET | {"max_iter": 4, "warm_start": True}
    estimator = MultiTaskNetEstimator(**params, task_weights=[1, 1, 2]).fit(X, Y)

    for _ in range(2):
        shared, own = estimator.net_, estimator.own_net_
        assert_array_equal(shared.task_weight, [[0.25, 0.25, 0.5]] * 2)
        alone = np.eye(3)[np.tile([0, 1, 2], 2)]
        assert_array_equal(own.task_weight, alone)
        assert_array_equal(own.members.task_weight, alone)
        estimator.fit(X, Y)
