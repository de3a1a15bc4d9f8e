"""Stacked networks: members side by side equal one after the other."""

import copy
import pickle

import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import (
    ACTIVATIONS,
    MAXOUT,
    AutogradPass,
    Binding,
    MultiTaskNetwork,
    NetworkPass,
    StackedLinear,
)
from tests.helpers import generator
from tests.nn.helpers import PRIOR, SHAPES, features, network, settings, shapes


def member_alone(stack, k, **params):
    """Return a network of one member with the weights of member k."""
    alone = network(n_members=1, seed=99, **params)
    parameters = dict(stack.named_parameters())
    state = {
        name: value[[k]] if name in parameters else value
        for name, value in stack.state_dict().items()
    }
    alone.load_state_dict(state)
    return alone


# Members


@shapes
def test_stack_equals_its_members_one_by_one(shape):
    stack, x = network(**shape), features(10, 4)

    raw = stack(x)

    assert raw.shape == (3, 10, 6)
    for k in range(3):
        assert_close(raw[k], member_alone(stack, k, **shape)(x)[0])


@shapes
def test_members_may_read_rows_of_their_own(shape):
    stack, x = network(**shape), features(3, 10, 4)

    raw = stack(x)

    for k in range(3):
        assert_close(raw[k], stack(x[k])[k])


@shapes
def test_each_member_gets_exactly_its_own_gradient(shape):
    stack, x = network(**shape), features(10, 4)

    stack(x).square().sum().backward()

    for k in range(3):
        alone = member_alone(stack, k, **shape)
        alone(x).square().sum().backward()
        own = dict(alone.named_parameters())
        for name, parameter in stack.named_parameters():
            assert_close(parameter.grad[k], own[name].grad[0])


@shapes
def test_members_start_from_other_weights(shape):
    stack = network(**shape)

    for name, parameter in stack.named_parameters():
        if "weight" in name:
            assert not torch.isclose(parameter[0], parameter[1]).any()


def test_initial_weights_come_from_the_generator_alone():
    before = torch.get_rng_state()

    first, again, other = network(seed=0), network(seed=0), network(seed=1)

    assert torch.equal(torch.get_rng_state(), before)
    x = features(5, 4)
    assert torch.equal(first(x), again(x))
    assert not torch.isclose(first(x), other(x)).any()


# Priors


@shapes
def test_first_predictions_are_near_the_prior(shape):
    stack, x = network(**shape), features(200, 4)

    far = (stack(x) - torch.from_numpy(PRIOR)).square().mean(dim=(0, 1)).sqrt()

    assert (far < 0.5).all()
    assert (far > 0).all()


@shapes
def test_prediction_is_the_prior_where_the_features_say_nothing(shape):
    stack = network(**shape)

    raw = stack(torch.zeros(2, 4, dtype=torch.float64))

    assert_close(raw, torch.from_numpy(PRIOR).expand(3, 2, 6))


# Weights


@pytest.mark.parametrize("shape", ["shared", "private"])
def test_constrain_shortens_what_is_too_long_and_nothing_else(shape):
    stack = network(max_norm=0.5, **SHAPES[shape])
    layers = [m for m in stack.modules() if isinstance(m, StackedLinear)]
    before = [layer.weight.detach().clone() for layer in layers]

    stack.constrain()

    assert any((w.norm(dim=-2) > 0.5).any() for w in before)
    for layer, weight in zip(layers, before, strict=True):
        norm = weight.norm(dim=-2, keepdim=True)
        expected = torch.where(norm > 0.5, weight * 0.5 / norm, weight)
        assert_close(layer.weight.detach(), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_have_the_number_format_asked_for(dtype):
    stack = network(dtype=dtype, head_hidden_layer_sizes=(3,))

    assert {parameter.dtype for parameter in stack.parameters()} == {dtype}
    assert stack(features(2, 4).to(dtype)).dtype == dtype


# Copies


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies_predict_the_same(copied):
    stack, x = network(dropout=0.5), features(10, 4)
    stack(x)  # the generator of dropout is made by the first call

    other = copied(stack)

    assert torch.isfinite(other(x)).all()
    assert torch.equal(stack.eval()(x), other.eval()(x))


# The passes against autograd through the modules


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
    bound = net.bind(Binding(trains=True))
    raw = bound.forward(x)
    bound.backward(upstream_of(raw))
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


@pytest.mark.parametrize("shape", ["shared", "mixed", "binned", "linear"])
@pytest.mark.parametrize("own_rows", [False, True], ids=["shared rows", "own rows"])
def test_gradients_skip_dropped_inputs(shape, own_rows):
    net = network(2, input_dropout=0.3, dropout=0.2, **SHAPES[shape])
    x = features(2, N_ROWS, 4) if own_rows else features(N_ROWS, 4)

    assert_same_passes(net, x)
    assert not torch.allclose(by_hand(net, x)[0], by_hand(net.eval(), x)[0])
    assert_close(net.bind(Binding()).forward(x), net(x).detach())


@pytest.mark.parametrize("shape", ["shared", "private", "binned"])
def test_shared_units_are_those_of_the_trunk(shape):
    net, x = network(dropout=0.5, **SHAPES[shape]).eval(), features(N_ROWS, 4)

    shared = net.bind(Binding()).shared(x)

    assert_close(shared, net.sharing(net.inputs(x)).detach())


@shapes
@pytest.mark.parametrize("frozen", ["sharing", "heads", "bias"])
def test_what_is_frozen_gets_no_gradient(shape, frozen):
    net = network(2, **shape)
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(frozen not in name)
    if not any(p.requires_grad for p in net.parameters()):
        pytest.skip("nothing is trained")

    assert_same_passes(net, features(N_ROWS, 4))


def test_gradients_are_written_over_the_last_ones():
    net, x = network(), features(N_ROWS, 4)
    bound = net.bind(Binding(trains=True))
    for _ in range(2):
        raw = bound.forward(x)
        bound.backward(upstream_of(raw))

    _, expected = by_autograd(net, x)
    for name, gradient in gradients(net).items():
        assert_close(gradient, expected[name])


@shapes
def test_forward_is_the_modules_own_without_dropout(shape):
    net = network(dropout=0.5, **shape)
    x = features(N_ROWS, 4)

    assert_close(net.bind(Binding()).forward(x), net.eval()(x).detach())


@shapes
def test_forward_in_float64_of_a_net_in_float32(shape):
    net = network(dtype=torch.float32, **shape)
    x = features(N_ROWS, 4)

    raw = net.bind(Binding(dtype=torch.float64)).forward(x)

    assert raw.dtype == torch.float64
    assert_close(raw, copy.deepcopy(net).double()(x).detach())


class Halved(MultiTaskNetwork):
    """Changes what is computed, and says nothing of the gradient."""

    def forward(self, features):
        return 0.5 * super().forward(features)


class Doubled(MultiTaskNetwork):
    """Changes a part of what is computed."""

    def shared(self, features):
        return 2.0 * super().shared(features)


class Renamed(MultiTaskNetwork):
    """Changes nothing."""


@pytest.mark.parametrize("kind", [Halved, Doubled])
def test_a_changed_network_is_differentiated_as_it_is(kind):
    net = kind(n_members=2, **settings(), generator=generator())

    assert isinstance(net.bind(Binding(trains=True)), AutogradPass)
    assert_same_passes(net, features(N_ROWS, 4))


def test_a_subclass_that_changes_nothing_keeps_the_formulas():
    net = Renamed(n_members=2, **settings(), generator=generator())

    assert isinstance(net.bind(Binding(trains=True)), NetworkPass)
    assert_same_passes(net, features(N_ROWS, 4))


@shapes
def test_members_may_start_from_priors_of_their_own(shape):
    made = network(2, **shape)
    prior = torch.arange(2.0 * len(PRIOR)).reshape(2, -1).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()

    made.set_prior(prior.numpy())

    assert_close(made(features(5, 4)), prior.unsqueeze(1).expand(-1, 5, -1))


def test_bins_may_be_put_in_before_the_network_or_by_it():
    made = network(2, **SHAPES["binned"]).eval()
    x = features(5, 4)
    expected = made(x)
    binned = made.inputs.bins(x)
    again = network(2, n_features=binned.shape[1]).eval()
    again.load_state_dict(made.state_dict(), strict=False)

    assert_close(again(binned), expected)
    again.put_into_bins(4, SHAPES["binned"]["bins"])

    assert_close(again(x), expected)
