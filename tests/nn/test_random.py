"""Dropout: shares, scales and generators."""

import copy
import pickle

import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import Dropout
from tests.helpers import generator
from tests.nn.helpers import features, network


def test_dropout_zeroes_its_share_and_scales_up_the_rest():
    dropout = Dropout(0.3, generator())
    x = torch.ones(100, 1000)

    dropped = dropout(x)

    assert float((dropped == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    assert_close(dropped[dropped != 0].unique(), torch.tensor([1 / 0.7]))


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("shape", [(3, 1), (2, 100, 333)], ids=str)
def test_dropout_keeps_the_mean_in_every_place(p, shape):
    dropout = Dropout(p, generator())
    like = torch.empty(shape)
    n_draws = 4000 if like.numel() < 10 else 4
    masks = torch.stack([dropout.mask(like) for _ in range(n_draws)])

    assert_close(masks[masks > 0].unique(), torch.tensor([1 / (1 - p)]))
    mean = masks.mean(dim=0) if like.numel() < 10 else masks.mean(dim=(0, 1, 2))
    deviation = (p / (1 - p) / (masks.numel() / mean.numel())) ** 0.5
    assert (mean - 1).abs().max() < 5 * deviation


def test_dropout_draws_anew_each_time_and_for_each_member():
    dropout = Dropout(0.5, generator())
    x = torch.ones(2, 1000)

    first, second = dropout(x), dropout(x)

    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_dropout_is_off_in_evaluation():
    x = features(5, 4)
    stack = network(dropout=0.5, head_hidden_layer_sizes=(3,))

    assert not torch.equal(stack(x), stack(x))
    stack.eval()
    assert torch.equal(stack(x), stack(x))
    assert_close(stack(x), network(head_hidden_layer_sizes=(3,))(x))


def test_dropout_draws_from_its_own_generator_alone():
    before = torch.get_rng_state()
    first, again = Dropout(0.5, generator(3)), Dropout(0.5, generator(3))
    x = torch.ones(1000)

    drawn = first(x)
    torch.rand(7)
    assert torch.equal(drawn, again(x))

    torch.set_rng_state(before)
    first(x)
    assert torch.equal(torch.get_rng_state(), before)


def test_dropouts_of_one_network_drop_other_units():
    shared_generator = generator()
    first, second = Dropout(0.5, shared_generator), Dropout(0.5, shared_generator)

    assert not torch.equal(first(torch.ones(1000)), second(torch.ones(1000)))


@pytest.mark.parametrize("n_drawn", [0, 1, 3])
def test_copied_dropout_goes_on_with_the_draws_of_its_original(n_drawn):
    dropout, x = Dropout(0.5, generator()), torch.ones(1000)
    for _ in range(n_drawn):
        dropout(x)

    again = pickle.loads(pickle.dumps(copy.deepcopy(dropout)))

    for _ in range(2):
        assert torch.equal(again(x), dropout(x))


def test_draws_of_another_kind_of_device_start_from_the_seed():
    dropout, x = Dropout(0.5, generator()), torch.ones(1000)
    first = dropout(x)

    again = copy.deepcopy(dropout)
    again._drawn = ("cuda", again._drawn[1])

    assert torch.equal(again(x), first)


def test_gradient_skips_dropped_units():
    dropout = Dropout(0.5, generator())
    x = torch.ones(100, requires_grad=True)

    y = dropout(x)
    y.sum().backward()

    assert_close(x.grad, y.detach())
