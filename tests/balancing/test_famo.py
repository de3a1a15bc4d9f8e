"""FAMO against the authors' algorithm, written plainly."""

from itertools import pairwise

import numpy as np
import torch
from numpy.testing import assert_allclose
from torch.testing import assert_close

from sklearn_mtl.balancing import FAMO, Balancing

EVEN = torch.full((1, 3), 1 / 3, dtype=torch.float64)


def balancing(shares=EVEN, **parameters):
    made = FAMO(**parameters)
    made.setup(shares, torch.Generator())
    return made


class Authors:
    """Liu et al. 2023, algorithm 1, for one network."""

    def __init__(self, n_tasks, lr, decay):
        self.logit = torch.zeros(n_tasks, dtype=torch.float64, requires_grad=True)
        self.adam = torch.optim.Adam([self.logit], lr=lr, weight_decay=decay)

    def weights(self, loss):
        z = self.logit.detach().softmax(-1)
        return (z / loss) / (z / loss).sum()

    def update(self, before, after):
        fall = before.log() - after.log()
        self.adam.zero_grad()
        (self.logit.softmax(-1) * fall).sum().backward()
        self.adam.step()


def test_weights_are_those_of_the_authors_for_the_same_losses():
    rng = np.random.default_rng(0)
    losses = torch.from_numpy(rng.uniform(0.1, 1.0, size=(30, 3)))
    made, theirs = balancing(lr=0.05, decay=0.01), Authors(3, 0.05, 0.01)
    adam = torch.optim.Adam(made.parameters(), lr=0.05)

    made.weights(losses[:1])  # the first batch tells of no fall
    for before, after in pairwise(losses):
        weights = made.weights(after.unsqueeze(0))
        assert_allclose(weights[0], theirs.weights(after), rtol=1e-6)
        adam.step()
        theirs.update(before, after)
    assert_close(made.logit[0], theirs.logit)


def test_weights_are_the_derivative():
    made = balancing()
    with torch.no_grad():
        made.logit.copy_(torch.tensor([[0.5, -0.3, 0.1]]))
    loss = torch.tensor([[0.3, 0.8, 0.5]], dtype=torch.float64)
    made.logit.requires_grad_(False)
    expected = Balancing.weights(made, loss)
    made.logit.requires_grad_(True)

    assert_close(made.weights(loss), expected)


def test_what_a_batch_does_not_show_changes_nothing():
    made = balancing(decay=0.0)
    loss = torch.tensor([[0.3, 0.8, 0.5]], dtype=torch.float64)
    made.weights(loss * torch.tensor([[1.0, 1.0, 0.0]]))
    assert_close(made.logit.grad, torch.zeros_like(EVEN))

    made.weights(loss * torch.tensor([[0.9, 1.0, 1.0]]))

    assert made.logit.grad[0, 2] == 0
    assert made.logit.grad[0, 0] > 0 > made.logit.grad[0, 1]


def test_negative_losses_leave_everything_finite():
    made = balancing()
    for loss in (EVEN, -EVEN, EVEN):
        assert torch.isfinite(made.weights(loss)).all()
        assert torch.isfinite(made.logit.grad).all()
