"""The geometric loss against its formula."""

import torch
from torch.testing import assert_close

from sklearn_mtl.balancing import Balancing, GeometricLoss

LOSS = torch.tensor([[1.0, 0.4, 0.7], [0.2, 0.9, 0.5]], dtype=torch.float64)
SHARES = torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]], dtype=torch.float64)


def balancing(shares):
    made = GeometricLoss()
    made.setup(shares, torch.Generator())
    return made


def test_combined_loss_is_the_geometric_mean():
    even = balancing(torch.full_like(SHARES, 1 / 3))

    assert_close(even.combine(LOSS), LOSS.prod(dim=1) ** (1 / 3))


def test_weights_are_the_derivative():
    made = balancing(SHARES)

    assert_close(made.weights(LOSS), Balancing.weights(made, LOSS))


def test_equal_losses_are_weighed_as_the_user_says():
    assert_close(balancing(SHARES).weights(torch.full_like(LOSS, 0.3)), SHARES)


def test_negative_losses_have_bounded_weights():
    weights = balancing(SHARES).weights(-LOSS)

    assert_close(weights, SHARES)
