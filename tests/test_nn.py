"""Stacked networks: members and tasks side by side equal one after the other."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from sklearn_mtl.nn import (
    ACTIVATIONS,
    MAXOUT,
    Dropout,
    MultiTaskNetwork,
    StackedLinear,
)
from sklearn_mtl.nn._activations import maxout

# Three tasks, which own 1, 3 and 2 raw outputs.
TASK_OF_OUTPUT = np.array([0, 1, 1, 1, 2, 2])
PRIOR = np.array([0.5, -1.0, 0.0, 1.0, 2.0, -3.0])

# Two pieces of the first feature and one of the last; all are 0 at 0.
PIECES = [
    np.array([0, 0, 3]),
    np.array([-1.0, 0.5, 0.0]),
    np.array([1.0, 2.0, 0.5]),
    np.array([-1.0, 1.0, 0.0]),
    np.array([-np.inf, 0.0, -0.5]),
    np.array([1.0, np.inf, 0.5]),
]

SHAPES = {
    "shared": {"hidden_layer_sizes": (7, 5)},
    "private": {"hidden_layer_sizes": (7,), "head_hidden_layer_sizes": (4, 3)},
    "one private layer": {"hidden_layer_sizes": (7,), "head_hidden_layer_sizes": (4,)},
    "nothing shared": {"hidden_layer_sizes": (), "head_hidden_layer_sizes": (4,)},
    "linear": {"hidden_layer_sizes": ()},
    "bent": {"hidden_layer_sizes": (7,), "pieces": PIECES},
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def network(n_members=3, seed=0, **params):
    defaults = {
        "n_features": 4,
        "task_of_output": TASK_OF_OUTPUT,
        "prior_raw": PRIOR,
        "hidden_layer_sizes": (7,),
        "dtype": torch.float64,
    }
    return MultiTaskNetwork(
        n_members=n_members, generator=generator(seed), **(defaults | params)
    )


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


def features(*shape, seed=1):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


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


# Tasks


@pytest.mark.parametrize("sizes", [(4,), (4, 3), (4, 3, 2)])
@pytest.mark.parametrize("owners", [TASK_OF_OUTPUT, np.arange(3)])
def test_private_heads_equal_a_loop_over_tasks(sizes, owners):
    stack = network(
        head_hidden_layer_sizes=sizes, task_of_output=owners, prior_raw=PRIOR[owners]
    )
    x, heads = features(10, 4), stack.heads

    raw = stack(x)

    for k in range(3):
        shared = torch.relu(
            x @ stack.trunk.layers[0].weight[k] + stack.trunk.layers[0].bias[k]
        )
        for output, t in enumerate(owners):
            own = slice(t * sizes[0], (t + 1) * sizes[0])
            hidden = torch.relu(
                shared @ heads.first.weight[k][:, own] + heads.first.bias[k][:, own]
            )
            for layer in heads.inner:
                hidden = torch.relu(hidden @ layer.weight[k, t] + layer.bias[k, t])
            last = hidden @ heads.last.weight[k, output] + heads.last.bias[k, output]
            assert_close(raw[k, :, output], last[:, 0])


@pytest.mark.parametrize("sizes", [(4,), (4, 3)])
def test_private_layers_learn_from_their_own_task_alone(sizes):
    stack = network(head_hidden_layer_sizes=sizes)

    stack(features(50, 4))[..., 4:].sum().backward()  # the outputs of task 2

    first = stack.heads.first.weight.grad.unflatten(-1, (3, sizes[0]))
    assert (first[..., :2, :] == 0).all()
    assert (first[..., 2, :] != 0).any()
    for layer in stack.heads.inner:
        assert (layer.weight.grad[:, :2] == 0).all()
        assert (layer.weight.grad[:, 2] != 0).any()


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


# Activations and layers


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
    layer, heads = stack.trunk.layers[0], stack.heads

    raw = stack(x)

    hidden = modules[activation](x @ layer.weight[0] + layer.bias[0])
    assert_close(raw[0], hidden @ heads.weight[0] + heads.bias[0])


@pytest.mark.parametrize("n_pieces", [2, 5])
def test_maxout_is_the_largest_of_its_pieces(n_pieces):
    stack = network(activation="maxout", maxout_pieces=n_pieces)
    layer, heads, x = stack.trunk.layers[0], stack.heads, features(10, 4)

    raw = stack(x)

    pieces = (x @ layer.weight[1] + layer.bias[1]).view(10, n_pieces, 7)
    largest = torch.stack([pieces[:, i] for i in range(n_pieces)]).amax(dim=0)
    assert layer.weight.shape == (3, 4, 7 * n_pieces)
    assert_close(raw[1], largest @ heads.weight[1] + heads.bias[1])


def test_gain_of_maxout_is_known_for_two_pieces():
    """The square of the larger of two standard normal numbers is 1 on average."""
    assert maxout(2).gain == pytest.approx(1.0, abs=1e-6)


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


@pytest.mark.parametrize("activation", [*ACTIVATIONS, MAXOUT])
def test_signals_neither_vanish_nor_grow_through_deep_trunks(activation):
    stack = network(
        n_members=1,
        n_features=64,
        hidden_layer_sizes=(256,) * 6,
        activation=activation,
    )

    hidden = stack.trunk(features(100, 64))

    assert 0.05 < hidden.std() < 3


def test_stacked_linear_equals_linear_maps():
    layer = StackedLinear((2, 3), 4, 5, gain=1.0, generator=generator())
    nn.init.normal_(layer.bias, generator=generator(2))
    x = features(2, 3, 6, 4).float()

    mapped = layer(x)

    for k in range(2):
        for t in range(3):
            linear = nn.functional.linear(
                x[k, t], layer.weight[k, t].T, layer.bias[k, t, 0]
            )
            assert_close(mapped[k, t], linear)


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_initial_weights_have_the_gain_asked_for(gain):
    layer = StackedLinear((2,), 100, 200, gain=gain, generator=generator())

    assert layer.weight.std().item() * 10 == pytest.approx(gain, rel=0.02)
    assert (layer.bias == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_have_the_number_format_asked_for(dtype):
    stack = network(dtype=dtype, head_hidden_layer_sizes=(3,))

    assert {parameter.dtype for parameter in stack.parameters()} == {dtype}
    assert stack(features(2, 4).to(dtype)).dtype == dtype


# Dropout


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


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_copies_predict_the_same(copied):
    stack, x = network(dropout=0.5), features(10, 4)
    stack(x)  # the generator of dropout is made by the first call

    other = copied(stack)

    assert torch.isfinite(other(x)).all()
    assert torch.equal(stack.eval()(x), other.eval()(x))


def test_copied_dropout_starts_anew_for_the_generator_belongs_to_a_device():
    dropout, x = Dropout(0.5, generator()), torch.ones(1000)
    first = dropout(x)

    assert torch.equal(copy.deepcopy(dropout)(x), first)
    assert not torch.equal(dropout(x), first)


def test_gradient_skips_dropped_units():
    dropout = Dropout(0.5, generator())
    x = torch.ones(100, requires_grad=True)

    y = dropout(x)
    y.sum().backward()

    assert_close(x.grad, y.detach())
