"""A mixture and linear heads as one pass: what autograd finds, and when it is used."""

import copy

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import Binding, MixtureOfExperts, MultiTaskNetwork
from tests.helpers import generator
from tests.nn.helpers import features

K, B, D = 2, 6, 4

OUTPUTS = {
    "one each, in order": [0, 1, 2],
    "in another order": [2, 0, 1],
    "some of two": [0, 0, 1, 2],
    "classes": [0, 1, 1, 1, 1, 1, 1, 2],
}


def network(outputs, **params):
    return MultiTaskNetwork(
        n_members=K,
        n_features=D,
        task_of_output=np.array(outputs),
        prior_raw=np.ones(len(outputs)),
        hidden_layer_sizes=(5, 5),
        sharing=MixtureOfExperts(3),
        activation="tanh",
        dtype=torch.float64,
        generator=generator(0),
        **params,
    )


@pytest.mark.parametrize("outputs", OUTPUTS.values(), ids=OUTPUTS)
@pytest.mark.parametrize("frozen", ["", "sharing", "heads"])
def test_outputs_and_gradients_are_those_of_autograd(outputs, frozen):
    net = network(outputs)
    for name, parameter in net.named_parameters():
        parameter.requires_grad = not (frozen and name.startswith(frozen))
    plain = copy.deepcopy(net)
    upstream = features(K, B, len(outputs), seed=2)

    bound = net.bind(Binding(trains=True))
    for step in range(2):  # the second one writes to memory that the first one made
        x = features(B, D, seed=step)
        raw = bound.forward(x)
        bound.backward(upstream.clone())

    expected = plain(x)
    expected.backward(upstream)
    assert_close(raw, expected.detach())
    for found, parameter in zip(net.parameters(), plain.parameters(), strict=True):
        if parameter.requires_grad:
            assert_close(found.grad, parameter.grad)


def test_it_is_used_where_it_takes_no_more_products():
    used = {
        name: network(outputs).bind(Binding()).both is not None
        for name, outputs in OUTPUTS.items()
    }

    assert used == dict.fromkeys(OUTPUTS, True) | {"classes": False}


def test_private_layers_read_mixed_units():
    net = network([0, 1, 2], head_hidden_layer_sizes=(3,))

    assert net.bind(Binding()).both is None
