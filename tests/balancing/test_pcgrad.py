"""PCGrad from inner products against the authors' algorithm on the gradients."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.balancing import PCGrad


def projected_sum(gradients, orders):
    """Algorithm 1 of Yu et al. 2020, gradient by gradient."""
    kept = []
    for i, gradient in enumerate(gradients):
        changed = gradient.clone()
        for j in orders[i]:
            other = gradients[j]
            if j != i and changed @ other < 0:
                changed = changed - (changed @ other) / (other @ other) * other
        kept.append(changed)
    return torch.stack(kept).sum(dim=0)


def step_of(gradients, shares, seed=0):
    """Return the step (K, P) that follows from gradients (K, T, P)."""
    balancing = PCGrad()
    balancing.setup(shares, torch.Generator().manual_seed(seed))
    orders = balancing._orders(gradients @ gradients.transpose(1, 2))
    again = PCGrad()
    again.setup(shares, torch.Generator().manual_seed(seed))
    loss = torch.ones(gradients.shape[:2], dtype=gradients.dtype)
    weights = again.weights(loss, gradients @ gradients.transpose(1, 2))
    return (weights.unsqueeze(1) @ gradients).squeeze(1), orders


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 7])
def test_step_is_that_of_the_authors_for_the_same_orders(n_tasks):
    rng = np.random.default_rng(n_tasks)
    gradients = torch.from_numpy(rng.normal(size=(4, n_tasks, 5)))
    shares = torch.from_numpy(rng.dirichlet(np.ones(n_tasks), size=4))

    step, orders = step_of(gradients, shares)

    for k in range(4):
        expected = projected_sum(gradients[k] * shares[k][:, None], orders[k])
        assert_close(step[k], expected)


def test_every_order_is_a_permutation_and_members_draw_their_own():
    _, orders = step_of(torch.randn(6, 8, 3), torch.full((6, 8), 1 / 8))

    assert (orders.sort(dim=-1).values == torch.arange(8)).all()
    assert len(orders.flatten(0, 1).unique(dim=0)) > 20


def test_gradients_that_agree_are_left_alone():
    gradients = torch.tensor([[[1.0, 0.0], [1.0, 1.0]]])

    step, _ = step_of(gradients, torch.tensor([[0.5, 0.5]]))

    assert_close(step, torch.tensor([[1.0, 0.5]]))


def test_conflict_by_hand():
    # The first loses what lies along the second, [0.5, 0.5] is left of it; the second
    # loses what lies along the first, [0, 1] is left.
    gradients = torch.tensor([[[1.0, 0.0], [-1.0, 1.0]]])

    step, _ = step_of(gradients, torch.tensor([[0.5, 0.5]]))

    assert_close(step, torch.tensor([[0.25, 0.75]]))


def test_task_without_a_gradient_changes_nothing():
    gradients = torch.tensor([[[1.0, 0.0], [0.0, 0.0], [-1.0, 1.0]]])

    step, _ = step_of(gradients, torch.tensor([[0.5, 0.0, 0.5]]))

    assert_close(step, torch.tensor([[0.25, 0.75]]))
