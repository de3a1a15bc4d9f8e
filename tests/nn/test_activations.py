"""Activations and their gains."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from sklearn_mtl.nn import ACTIVATIONS, MAXOUT
from sklearn_mtl.nn._activations import maxout
from tests.nn.helpers import features, network


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_is_torchs_own(activation):
    modules = {
        "identity": nn.Identity(),
        "logistic": nn.Sigmoid(),
        "tanh": nn.Tanh(),
        "relu": nn.ReLU(),
        "silu": nn.SiLU(),
        "gelu": nn.GELU(),
        "selu": nn.SELU(),
        "mish": nn.Mish(),
    }
    stack, x = network(activation=activation), features(10, 4)
    layer, heads = stack.sharing.layers[0], stack.heads

    raw = stack(x)

    hidden = modules[activation](x @ layer.weight[0] + layer.bias[0])
    assert_close(raw[0], hidden @ heads.weight[0] + heads.bias[0])


@pytest.mark.parametrize("n_pieces", [2, 5])
def test_maxout_is_the_largest_of_its_pieces(n_pieces):
    stack = network(activation="maxout", maxout_pieces=n_pieces)
    layer, heads, x = stack.sharing.layers[0], stack.heads, features(10, 4)

    raw = stack(x)

    pieces = (x @ layer.weight[1] + layer.bias[1]).view(10, n_pieces, 7)
    largest = torch.stack([pieces[:, i] for i in range(n_pieces)]).amax(dim=0)
    assert layer.weight.shape == (3, 4, 7 * n_pieces)
    assert_close(raw[1], largest @ heads.weight[1] + heads.bias[1])


def test_gain_of_maxout_is_known_for_two_pieces():
    """The square of the larger of two standard normal numbers is 1 on average."""
    assert maxout(2).gain == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, MAXOUT])
def test_signals_neither_vanish_nor_grow_through_deep_trunks(activation):
    stack = network(
        n_members=1,
        n_features=64,
        hidden_layer_sizes=(256,) * 6,
        activation=activation,
    )

    hidden = stack.sharing(features(100, 64))

    assert 0.05 < hidden.std() < 3
