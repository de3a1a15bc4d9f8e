"""Aligned-MTL against the authors' algorithm on the gradients."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.balancing import AlignedMTL
from tests.balancing.gramians import made_gradients, weights_of


def aligned_step(gradients, shares):
    """Senushkin et al. 2023: even singular values, and the weighted mean."""
    left, values, right = np.linalg.svd(gradients, full_matrices=False)
    kept = values**2 > (values**2).max() * len(gradients) * np.finfo(np.float32).eps
    aligned = values[kept].min() * left[:, kept] @ right[kept]
    return shares @ aligned


@pytest.mark.parametrize("n_tasks", [1, 2, 5])
def test_step_is_that_of_the_authors(n_tasks):
    gradients = made_gradients(6, n_tasks, n_weights=300, seed=n_tasks)
    shares = np.random.default_rng(0).dirichlet(np.full(n_tasks, 5.0), size=6)

    weights = weights_of(AlignedMTL(), gradients, shares)

    assert (weights > 0).all()  # else the step is not that of the authors
    for own, of_member, share in zip(weights, gradients, shares, strict=True):
        assert_allclose(own @ of_member, aligned_step(of_member, share), atol=1e-6)


def test_no_head_unlearns():
    gradients = made_gradients(100, 4, n_weights=4, shift=1.0)

    weights = weights_of(AlignedMTL(), gradients)

    assert (weights == 0).any()
    assert (weights >= 0).all()


def test_a_direction_that_no_gradient_has_is_left_out():
    # The third is the sum of the others, so that there are two components.
    gradients = np.array([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])

    step = weights_of(AlignedMTL(), gradients) @ gradients

    assert_allclose(step[0, 0], aligned_step(gradients[0], np.full(3, 1 / 3)))
