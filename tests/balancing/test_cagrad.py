"""CAGrad against the authors' objective, solved by scipy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from sklearn_mtl.balancing import CAGrad
from sklearn_mtl.balancing import _cagrad as cagrad
from tests.balancing.gramians import made_gradients, weights_of


def objective(weight, gramian, shares, c):
    """Liu et al. 2021, equation 4: what the weights of the direction make least."""
    radius = c * np.sqrt(shares @ gramian @ shares)
    return weight @ gramian @ shares + radius * np.sqrt(weight @ gramian @ weight)


def by_scipy(gramian, shares, c):
    n_tasks = len(shares)
    found = minimize(
        objective,
        np.full(n_tasks, 1 / n_tasks),
        args=(gramian / gramian.max(), shares, c),
        bounds=[(0, 1)] * n_tasks,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-15, "maxiter": 500},
    )
    return found.x


@pytest.mark.parametrize("n_tasks", [2, 3, 6])
@pytest.mark.parametrize(("c", "shift"), [(0.5, 0.0), (0.4, 0.5), (0.9, 2.0)])
def test_direction_is_the_one_that_the_authors_look_for(n_tasks, c, shift):
    gradients = made_gradients(4, n_tasks, seed=n_tasks, shift=shift)
    rng = np.random.default_rng(n_tasks)
    shares = rng.dirichlet(np.full(n_tasks, 3.0), size=4)

    weights = weights_of(CAGrad(c=c), gradients, shares)

    for own, of_member, share in zip(weights, gradients, shares, strict=True):
        gramian = of_member @ of_member.T
        added = own - share
        assert (added > -1e-12).all()
        # The direction is added at the length of the paper ...
        radius = c * np.sqrt(share @ gramian @ share)
        assert_allclose(np.sqrt(added @ gramian @ added), radius, rtol=1e-6)
        # ... and is no worse than the one that scipy finds, nor much different.
        mine, theirs = added / added.sum(), by_scipy(gramian, share, c)
        reached = objective(mine, gramian, share, c)
        rounding = 1e-7 * gramian.max()
        assert reached <= objective(theirs, gramian, share, c) + rounding
        assert_allclose(mine, theirs, atol=2e-3)


@pytest.mark.parametrize("pivots", [cagrad.PIVOTS, 0])
@pytest.mark.parametrize("n_weights", [4, 12])
def test_no_task_gains_less_than_those_that_have_a_weight(
    pivots, n_weights, monkeypatch
):
    monkeypatch.setattr(cagrad, "PIVOTS", pivots)
    gradients = made_gradients(20, 6, n_weights, shift=0.1)

    weights = weights_of(CAGrad(c=0.5), gradients)

    step = weights[:, None] @ gradients
    gain = (gradients @ step.transpose(0, 2, 1))[:, :, 0]
    above_least = gain - gain.min(axis=1, keepdims=True)
    longest = (gradients**2).sum(axis=2).max(axis=1, keepdims=True)
    # What the objective's derivative says at its least point.
    assert (np.minimum(weights - 1 / 6, above_least / longest) < 1e-6).all()


def test_two_orthogonal_gradients_by_hand():
    # g0 = (1.5, 0.5). The second loss falls least; the step goes as far along its
    # gradient as it may: the direction is (0, 1), the distance 0.5 |g0|.
    gradients = np.array([[[3.0, 0.0], [0.0, 1.0]]])

    step = weights_of(CAGrad(c=0.5), gradients) @ gradients

    assert_allclose(step[0, 0], [1.5, 0.5 + 0.5 * np.sqrt(2.5)], rtol=1e-6)


def test_no_distance_is_fixed_weights():
    weights = weights_of(CAGrad(c=0.0), made_gradients(3, 4))

    assert_allclose(weights, 0.25)


def test_gradients_that_cancel_out_have_bounded_weights():
    gradients = np.array([[[1.0, 0.0], [-1.0, 0.0]], [[2.0, 0.0], [-1.0, 1e-9]]])

    weights = weights_of(CAGrad(), gradients)

    assert (weights >= 0.5 - 1e-9).all()
    assert (weights < 100).all()
