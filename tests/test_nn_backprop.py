"""The passes written by hand against autograd through the modules."""

import copy

import pytest
import torch
from test_nn import SHAPES, features, network, shapes
from torch.testing import assert_close

from sklearn_mtl.nn import ACTIVATIONS, MAXOUT, Backprop, Forward

N_ROWS = 6


def upstream_of(raw):
    return features(*raw.shape, seed=5)


def gradients(net):
    return {name: parameter.grad for name, parameter in net.named_parameters()}


def by_autograd(net, x):
    """Raw outputs and gradients of a copy, whose dropout draws from the start."""
    net = copy.deepcopy(net)
    net.zero_grad(set_to_none=True)
    raw = net(x)
    raw.backward(upstream_of(raw))
    return raw.detach(), gradients(net)


def by_hand(net, x):
    net = copy.deepcopy(net)
    backprop = Backprop(net)
    raw = backprop.forward(x)
    backprop.backward(upstream_of(raw))
    return raw, gradients(net)


def assert_same_passes(net, x):
    raw, found = by_hand(net, x)
    expected_raw, expected = by_autograd(net, x)
    assert_close(raw, expected_raw)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        if gradient is None:
            assert found[name] is None
        else:
            assert gradient.abs().max() > 0
            assert_close(found[name], gradient)


@shapes
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("own_rows", [False, True], ids=["shared rows", "own rows"])
def test_gradients_are_those_of_autograd(shape, n_members, own_rows):
    x = features(n_members, N_ROWS, 4) if own_rows else features(N_ROWS, 4)

    assert_same_passes(network(n_members, **shape), x)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, MAXOUT])
@pytest.mark.parametrize("shape", ["shared", "private", "mixed"])
def test_gradients_pass_every_activation(activation, shape):
    net = network(2, activation=activation, **SHAPES[shape])

    assert_same_passes(net, 3 * features(N_ROWS, 4))


@pytest.mark.parametrize("activation", ["relu", "silu", MAXOUT])
@pytest.mark.parametrize("shape", ["shared", "private", "mixed"])
def test_gradients_skip_dropped_units(activation, shape):
    net = network(2, dropout=0.4, activation=activation, **SHAPES[shape])
    x = features(N_ROWS, 4)

    assert_same_passes(net, x)
    with_dropout, _ = by_hand(net, x)
    without, _ = by_hand(net.eval(), x)
    assert not torch.allclose(with_dropout, without)
    assert_close(without, net(x).detach())


@pytest.mark.parametrize("shape", ["shared", "mixed", "bent", "linear"])
@pytest.mark.parametrize("own_rows", [False, True], ids=["shared rows", "own rows"])
def test_gradients_skip_dropped_inputs(shape, own_rows):
    net = network(2, input_dropout=0.3, dropout=0.2, **SHAPES[shape])
    x = features(2, N_ROWS, 4) if own_rows else features(N_ROWS, 4)

    assert_same_passes(net, x)
    assert not torch.allclose(by_hand(net, x)[0], by_hand(net.eval(), x)[0])
    assert_close(Forward(net).forward(x), net(x).detach())


@pytest.mark.parametrize("shape", ["shared", "private", "bent"])
def test_shared_units_are_those_of_the_trunk(shape):
    net, x = network(dropout=0.5, **SHAPES[shape]).eval(), features(N_ROWS, 4)
    inputs = x if net.pieces is None else net.pieces(x)

    assert_close(Forward(net).shared(x), net.trunk(inputs).detach())


@shapes
@pytest.mark.parametrize("frozen", ["trunk", "heads", "bias"])
def test_what_is_frozen_gets_no_gradient(shape, frozen):
    net = network(2, **shape)
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(frozen not in name)
    if not any(p.requires_grad for p in net.parameters()):
        pytest.skip("nothing is trained")

    assert_same_passes(net, features(N_ROWS, 4))


def test_gradients_are_written_over_the_last_ones():
    net, x = network(), features(N_ROWS, 4)
    backprop = Backprop(net)
    for _ in range(2):
        raw = backprop.forward(x)
        backprop.backward(upstream_of(raw))

    _, expected = by_autograd(net, x)
    for name, gradient in gradients(net).items():
        assert_close(gradient, expected[name])


@shapes
def test_forward_is_the_modules_own_without_dropout(shape):
    net = network(dropout=0.5, **shape)
    x = features(N_ROWS, 4)

    assert_close(Forward(net).forward(x), net.eval()(x).detach())


@shapes
def test_forward_in_float64_of_a_net_in_float32(shape):
    net = network(dtype=torch.float32, **shape)
    x = features(N_ROWS, 4)

    raw = Forward(net, dtype=torch.float64).forward(x)

    assert raw.dtype == torch.float64
    assert_close(raw, copy.deepcopy(net).double()(x).detach())
