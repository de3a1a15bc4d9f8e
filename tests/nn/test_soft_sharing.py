"""Soft sharing against the gradient of its objective."""

import copy

import torch
from torch.testing import assert_close

from sklearn_mtl.nn import Binding, NoSharing, SoftSharing
from tests.nn.helpers import features, sharing_of

K, T, B = 2, 3, 6


def distance(sharing):
    """Sum over members of the squared distances of trunks from their mean, halved."""
    of_members = 0.0
    for parameter in sharing.parameters():
        for k in range(K):
            mean = sum(parameter[k, t] for t in range(T)) / T
            for t in range(T):
                of_members += (parameter[k, t] - mean).square().sum() / (2 * T)
    return of_members


def test_gradients_are_those_of_the_loss_and_the_distance():
    sharing = sharing_of(SoftSharing(0.7), (6, 5))
    alone = copy.deepcopy(sharing).eval()  # where nothing draws trunks together
    x, upstream = features(K, B, 4), features(K, T, B, 5, seed=3)
    loss = (alone(x) * upstream).sum() + 0.7 * distance(alone)
    expected = torch.autograd.grad(loss, list(alone.parameters()))

    bound = sharing.bind(Binding(trains=True, needs_input=False))
    bound.forward(x)
    bound.backward(upstream.clone())
    by_autograd = torch.autograd.grad(
        sharing(x), list(sharing.parameters()), upstream.clone()
    )

    for parameter, other, gradient in zip(
        sharing.parameters(), by_autograd, expected, strict=True
    ):
        assert_close(parameter.grad, gradient, rtol=0, atol=1e-6)
        assert_close(other, gradient, rtol=0, atol=1e-6)


def test_without_strength_nothing_is_shared():
    x = features(K, B, 4)

    assert torch.equal(sharing_of(SoftSharing(0.0))(x), sharing_of(NoSharing())(x))


def test_the_distance_is_rounded_nowhere():
    sharing = sharing_of(SoftSharing(1.0), (6, 5)).float()
    binding = Binding(trains=True, needs_input=False, products=torch.bfloat16)
    bound = sharing.bind(binding)
    bound.forward(features(K, B, 4).float())

    bound.backward(torch.zeros(K, T, B, 5))

    for parameter in sharing.parameters():
        apart = parameter.detach() - parameter.detach().mean(dim=1, keepdim=True)
        assert_close(parameter.grad, apart / T)
