"""MMoE against the formula of its source, expert by expert and row by row."""

import torch
from torch.testing import assert_close

from sklearn_mtl.nn import Binding, MixtureOfExperts
from tests.nn.test_sharing import B, D, K, network, normal

T, E = 3, 3


def as_in_the_source(sharing, x):
    """Ma et al. 2018, equations 6 and 7, for one member after the other."""
    units = []
    (layer,) = sharing.experts.layers
    for k in range(K):
        experts = [
            torch.tanh(x @ layer.weight[k, e] + layer.bias[k, e]) for e in range(E)
        ]
        gates = x @ sharing.gates.weight[k] + sharing.gates.bias[k]
        of_tasks = []
        for t in range(T):
            shares = torch.softmax(gates[:, t * E : (t + 1) * E], dim=1)
            of_tasks.append(sum(shares[:, e, None] * experts[e] for e in range(E)))
        units.append(torch.stack(of_tasks))
    return torch.stack(units)


def test_units_and_gradients_are_those_of_the_source():
    sharing = network(MixtureOfExperts(E)).sharing
    x, upstream = normal(B, D), normal(K, T, B, 5, seed=2)
    expected = as_in_the_source(sharing, x)
    gradients = torch.autograd.grad(expected, list(sharing.parameters()), upstream)

    bound = sharing.bind(Binding(trains=True, needs_input=False))
    found = bound.forward(x.expand(K, B, D))
    bound.backward(upstream.clone())

    assert_close(found, expected.detach(), rtol=0, atol=1e-6)
    for parameter, gradient in zip(sharing.parameters(), gradients, strict=True):
        assert_close(parameter.grad, gradient, rtol=0, atol=1e-6)


def test_gradient_of_the_features():
    sharing = network(MixtureOfExperts(E)).sharing
    x, upstream = normal(K, B, D).requires_grad_(), normal(K, T, B, 5, seed=2)
    (expected,) = torch.autograd.grad(sharing(x), x, upstream)

    bound = sharing.bind(Binding(trains=True))
    bound.forward(x.detach())

    assert_close(bound.backward(upstream.clone()), expected)


def test_tasks_share_the_experts_and_not_the_gates():
    sharing = network(MixtureOfExperts(E)).sharing

    names = [name for name, _ in sharing.shared_parameters()]

    assert names == ["experts.layers.0.weight", "experts.layers.0.bias"]
