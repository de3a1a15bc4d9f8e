"""What every way of balancing can rely on."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from torch.testing import assert_close

from sklearn_mtl.balancing import BALANCING, Balancing, FixedWeights

SHARES = torch.tensor([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]], dtype=torch.float64)
LOSS = torch.tensor([[1.0, 0.4, 0.7], [0.2, 0.9, 0.5]], dtype=torch.float64)


class Squares(Balancing):
    def __init__(self, power=2):
        super().__init__()
        self.power = power

    def combine(self, loss):
        return (self.task_weight * loss**self.power).sum(dim=1)


def set_up(balancing):
    balancing.setup(SHARES, torch.Generator().manual_seed(0))
    return balancing


def test_weights_are_the_derivative_of_what_is_combined():
    weights = set_up(Squares()).weights(LOSS)

    assert_close(weights, 2 * SHARES * LOSS)
    assert not weights.requires_grad


def test_subclass_that_changes_combine_alone_does_not_inherit_constant_weights():
    class Halved(FixedWeights):
        def combine(self, loss):
            return 0.5 * super().combine(loss)

    assert_close(set_up(Halved()).weights(LOSS), 0.5 * SHARES)


def test_fixed_weights_are_one_tensor_for_good():
    balancing = set_up(FixedWeights())

    assert balancing.weights(LOSS) is balancing.weights(2 * LOSS)


@pytest.mark.parametrize("make", [*BALANCING.values(), Squares])
def test_what_is_monitored_skips_columns_without_labels(make):
    loss = np.array([[1.0, np.nan, 0.5], [np.nan, np.nan, np.nan]])

    monitored = set_up(make()).monitor(loss, SHARES.numpy())

    assert_allclose(monitored, [(0.5 * 1.0 + 0.2 * 0.5) / 0.7, np.nan])


def test_what_is_monitored_counts_tasks_of_weight_zero_for_nothing():
    loss = np.array([[1.0, 3.0], [np.nan, 3.0], [np.nan, np.nan], [np.inf, 1.0]])
    weight = np.array([[0.25, 0.75]] * 3 + [[0.0, 1.0]])

    monitored = FixedWeights().monitor(loss, weight)

    assert_allclose(monitored, [2.5, 3.0, np.nan, 1.0])


@pytest.mark.parametrize("make", [*BALANCING.values(), Squares])
def test_scikit_learn_can_clone_what_was_set_up(make):
    balancing = set_up(make())

    copy = clone(balancing)

    assert copy.get_params() == balancing.get_params()
    assert not list(copy.buffers())
