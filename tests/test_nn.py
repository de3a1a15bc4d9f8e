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
    HeadLinks,
    MultiTaskNetwork,
    StackedLinear,
)
from sklearn_mtl.nn._activations import maxout
from sklearn_mtl.nn._heads import MixedHeads

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
    "mixed": {
        "hidden_layer_sizes": (7,),
        "head_hidden_layer_sizes": ((4, 3), (), (4, 3)),
    },
    "mixed, nothing shared": {
        "hidden_layer_sizes": (),
        "head_hidden_layer_sizes": ((5,), (4, 3), (2,)),
    },
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


MIXED = SHAPES["mixed"]["head_hidden_layer_sizes"]


@pytest.mark.parametrize("activation", ["relu", "maxout"])
def test_private_layers_by_task_equal_a_loop_over_tasks(activation):
    stack = network(head_hidden_layer_sizes=MIXED, activation=activation)
    deep, flat = stack.heads.groups
    nn.init.normal_(flat.bias, generator=generator(3))
    x = features(10, 4)
    shared = stack.trunk(x)

    raw = stack(x)

    alike = network(head_hidden_layer_sizes=(4, 3), activation=activation)
    alike.trunk.load_state_dict(stack.trunk.state_dict())
    of_deep = [0, 4, 5]  # raw outputs of tasks 0 and 2
    for name in ("first", "inner.0", "last"):
        for part in ("weight", "bias"):
            own = deep.get_parameter(f"{name}.{part}").detach()
            whole = alike.heads.get_parameter(f"{name}.{part}").detach()
            if name == "first":
                own = own.unflatten(-1, (-1, 2, 4))
                whole.unflatten(-1, (-1, 3, 4))[..., [0, 2], :] = own
            else:
                whole[:, of_deep if name == "last" else [0, 2]] = own
    assert_close(raw[..., of_deep], alike(x)[..., of_deep])
    assert_close(raw[..., 1:4], shared @ flat.weight + flat.bias)


def test_tasks_with_layers_of_the_same_sizes_are_one_group():
    sizes = [(4,), (), (4,), (3, 2), ()] * 20
    stack = network(
        head_hidden_layer_sizes=sizes,
        task_of_output=np.arange(100),
        prior_raw=np.arange(100.0),
    )

    assert [len(tasks) for tasks in stack.heads.tasks_of_group] == [40, 40, 20]
    raw = stack(torch.zeros(2, 4, dtype=torch.float64))
    assert_close(raw, torch.arange(100.0).double().expand(3, 2, 100))


def test_prior_can_be_set_anew_under_private_layers_by_task():
    stack = network(head_hidden_layer_sizes=MIXED)

    stack.set_prior(2 * PRIOR)

    raw = stack(torch.zeros(2, 4, dtype=torch.float64))
    assert_close(raw, torch.from_numpy(2 * PRIOR).expand(3, 2, 6))


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


# Links from shared units to tasks


def groups_of(stack):
    """Weights of the links of every unit, task and member, one by one."""
    heads, groups = stack.heads, {}
    if isinstance(heads, MixedHeads):
        parts = zip(heads.groups, heads.tasks_of_group, strict=True)
    else:
        parts = [(heads, range(3))]
    for part, tasks in parts:
        private = not isinstance(part, StackedLinear)
        weight = (part.first if private else part).weight.detach()
        if private:
            weight = weight.unflatten(-1, (part.n_pieces, len(tasks), -1))
        else:
            owners = TASK_OF_OUTPUT[np.isin(TASK_OF_OUTPUT, tasks)]
        for place, t in enumerate(tasks):
            own = weight[..., place, :] if private else weight[..., owners == t]
            for k in range(stack.n_members):
                for j in range(stack.n_shared):
                    groups[k, j, t] = own[k, j]
    return groups


def test_links_are_shrunk_as_worked_out_by_hand():
    """Groups 3, (4, 3, 0) and (0, 1): norms 3, 5 and 1; sizes 1, 3 and 2."""
    stack = network(n_members=1, n_features=1, hidden_layer_sizes=())
    weight = torch.tensor([[[3.0, 4.0, 3.0, 0.0, 0.0, 1.0]]], dtype=torch.float64)
    stack.heads.weight.data.copy_(weight)
    (links,) = HeadLinks(stack).parts

    links.shrink(0.75)

    left = 1 - 0.75 * 3**0.5 / 5
    expected = torch.tensor([[[2.25, 4 * left, 3 * left, 0.0, 0.0, 0.0]]])
    assert_close(stack.heads.weight.detach(), expected.double())
    links.shrink(0.0)  # 0 / 0 is not NaN
    assert_close(stack.heads.weight.detach(), expected.double())


@shapes
@pytest.mark.parametrize("activation", ["relu", "maxout"])
def test_links_are_the_weights_into_the_first_layer_of_a_task(shape, activation):
    stack = network(activation=activation, maxout_pieces=2, **shape)
    before = {place: group.clone() for place, group in groups_of(stack).items()}
    links, threshold = HeadLinks(stack), 0.02

    norms = links.norms()
    for part in links.parts:
        part.shrink(threshold)

    assert norms.shape == (3, stack.n_shared, 3)
    assert_close(
        norms.ravel().tolist(),
        [float(before[p].norm()) for p in np.ndindex(norms.shape)],
    )
    for place, group in groups_of(stack).items():
        was = before[place]
        factor = max(0.0, 1 - threshold * was.numel() ** 0.5 / float(was.norm()))
        assert_close(group, was * factor)


def test_links_of_one_output_each_are_shrunk_one_by_one():
    stack = network(task_of_output=np.arange(3), prior_raw=np.zeros(3))
    before = stack.heads.weight.detach().clone()

    for part in HeadLinks(stack).parts:
        part.shrink(0.03)

    after = stack.heads.weight.detach()
    assert_close(after, before.sign() * (before.abs() - 0.03).clamp_min(0))
    assert 0 < (after == 0).double().mean() < 1


def test_weights_into_padding_are_no_link():
    stack = network()
    padding = np.array([False, False, False, True, False, False])

    norms = HeadLinks(stack, padding).norms()

    own = stack.heads.weight.detach()[..., 1:3]
    assert_close(norms[..., 1], own.norm(dim=-1).numpy())


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
