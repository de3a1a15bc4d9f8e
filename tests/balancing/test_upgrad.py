"""UPGrad against the projections of its authors, one by one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import nnls

from sklearn_mtl.balancing import UPGrad
from tests.balancing.gramians import made_gradients, weights_of


def projected(gradient, gradients):
    """Find the closest vector that opposes none of the gradients."""
    # By Moreau, the projection onto a cone leaves out that onto its polar cone.
    return gradient + nnls(gradients.T, -gradient)[0] @ gradients


@pytest.mark.parametrize("n_tasks", [1, 2, 4, 7])
@pytest.mark.parametrize("shift", [0.0, -0.3])
def test_step_is_the_mean_of_the_projections(n_tasks, shift):
    gradients = made_gradients(4, n_tasks, seed=n_tasks, shift=shift)
    shares = np.random.default_rng(0).dirichlet(np.ones(n_tasks), size=4)

    step = (weights_of(UPGrad(), gradients, shares)[:, None] @ gradients)[:, 0]

    for own, of_member, share in zip(step, gradients, shares, strict=True):
        each = np.array([projected(g, of_member) for g in of_member])
        assert_allclose(own, share @ each, atol=1e-6)
        assert (of_member @ own > -1e-6).all()


def test_two_tasks_by_hand():
    # With the inner product -22: g1 + 22/38 g2 and g2 + 22/18 g1. TorchJD shows
    # [0.2929, 1.9004, 1.9004], as it adds 0.0001 to the inner products' diagonal.
    gradients = np.array([[[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]])
    first, second = gradients[0]

    step = weights_of(UPGrad(), gradients) @ gradients

    by_hand = (first + 22 / 38 * second + second + 22 / 18 * first) / 2
    assert_allclose(step[0, 0], by_hand, rtol=1e-6)
    assert_allclose(step[0, 0], [0.2929, 1.9004, 1.9004], atol=1e-3)


def test_gradients_that_agree_are_left_alone():
    gradients = np.abs(made_gradients(3, 4))

    assert_allclose(weights_of(UPGrad(), gradients), 0.25)
