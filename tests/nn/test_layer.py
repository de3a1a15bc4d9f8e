"""Passes by autograd, chains of passes, and who inherits a formula."""

import copy

import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import (
    AutogradPass,
    Binding,
    Chain,
    HiddenUnits,
    Layer,
    StackedLinear,
    bind,
)
from tests.nn.helpers import draws

K, B, T, D, H = 2, 5, 3, 4, 6
TRAINS = Binding(trains=True)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=1):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def linear(n_inputs=D, n_outputs=H, seed=0):
    layer = StackedLinear((K,), n_inputs, n_outputs, gain=1.0, draws=draws(K, seed))
    return layer.double()


def hidden_layers(activation="tanh", dropout=0.0, widths=(D, H, 3)):
    units = HiddenUnits(activation, 2, dropout, draws(K))
    return units.drop(units.layers((K,), widths)).double()


def gradients(module):
    return [p.grad for p in module.parameters()]


@pytest.mark.parametrize("make", [linear, lambda: hidden_layers()[0]])
def test_formula_and_autograd_agree(make):
    by_formula, by_autograd = make(), make()
    passes = by_formula.bind(TRAINS), AutogradPass(by_autograd, TRAINS)
    x = normal(K, B, D)

    outputs = [found.forward(x) for found in passes]
    inputs = [found.backward(normal(*outputs[0].shape)) for found in passes]

    assert_close(outputs[0], outputs[1])
    assert_close(inputs[0], inputs[1])
    assert_close(gradients(by_formula), gradients(by_autograd))


def test_a_parameter_that_is_not_trained_gets_no_gradient():
    layer = linear()
    layer.bias.requires_grad_(False)
    bound = AutogradPass(layer, TRAINS)

    bound.backward(torch.ones_like(bound.forward(normal(K, B, D))))

    assert layer.bias.grad is None
    assert layer.weight.grad.abs().min() > 0


def test_nothing_to_train_and_no_input_wanted_is_no_error():
    layer = linear().requires_grad_(False)
    bound = AutogradPass(layer, TRAINS.at_the_bottom)

    bound.backward(torch.ones_like(bound.forward(normal(K, B, D))))

    assert gradients(layer) == [None, None]


def test_pass_of_a_foreign_module_is_autograd():
    module = torch.nn.Linear(D, H).double()

    bound = bind(module, TRAINS)
    upstream = bound.backward(torch.ones_like(bound.forward(normal(B, D))))

    assert isinstance(bound, AutogradPass)
    assert_close(upstream, module.weight.detach().sum(0).expand(B, D))


class Doubled(StackedLinear):
    def forward(self, x):
        return 2.0 * super().forward(x)


class DoubledWithFormula(Doubled):
    def bind(self, binding):
        return StackedLinear.bind(self, binding)


class Renamed(StackedLinear):
    pass


def test_a_changed_forward_does_not_inherit_the_formula():
    layer = Doubled((K,), D, H, gain=1.0, draws=draws(K)).double()
    plain = linear()

    bound = layer.bind(TRAINS)
    output = bound.forward(normal(K, B, D))
    bound.backward(torch.ones_like(output))

    assert isinstance(bound, AutogradPass)
    assert_close(output, 2.0 * plain(normal(K, B, D)).detach())
    assert_close(layer.bias.grad, torch.full_like(layer.bias.grad, 2.0 * B))


def test_an_unchanged_forward_does():
    assert not isinstance(
        Renamed((K,), D, H, gain=1.0, draws=draws(K)).bind(TRAINS), AutogradPass
    )
    assert DoubledWithFormula.bind is not Layer.bind


@pytest.mark.parametrize("activation", ["relu", "tanh", "silu", "maxout"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_products_compare_the_gradients_of_each_loss(activation, dropout):
    layers = hidden_layers(activation, dropout)
    alone = copy.deepcopy(layers)
    x, upstream = normal(K, B, D), normal(K, T, B, 3, seed=2)

    chain = Chain([layer.bind(TRAINS) for layer in layers])
    chain.forward(x)
    products, below = chain.products(upstream)

    y = x.clone().requires_grad_()
    output = y
    for layer in alone:
        output = layer(output)
    found = [
        torch.autograd.grad(
            output, [y, *alone.parameters()], upstream[:, t], retain_graph=True
        )
        for t in range(T)
    ]
    flat = torch.stack(
        [torch.cat([g.flatten(1) for g in of_task[1:]], 1) for of_task in found], 1
    )
    assert_close(products, flat @ flat.transpose(1, 2))
    assert_close(below, torch.stack([of_task[0] for of_task in found], dim=1))


def test_products_by_autograd_are_those_of_the_formula():
    layer = linear()
    x, upstream = normal(K, B, D), normal(K, T, B, H, seed=2)
    found = []
    for bound in (layer.bind(TRAINS), AutogradPass(layer, TRAINS)):
        bound.forward(x)
        found.append(bound.products(upstream))

    assert_close(found[0], found[1])


def test_a_pass_goes_back_as_usual_after_products():
    layers, plain = hidden_layers("relu", 0.3), hidden_layers("relu", 0.3)
    x, upstream = normal(K, B, D), normal(K, B, 3, seed=2)
    chains = [
        Chain([layer.bind(TRAINS) for layer in either]) for either in (layers, plain)
    ]
    for chain in chains:
        chain.forward(x)

    chains[0].products(normal(K, T, B, 3, seed=3))
    for chain in chains:
        chain.backward(upstream.clone())

    assert_close(gradients(layers), gradients(plain))
