"""Uncertainty weighting against its formula."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.balancing import Balancing, UncertaintyWeighting

SHARES = torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]], dtype=torch.float64)
LOSS = torch.tensor([[1.0, 0.4, 0.7], [0.2, 0.9, 0.5]], dtype=torch.float64)


def balancing():
    made = UncertaintyWeighting()
    made.setup(SHARES, torch.Generator())
    return made


def test_training_begins_at_the_weights_of_the_user():
    assert_close(balancing().weights(LOSS), SHARES)


def test_combined_loss_is_twice_that_of_kendall_et_al():
    made = balancing()
    sigma = torch.tensor([[0.5, 1.0, 2.0], [1.5, 0.7, 0.1]], dtype=torch.float64)
    with torch.no_grad():
        made.log_variance.copy_(2 * sigma.log())

    theirs = (SHARES * (LOSS / (2 * sigma**2) + sigma.log())).sum(dim=1)

    assert_close(made.combine(LOSS).detach(), 2 * theirs)


def test_formula_of_weights_and_gradients_is_the_derivative():
    made = balancing()
    with torch.no_grad():
        made.log_variance.copy_(torch.tensor([[0.5, -1.0, 5.0], [0.0, 6.0, -7.0]]))
    weights = made.weights(LOSS)
    gradient = made.log_variance.grad

    assert_close(weights, Balancing.weights(made, LOSS))
    assert_close(gradient, made.log_variance.grad)


def test_weights_settle_at_one_over_the_loss():
    made = balancing()
    optimizer = torch.optim.Adam(made.parameters(), lr=0.05)
    for _ in range(500):
        weights = made.weights(LOSS)
        optimizer.step()

    assert_close(weights, SHARES / LOSS, rtol=1e-3, atol=0.0)


@pytest.mark.parametrize("log_variance", [-80.0, 80.0])
def test_weights_are_bounded_where_a_loss_is_negative(log_variance):
    made = balancing()
    with torch.no_grad():
        made.log_variance.fill_(log_variance)

    weights = made.weights(-LOSS)

    assert torch.isfinite(weights).all()
    share = (weights / SHARES).log().abs()
    assert_close(share, torch.full_like(share, 5.0))
    assert np.allclose(made.log_variance.grad, 0.0)
