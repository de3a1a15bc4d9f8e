"""Some members of a net, trained by themselves."""

import numpy as np
import torch
from numpy.testing import assert_array_equal

from sklearn_mtl.balancing import UncertaintyWeighting
from sklearn_mtl.training._part import (
    Part,
    part_of,
    set_state_beside_members,
    state_beside_members,
)
from tests.training.stopping import TABLE, impatient, parameters_of


def test_part_of_a_net_put_back_unchanged_changes_nothing():
    net = impatient(balancing=UncertaintyWeighting(), warm_start=True).fit(*TABLE).net_
    before = [p.detach().clone() for p in parameters_of(net)]
    moments = net.optimizer_.state_dict()["state"]

    part = part_of(net, np.array([1, 3]))
    own_parameters = [*part.module.parameters(), *part.criterion.parameters()]
    for parameter, own in zip(parameters_of(net), own_parameters, strict=True):
        assert torch.equal(own, parameter[[1, 3]])
        of_part = part.optimizer.state[own]["exp_avg"]
        assert torch.equal(of_part, net.optimizer_.state[parameter]["exp_avg"][[1, 3]])
    part.put_back(net)

    for parameter, expected in zip(parameters_of(net), before, strict=True):
        assert torch.equal(parameter, expected)
    now = net.optimizer_.state_dict()["state"]
    for position, known in moments.items():
        for key, value in known.items():
            assert torch.equal(now[position][key], value)


def test_part_has_the_rates_of_its_members():
    net = impatient().fit(*TABLE).net_
    for group in net.optimizer_.param_groups:
        group["lr_ratio"] = (1.0, 0.5, 0.25, 0.125, 0.0625)

    part = part_of(net, np.array([0, 3]))
    for group in net.optimizer_.param_groups:
        group["lr"] = 0.123
    part.adopt_rates(net.optimizer_)

    for group in part.optimizer.param_groups:
        assert group["lr_ratio"] == (1.0, 0.125)
        assert group["lr"] == 0.123


def test_values_of_a_part_are_spread_over_all_members():
    part = Part(np.array([0, 2]), None, None, None)

    spread = part.spread(np.array([[1.0, 2.0], [3.0, 4.0]]), 3)

    assert_array_equal(spread, [[1, 2], [np.nan, np.nan], [3, 4]])
    assert_array_equal(part._replace(members=None).spread(spread, 3), spread)


def test_what_is_learned_is_put_back_for_members_of_the_part_alone():
    net = impatient(balancing=UncertaintyWeighting(), warm_start=True).fit(*TABLE).net_
    before = [p.detach().clone() for p in parameters_of(net)]

    part = part_of(net, np.array([0, 4]))
    with torch.no_grad():
        for own in [*part.module.parameters(), *part.criterion.parameters()]:
            own += 1
            part.optimizer.state[own]["exp_avg"] += 1
            part.optimizer.state[own]["step"] += 1
    steps = state_beside_members(net)
    part.put_back(net)

    for parameter, earlier in zip(parameters_of(net), before, strict=True):
        assert torch.equal(parameter[[0, 4]], earlier[[0, 4]] + 1)
        assert torch.equal(parameter[1:4], earlier[1:4])
    for known, earlier in zip(state_beside_members(net), steps, strict=True):
        assert known["step"] == earlier["step"] + 1


def test_what_an_optimizer_knows_beside_members_is_set_again():
    net = impatient(max_iter=2, warm_start=True).fit(*TABLE).net_
    before = state_beside_members(net)
    for known in net.optimizer_.state.values():
        known["step"] += 5

    set_state_beside_members(net, before)

    assert [known.keys() for known in before] == [{"step"}] * len(before)
    now = state_beside_members(net)
    assert [known["step"] for known in now] == [known["step"] for known in before]
    set_state_beside_members(net, [None] * len(before))
    assert not net.optimizer_.state
    assert state_beside_members(net) == [None] * len(before)
