"""Latent normal distributions."""

import torch

from sklearn_mtl.nn import Latent
from tests.nn.helpers import draws


def test_divergence_is_that_of_normal_distributions():
    latent = Latent(1, 2, 3, draws(1))
    mean = torch.tensor([[[0.5, -1.0, 0.0]]])
    log_variance = torch.tensor([[[0.3, -2.0, 0.0]]])
    normal = torch.distributions.Normal
    standard = normal(torch.zeros(3), torch.ones(3))
    found = normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(found, standard).sum(-1)
    torch.testing.assert_close(latent.divergence(mean, log_variance), expected)
