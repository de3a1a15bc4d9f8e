"""Quadratic programs against scipy's non-negative least squares."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.optimize import nnls

from sklearn_mtl.balancing._quadratic import least_of_nonnegative


@pytest.mark.parametrize("n", [1, 2, 5, 12])
@pytest.mark.parametrize("m", [1, 3])
def test_least_points_are_those_of_scipy(n, m):
    rng = np.random.default_rng(n)
    factor, aim = rng.normal(size=(20, n + 3, n)), rng.normal(size=(20, m, n + 3))
    curvature = torch.from_numpy(factor.transpose(0, 2, 1) @ factor)
    slope = -torch.from_numpy(aim @ factor)

    found, free = least_of_nonnegative(curvature, slope)

    expected = [[nnls(a, b)[0] for b in of] for a, of in zip(factor, aim, strict=True)]
    assert_allclose(found, expected, atol=1e-9)
    assert ((found > 0) == free).all()


def test_a_wrong_guess_changes_nothing():
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(30, 8, 6))
    curvature = torch.from_numpy(factor.transpose(0, 2, 1) @ factor)
    slope = torch.from_numpy(rng.normal(size=(30, 1, 6)))
    guess = torch.from_numpy(rng.uniform(size=(30, 1, 6)) < 0.5)

    assert_allclose(
        least_of_nonnegative(curvature, slope, guess)[0],
        least_of_nonnegative(curvature, slope)[0],
        atol=1e-9,
    )


def test_equations_without_a_solution_raise_nothing():
    least_of_nonnegative(torch.zeros(1, 3, 3), -torch.ones(1, 1, 3))
