"""Random weights."""

import torch
from torch.testing import assert_close

from sklearn_mtl.balancing import RandomLossWeighting


def balancing(n_members, n_tasks, seed=0):
    made = RandomLossWeighting()
    shares = torch.full((n_members, n_tasks), 1 / n_tasks, dtype=torch.float64)
    made.setup(shares, torch.Generator().manual_seed(seed))
    return made


def test_weights_are_the_softmax_of_normal_numbers():
    weights = balancing(4000, 3).weights(torch.ones(4000, 3, dtype=torch.float64))

    assert_close(weights.sum(dim=1), torch.ones(4000, dtype=torch.float64))
    # Differences of the logarithms are those of the numbers, of variance 2 each.
    log = weights.log()
    differences = torch.stack([log[:, 0] - log[:, 1], log[:, 1] - log[:, 2]])
    assert_close(
        differences.cov(),
        torch.tensor([[2.0, -1.0], [-1.0, 2.0]], dtype=torch.float64),
        atol=0.15,
        rtol=0.0,
    )


def test_every_step_draws_anew_and_from_its_own_generator():
    loss = torch.ones(2, 3, dtype=torch.float64)
    first, second = balancing(2, 3), balancing(2, 3)
    state = torch.get_rng_state()

    weights = [first.weights(loss) for _ in range(3)]

    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(weights[0], weights[1])
    assert_close([second.weights(loss) for _ in range(3)], weights)
    assert not torch.equal(balancing(2, 3, seed=1).weights(loss), weights[0])
