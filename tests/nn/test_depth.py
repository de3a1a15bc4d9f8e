"""Members of one stack that use unlike many of the shared layers."""

import copy

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import (
    Autoencoder,
    Binding,
    HiddenLayer,
    PartialHiddenLayer,
    Sharing,
    StackedLinear,
    VariationalAutoencoder,
)
from tests.nn.helpers import features, network
from tests.nn.test_seeds import Decoded

SEEDS = [3, 4, 5]
HEADS = {"linear": (), "private": (4, 3), "mixed": ((4, 3), (), (4,))}
heads = pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)


class Plain(Sharing):
    """Hard sharing without a formula."""

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        widths = [n_features, *sizes]
        self.layers = hidden.drop(hidden.layers((n_members,), widths))
        self.n_units = sizes[-1]

    def forward(self, features):
        for layer in self.layers:
            features = layer(features)
        return features


class Towers(Plain):
    """A stack of two towers a task, whose mean is what the task reads."""

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        widths = [n_features, *sizes]
        self.layers = hidden.drop(hidden.layers((n_members, n_tasks), widths))
        self.n_units, self.by_task = sizes[-1], True

    def forward(self, features):
        n_tasks = self.layers[0].weight.shape[1]
        return super().forward(features.unsqueeze(1).expand(-1, n_tasks, -1, -1))


SHARING = {"hard": None, "plain": Plain(), "towers": Towers()}
sharings = pytest.mark.parametrize("sharing", SHARING.values(), ids=SHARING)


def unlike(depth=(3, 2, 2), sizes=(7, 5, 5), **params):
    settings = {"activation": "tanh", "seeds": SEEDS[: len(depth)]}
    return network(
        len(depth), hidden_layer_sizes=sizes, depth=depth, **settings | params
    )


def alone(k, depth=(3, 2, 2), sizes=(7, 5, 5), **params):
    settings = {"activation": "tanh", "seeds": SEEDS[k : k + 1]}
    return network(1, hidden_layer_sizes=sizes[: depth[k]], **settings | params)


def trained(net, x):
    """Raw outputs, and gradients of the parameters, of a pass."""
    bound = net.bind(Binding(trains=True))
    raw = bound.forward(x)
    bound.backward(features(*raw.shape[1:]).expand_as(raw).clone())
    return raw


@heads
@sharings
@pytest.mark.parametrize("depth", [(3, 2, 2), (3, 3, 2), (2, 1, 1)], ids=str)
def test_members_equal_networks_alone_with_fewer_layers(heads, sharing, depth):
    sizes = (5, 5, 5) if depth[-1] == 1 else (7, 5, 5)
    params = {"sizes": sizes, "head_hidden_layer_sizes": heads, "sharing": sharing}
    stack, x = unlike(depth, **params), features(6, 4)

    raw = trained(stack, x)

    for k in range(3):
        net = alone(k, depth, **params)
        assert_close(raw[k], trained(net, x)[0])
        of_stack = dict(stack.named_parameters())
        for name, parameter in net.named_parameters():
            assert torch.equal(of_stack[name][k], parameter[0])
            assert_close(of_stack[name].grad[k], parameter.grad[0])


@heads
@sharings
@pytest.mark.parametrize("activation", ["relu", "silu", "maxout"])
@pytest.mark.parametrize("dropout", [0.3, (0.5, 0.2, 0.0)])
def test_gradients_are_those_of_autograd(heads, sharing, activation, dropout):
    params = {"activation": activation, "dropout": dropout}
    net = unlike(head_hidden_layer_sizes=heads, sharing=sharing, **params)
    plain, x = copy.deepcopy(net), features(3, 6, 4)

    raw = trained(net, x)
    expected = plain(x)
    expected.backward(features(*raw.shape[1:]).expand_as(raw))

    assert_close(raw, expected.detach())
    for found, parameter in zip(net.parameters(), plain.parameters(), strict=True):
        assert_close(found.grad, parameter.grad)


@sharings
@pytest.mark.parametrize("wrt", ["units", "weights"])
def test_products_of_gradients_are_those_of_the_members_alone(sharing, wrt):
    stack, x = unlike(sharing=sharing, head_hidden_layer_sizes=(4,)), features(6, 4)

    def gramian(net):
        bound = net.bind(Binding(trains=True))
        raw = bound.forward(x)
        return bound.gramian(features(*raw.shape[1:]).expand_as(raw).clone(), wrt)

    found = gramian(stack)

    for k in range(3):
        own = gramian(alone(k, sharing=sharing, head_hidden_layer_sizes=(4,)))
        assert_close(found[k], own[0])


@pytest.mark.parametrize(
    ("reconstruction", "sizes"),
    [(Autoencoder(), (7, 5, 5)), (VariationalAutoencoder(), (5, 5, 5))],
)
def test_a_decoder_is_as_deep_as_the_layers_that_it_mirrors(reconstruction, sizes):
    params = {"reconstruction": reconstruction, "decoded_columns": Decoded()}
    params["sizes"] = sizes
    x = features(6, 4)

    def decoded(net):
        if net.latent is not None:  # what members draw together is no part of this
            net.latent.noise.draw = torch.zeros_like
        joint = net.eval().predict_and_decode(x, 6)
        (joint.raw.square().sum() + joint.cost.sum()).backward()
        return joint

    stack = unlike(**params)
    joint = decoded(stack)

    for k in range(3):
        net = alone(k, **params)
        own = decoded(net)
        assert_close(joint.raw[k], own.raw[0])
        assert_close(joint.cost[k], own.cost[0])
        of_stack = dict(stack.named_parameters())
        for name, parameter in net.sharing.named_parameters(prefix="sharing"):
            assert_close(of_stack[name].grad[k], parameter.grad[0])


def test_layers_hold_the_members_that_use_them():
    stack = unlike((3, 2, 1), (5, 5, 5))

    lengths = [len(layer.weight) for layer in stack.sharing.layers]

    assert lengths == [3, 2, 1]
    assert {len(p) for p in stack.heads.parameters()} == {3}


def test_links_and_longest_weights_of_unlike_members():
    stack = unlike(max_norm=0.3)

    assert stack.link_norms().shape == (3, 5, 3)
    stack.constrain()
    layers = [m for m in stack.modules() if isinstance(m, StackedLinear)]
    assert all((m.weight.norm(dim=-2) < 0.3 + 1e-6).all() for m in layers)


@pytest.mark.parametrize("depth", [None, (3, 3, 3)])
def test_members_of_one_depth_have_layers_as_ever(depth):
    stack = unlike((3, 3, 3)) if depth else network(3, hidden_layer_sizes=(7, 5, 4))

    assert {type(layer) for layer in stack.sharing.layers} == {HiddenLayer}


def test_layers_that_no_member_uses_are_not_made():
    stack = unlike((2, 2, 2), (7, 5, 4))

    assert len(stack.sharing.layers) == 2
    assert stack.n_shared == 5


class OneLayer(Sharing):
    """Makes a layer that it does not tell `hidden` to count."""

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.layer = hidden.layer((n_members,), n_features, sizes[-1])
        self.n_units = sizes[-1]

    def forward(self, features):
        return self.layer(features)


class TwoCalls(OneLayer):
    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.first = hidden.layers((n_members,), [n_features, sizes[0]])


@pytest.mark.parametrize(
    ("error", "match", "params"),
    [
        (ValueError, r"depth=\(2, 3\) is not sorted", {"depth": (2, 3)}),
        (ValueError, r"depth=\(3, 0\).*between 1 and 3", {"depth": (3, 0)}),
        (ValueError, r"depth=\(4, 3\).*between 1 and 3", {"depth": (4, 3)}),
        (ValueError, r"from 7 to 5 units.*one width", {"depth": (3, 1)}),
        (
            ValueError,
            r"from 7 to 5 units.*no n_units",
            {
                "depth": (3, 2),
                "sizes": (5, 5, 5),
                "reconstruction": Autoencoder(2),
                "decoded_columns": Decoded(),
            },
        ),
        (TypeError, "OneLayer.setup", {"depth": (3, 2), "sharing": OneLayer()}),
        (ValueError, "counts 3 layers", {"depth": (3, 2), "sharing": TwoCalls()}),
    ],
)
def test_depths_that_no_stack_can_have(error, match, params):
    with pytest.raises(error, match=match):
        unlike(**params)


def test_one_depth_a_member():
    with pytest.raises(ValueError, match="depth has 2 entries, but n_members is 3"):
        network(3, hidden_layer_sizes=(5, 5), depth=np.array([2, 1]))


def test_features_of_all_members_at_once():
    layer = unlike((2, 1), (5, 5)).sharing.layers[1]
    x = features(6, 5)

    assert isinstance(layer, PartialHiddenLayer)
    assert torch.equal(layer(x)[1], x)
    assert_close(layer(x), layer(x.expand(2, -1, -1)))
