"""Dropout whose share differs between members."""

import copy

import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import Binding, Dropout
from tests.helpers import generator
from tests.nn.helpers import SHAPES, features, network

P = (0.5, 0.0, 0.1)


@pytest.mark.parametrize("shape", [(3, 200, 300), (6, 100, 300), (3, 2, 100, 300)])
def test_each_member_drops_its_share_and_keeps_the_mean(shape):
    mask = Dropout(P, generator()).mask(torch.empty(shape, dtype=torch.float64))

    for p, of_member in zip(P, mask.reshape(3, -1), strict=True):
        n = of_member.numel()
        assert (of_member == 0).double().mean() == pytest.approx(p, abs=5 * n**-0.5)
        assert_close(
            of_member[of_member > 0].unique(), torch.tensor([1 / (1 - p)]).double()
        )
        assert of_member.mean() == pytest.approx(1, abs=5 * n**-0.5)


def test_first_members_drop_as_they_do_among_all():
    of_two = Dropout(P, generator()).mask(torch.empty(2, 40, 300))

    assert (of_two[0] == 0).float().mean() == pytest.approx(0.5, abs=0.03)
    assert (of_two[1] == 1).all()


def test_rows_of_first_members_side_by_side():
    """Four rows are two for each of two members, not one for each of three."""
    mask = Dropout(P, generator()).mask(torch.empty(4, 40, 300), n_members=2)

    assert ((mask == 0).float().mean(dim=(1, 2)) > 0.4).tolist() == [True, True] + [
        False
    ] * 2
    assert (mask[2:] == 1).all()


def test_draws_on_other_devices_keep_the_mean():
    """What is drawn by torch's own Bernoulli numbers, as off the CPU."""
    dropout, like = Dropout(P, generator()), torch.empty(3, 100, 300)
    mask = dropout._mask_by_bernoulli(like, dropout.kept_share, generator())

    assert_close(mask.mean(dim=(1, 2)), torch.ones(3), atol=0.03, rtol=0)
    dropped = (mask == 0).float().mean(dim=(1, 2))
    assert_close(dropped, torch.tensor(P), atol=0.02, rtol=0)


def test_equal_shares_are_one_number_and_the_same_draws():
    one, each = Dropout(0.3, generator()), Dropout([0.3, 0.3], generator())
    x = torch.ones(2, 50)

    assert each.p == 0.3
    assert not list(each.buffers())
    assert torch.equal(one(x), each(x))


def test_thresholds_are_no_part_of_the_state():
    assert not Dropout(P, generator()).state_dict()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_gradients_skip_dropped_units(shape):
    net, x = network(3, dropout=P, **shape), features(6, 4)
    plain = copy.deepcopy(net)
    bound = net.bind(Binding(trains=True))

    raw = bound.forward(x)
    bound.backward(torch.ones_like(raw))
    expected = plain(x)
    expected.sum().backward()

    assert_close(raw, expected.detach())
    for found, parameter in zip(net.parameters(), plain.parameters(), strict=True):
        assert_close(found.grad, parameter.grad)
    without = net.eval()(x).detach()
    assert_close(raw[1], without[1])
    if net.sharing.n_units != 4 or shape.get("head_hidden_layer_sizes"):
        assert not torch.allclose(raw[0], without[0])


def test_one_share_a_member():
    with pytest.raises(ValueError, match=r"dropout has 2 entries, but n_members is 3"):
        network(3, dropout=[0.1, 0.2])
