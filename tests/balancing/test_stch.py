"""The smooth Tchebycheff scalarization against its formula."""

import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.balancing import Balancing, SmoothTchebycheff

LOSS = torch.tensor([[1.0, 0.4, 0.7], [0.2, 0.9, -0.5]], dtype=torch.float64)
SHARES = torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]], dtype=torch.float64)


def balancing(shares, mu=0.2):
    made = SmoothTchebycheff(mu)
    made.setup(shares, torch.Generator())
    return made


def test_combined_loss_is_that_of_lin_et_al_with_equal_preferences():
    even, mu = balancing(torch.full_like(SHARES, 1 / 3), 0.3), 0.3

    theirs = mu * (LOSS / mu).exp().sum(dim=1).log()

    assert_close(even.combine(LOSS), theirs - mu * torch.tensor(3.0).double().log())


@pytest.mark.parametrize("mu", [1e-300, 0.01, 0.2, 10.0])
def test_weights_are_the_derivative(mu):
    made = balancing(SHARES, mu)

    assert_close(made.weights(LOSS), Balancing.weights(made, LOSS))


def test_near_zero_the_worst_column_has_all_weight():
    weights = balancing(SHARES, 1e-4).weights(LOSS)

    assert_close(weights, torch.tensor([[1.0, 0, 0], [0, 1.0, 0]]).double())


def test_far_above_one_weights_are_those_of_the_user():
    assert_close(balancing(SHARES, 1e8).weights(LOSS), SHARES)
