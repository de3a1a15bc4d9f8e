"""Fixed weights."""

import torch
from torch.testing import assert_close

from sklearn_mtl.balancing import FixedWeights


def fixed(weight):
    balancing = FixedWeights()
    balancing.setup(torch.tensor(weight), torch.Generator())
    return balancing


def test_weighted_mean_is_taken_for_each_member_alone():
    loss = torch.tensor([[1.0, 3.0], [2.0, 6.0], [5.0, 7.0]])
    balancing = fixed([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]])

    assert_close(balancing.combine(loss), torch.tensor([2.0, 5.0, 5.0]))


def test_gradient_of_a_member_is_its_tasks_weights():
    loss = torch.ones(2, 3, requires_grad=True)
    balancing = fixed([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])

    balancing.combine(loss).sum().backward()

    assert_close(loss.grad, balancing.weights(loss))
