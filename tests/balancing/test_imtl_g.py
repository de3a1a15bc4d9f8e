"""IMTL-G against the authors' closed form."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.balancing import IMTLG
from tests.balancing.gramians import made_gradients, weights_of


def closed_form(gradients):
    """Liu et al. 2021, equation 6: weights of the second gradient and on."""
    unit = gradients / np.linalg.norm(gradients, axis=1, keepdims=True)
    differences, of_units = gradients[0] - gradients[1:], unit[0] - unit[1:]
    others = gradients[0] @ of_units.T @ np.linalg.inv(differences @ of_units.T)
    return np.concatenate([[1 - others.sum()], others])


@pytest.mark.parametrize("n_tasks", [2, 3, 6])
def test_weights_are_those_of_the_authors(n_tasks):
    # In so many dimensions gradients are nearly orthogonal, and no weight is below 0.
    gradients = made_gradients(10, n_tasks, n_weights=400, seed=n_tasks)

    weights = weights_of(IMTLG(), gradients)

    expected = np.array([closed_form(of_member) for of_member in gradients])
    assert (expected > 0).all()
    assert_allclose(weights, expected, rtol=1e-6)


def test_step_goes_equally_far_along_each_gradient():
    gradients = made_gradients(5, 3, shift=0.3, n_weights=200)

    step = weights_of(IMTLG(), gradients)[:, None] @ gradients

    unit = gradients / np.linalg.norm(gradients, axis=2, keepdims=True)
    along = (step @ unit.transpose(0, 2, 1))[:, 0]
    assert_allclose(along, along[:, :1].repeat(3, axis=1), rtol=1e-6)


def test_no_head_unlearns():
    gradients = made_gradients(200, 4, n_weights=4, shift=1.0)

    weights = weights_of(IMTLG(), gradients)

    assert min(closed_form(of_member).min() for of_member in gradients) < 0
    assert (weights >= 0).all()
    assert (weights.sum(axis=1) <= 10.0 + 1e-9).all()


def test_gradients_that_cancel_out_are_weighed_alike():
    gradients = np.array([[[1.0, 0.0], [-1.0, 0.0]]])

    assert_allclose(weights_of(IMTLG(), gradients), [[0.5, 0.5]])
