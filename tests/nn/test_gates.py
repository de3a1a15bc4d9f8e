"""Shares of experts against torch's softmax."""

import torch
from torch.testing import assert_close

from sklearn_mtl.nn._gates import shares_of, through_shares
from tests.nn.helpers import features


def test_shares_and_their_gradient_are_those_of_a_softmax():
    logits, upstream = features(2, 5, 3, 4).requires_grad_(), features(2, 5, 3, 4)
    expected = logits.softmax(dim=-1)
    (gradient,) = torch.autograd.grad(expected, logits, upstream)

    shares = shares_of(logits.detach())

    assert_close(shares, expected.detach())
    assert_close(through_shares(upstream, shares), gradient)
