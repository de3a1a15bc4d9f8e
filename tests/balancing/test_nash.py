"""Nash-MTL against the equation that its weights solve."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.balancing import NashMTL
from tests.balancing.gramians import made_gradients, weights_of


@pytest.mark.parametrize("n_tasks", [1, 2, 5, 9])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_weights_solve_the_equation_of_the_authors(n_tasks, shift):
    gradients = made_gradients(6, n_tasks, seed=n_tasks, shift=shift)
    shares = np.random.default_rng(0).dirichlet(np.full(n_tasks, 2.0), size=6)

    weights = weights_of(NashMTL(), gradients, shares)

    # Navon et al. 2022, claim 3.1: G a = 1 / a, here with weights of the user.
    gramian = gradients @ gradients.transpose(0, 2, 1)
    product = weights * (gramian @ weights[:, :, None])[:, :, 0]
    of_sum_one = product / product.sum(axis=1, keepdims=True)
    assert_allclose(of_sum_one, shares, rtol=1e-6)
    assert_allclose(weights.sum(axis=1), 1.0)
    assert (weights > 0).all()


def test_two_tasks_by_hand():
    # a_t = 1 / (|g_t| sqrt(1 + cosine)), whatever the angle.
    gradients = np.array([[[2.0, 0.0], [0.3, 0.4]]])

    assert_allclose(weights_of(NashMTL(), gradients), [[0.2, 0.8]])


def test_gradients_that_cancel_out_are_weighed_by_their_lengths():
    gradients = np.array([[[3.0, 0.0], [-1.0, 0.0]]])

    assert_allclose(weights_of(NashMTL(), gradients), [[0.25, 0.75]], rtol=1e-5)
