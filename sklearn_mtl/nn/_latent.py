"""Hidden units that are normal variables rather than numbers."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.nn._layer import Layer
from sklearn_mtl.nn._layers import StackedLinear
from sklearn_mtl.nn._random import MemberDraws, Noise

SMALLEST, LARGEST = -12.0, 6.0
"""Bounds of the logarithm of a variance."""


class Latent(Layer):
    """Means and variances of latent variables, as an encoder's last layer.

    A variational autoencoder draws its hidden units from them, and pays for their
    distance from standard normal ones [1]_.

    Parameters
    ----------
    n_members : int
        K.
    n_inputs : int
    n_units : int
        Latent variables, u.
    draws : MemberDraws
        Draws initial weights and the seed of the noise.

    References
    ----------
    .. [1] D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, n_members: int, n_inputs: int, n_units: int, draws: MemberDraws
    ) -> None:
        super().__init__()
        self.layer = StackedLinear(
            (n_members,), n_inputs, 2 * n_units, gain=1.0, draws=draws
        )
        with torch.no_grad():
            self.layer.weight[..., n_units:].mul_(0.1)
        self.noise = Noise(1.0, draws.generator)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map (K, B, n_inputs) to the means (K, B, u)."""
        return self.moments(hidden)[0]

    def moments(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map (K, B, n_inputs) to means and logarithms of variances, (K, B, u)."""
        mean, log_variance = self.layer(hidden).chunk(2, dim=-1)
        return mean, log_variance.clamp(SMALLEST, LARGEST)

    def draw(self, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
        """Draw the variables, such that gradients reach their mean and variance."""
        noise = self.noise.draw(mean.detach())
        return mean + noise * (0.5 * log_variance).exp()

    def divergence(
        self, mean: torch.Tensor, log_variance: torch.Tensor
    ) -> torch.Tensor:
        """Kullback-Leibler divergence (K, B) from standard normal variables."""
        each = mean.square() + log_variance.exp() - 1.0 - log_variance
        return 0.5 * each.sum(dim=-1)
