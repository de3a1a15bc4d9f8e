"""MGDA against the closed form of two tasks, and against a solver for more."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from sklearn_mtl.balancing import MGDA
from tests.balancing.gramians import made_gradients, weights_of


def of_two(first, second):
    """Sener and Koltun 2018, Algorithm 1: the share of the first gradient."""
    if first @ second >= first @ first:
        return 1.0
    if first @ second >= second @ second:
        return 0.0
    return (second - first) @ second / ((first - second) @ (first - second))


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_two_tasks_by_the_closed_form(shift):
    gradients = made_gradients(20, 2, shift=shift)

    expected = [of_two(*of_member) for of_member in gradients]

    assert_allclose(weights_of(MGDA(), gradients)[:, 0], expected, atol=1e-6)


@pytest.mark.parametrize("n_tasks", [1, 3, 6])
def test_no_mean_of_the_gradients_is_shorter(n_tasks):
    gradients = made_gradients(4, n_tasks, seed=n_tasks, shift=0.5)

    weights = weights_of(MGDA(), gradients)

    assert_allclose(weights.sum(axis=1), 1.0)
    for own, of_member in zip(weights, gradients, strict=True):
        gramian = of_member @ of_member.T
        least = minimize(
            lambda w, gramian=gramian: w @ gramian @ w,
            np.full(n_tasks, 1 / n_tasks),
            jac=lambda w, gramian=gramian: 2 * gramian @ w,
            bounds=[(0, 1)] * n_tasks,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            options={"ftol": 1e-14},
        )
        assert own @ gramian @ own <= least.fun * (1 + 1e-6)


def test_gradients_that_cancel_out_have_the_weights_by_which_they_do():
    gradients = np.array([[[2.0, 0.0], [-1.0, 0.0]]])

    assert_allclose(weights_of(MGDA(), gradients), [[1 / 3, 2 / 3]], atol=1e-6)


def test_weights_of_the_user_multiply_what_is_found():
    gradients = made_gradients(3, 2, shift=0.2)
    equal = weights_of(MGDA(), gradients)

    weighed = weights_of(MGDA(), gradients, [[0.75, 0.25]] * 3)

    assert_allclose(weighed, equal * [1.5, 0.5])
