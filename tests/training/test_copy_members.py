"""Members of one net become those of another one."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_mtl.balancing import UncertaintyWeighting
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.training import (
    OF_EACH,
    Members,
    copy_members,
    ensemble,
    go_on_with,
    make_net,
    member_rows,
    teams,
)
from tests.helpers import generator
from tests.training.helpers import fitted_tasks, mixed_labels, task_table
from tests.training.stopping import parameters_of

TABLE, LAYOUT = task_table(weighted=False)


def tasks():
    y, kinds = mixed_labels(len(TABLE))
    return fitted_tasks(TargetTable(y).columns, kinds, ~np.isnan(y))


def members_of_depth(*depth, seed=0):
    members = ensemble(
        len(depth), task_weight=np.array([0.2, 0.3, 0.5]), generator=generator(seed)
    )
    values = {name: getattr(members, name) for name in OF_EACH}
    return Members(**values | {"depth": np.array(depth)})


def net_of(members, seed=1):
    return make_net(
        tasks(),
        members,
        dtype="float64",
        device="cpu",
        solver="adam",
        generator=generator(seed),
        balancing=UncertaintyWeighting(),
        reconstruction=None,
        decoded_columns=None,
        settings={
            "module__hidden_layer_sizes": (8, 8),
            "module__n_features": 4,
            "batch_size": 100,
            "max_epochs": 4,
        },
        overrides={},
    )


def trained(members):
    net = net_of(members)
    net.partial_fit(rows_of(members))
    return net


def rows_of(members):
    return member_rows(TABLE, members, prior_cost=LAYOUT.prior_cost)


def weights_of(net):
    return [p.detach().clone() for p in parameters_of(net)]


def of_origin(weight, origin):
    """Rows of members, where a deep layer is of the first ones alone."""
    return weight[[k for k in origin if k < len(weight)]]


@pytest.fixture(scope="module")
def source():
    return trained(members_of_depth(2, 2, 1))


@pytest.fixture
def both(source):
    """Return a net, and another one in which each column has copies of its members."""
    return source, net_of(teams(source.members, [(0,), (2,)]), seed=5)


def test_members_take_the_weights_of_those_that_they_are_copies_of(both):
    source, target = both
    origin = target.members.origin

    copy_members(source, origin, target)

    assert origin.tolist() == [0, 0, 1, 1, 2, 2]
    for own, of_source in zip(
        parameters_of(target), parameters_of(source), strict=True
    ):
        assert torch.equal(own, of_origin(of_source, origin))
    # The second layer is of the two deep members alone.
    assert sorted({len(p) for p in parameters_of(target)}) == [4, 6]
    x = torch.ones(5, 4, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(target.module_(x), source.module_(x)[origin.copy()])


def test_weights_of_tasks_stay_what_they_are(both):
    source, target = both
    before = target.task_weight

    copy_members(source, target.members.origin, target)

    assert_array_equal(target.task_weight, before)
    assert_array_equal(before, target.members.task_weight)
    assert not np.array_equal(before, source.task_weight[target.members.origin])


def test_copies_share_no_memory(both):
    source, target = both
    before = weights_of(source)
    copy_members(source, target.members.origin, target)
    go_on_with(source, target.members.origin, target)

    target.partial_fit(rows_of(target.members))

    for own, expected in zip(parameters_of(source), before, strict=True):
        assert torch.equal(own, expected)


def test_copies_start_with_an_optimizer_that_knows_nothing(both):
    source, target = both

    copy_members(source, target.members.origin, target)

    assert not target.optimizer_.state
    assert target.history == []


@pytest.mark.parametrize(
    "chosen", [[0, 1, 2], [0, 2], [1]], ids=["all", "ends", "deep"]
)
def test_some_members_go_on_as_they_would_have(chosen):
    """Weights, moments and steps are taken over: training is as if never broken off."""
    whole = trained(members_of_depth(2, 2, 1))
    of_chosen = {name: getattr(whole.members, name)[chosen] for name in OF_EACH}
    target = net_of(Members(**of_chosen), seed=7)

    go_on_with(whole, np.array(chosen), target)
    before = [loss.copy() for loss in whole.task_losses_["train"]]
    target.history = deepcopy(target.history)
    whole.partial_fit(rows_of(whole.members), epochs=3)
    target.partial_fit(rows_of(target.members), epochs=3)

    for own, of_whole in zip(parameters_of(target), parameters_of(whole), strict=True):
        torch.testing.assert_close(own, of_origin(of_whole, chosen))
    assert len(target.history) == 7
    assert len(target.task_losses_["train"]) == 7
    for own, loss in zip(target.task_losses_["train"][:4], before, strict=True):
        assert_array_equal(own, loss[chosen])
