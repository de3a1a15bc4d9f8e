"""What a trained generative network says of x: its density, and draws from it."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import numpy as np
import torch

from sklearn_mtl.nn import MultiTaskNetwork
from sklearn_mtl.training._predict import rows_at_once

Tensor = torch.Tensor


class GenerativeModel:
    """The decoding side of a network with latent variables, in float64 on the CPU.

    Parameters
    ----------
    module : MultiTaskNetwork
        With a `VariationalAutoencoder`.
    """

    def __init__(self, module: MultiTaskNetwork) -> None:
        self.module = deepcopy(module).eval().to(device="cpu", dtype=torch.float64)
        reconstruction = self.module.reconstruction
        assert reconstruction is not None
        assert reconstruction.latent is not None
        self.decoder, self.latent = reconstruction.decoder, reconstruction.latent

    def log_likelihood(
        self, features: np.ndarray, missing: np.ndarray, noise: np.ndarray
    ) -> np.ndarray:
        """Bound the log-density of rows from below, by importance weights [1]_.

        Parameters
        ----------
        features : float64 ndarray of shape (n, d)
        missing : bool ndarray of shape (n, a)
            Numbers that are missing; their density is integrated over.
        noise : float64 ndarray of shape (n_draws, u)
            Standard normal draws of the latent variables, the same for all rows, so
            that what is said of a row does not depend on the others.

        Returns
        -------
        ndarray of shape (n,)
            Of the mixture of all members; numbers in standard deviations.

        References
        ----------
        .. [1] Y. Burda, R. Grosse, R. Salakhutdinov, "Importance Weighted
           Autoencoders", ICLR 2016.
        """
        x, gaps, draws = map(torch.from_numpy, (features, missing, noise))
        size = rows_at_once(self.module)
        with torch.no_grad():
            parts = [
                self._bound(x[start : start + size], gaps[start : start + size], draws)
                for start in range(0, len(x), size)
            ]
        return np.concatenate([part.numpy() for part in parts])

    def _bound(self, x: Tensor, gaps: Tensor, draws: Tensor) -> Tensor:
        below = self.module.sharing(self.module.inputs(x))
        mean, log_variance = self.latent.moments(below)
        weights = [
            self._log_weight(x, gaps, mean, log_variance, draw) for draw in draws
        ]
        # Of draws and members alike: the bound of a mixture is that of its parts.
        joined = torch.stack(weights).flatten(0, 1)
        return joined.logsumexp(dim=0) - math.log(len(joined))

    def _log_weight(
        self, x: Tensor, gaps: Tensor, mean: Tensor, log_variance: Tensor, draw: Tensor
    ) -> Tensor:
        """Log of p(x | z) p(z) / q(z | x), (K, B), at one draw of z from q."""
        z = mean + draw * (0.5 * log_variance).exp()
        likelihood = -self.decoder.cost(self.decoder(z), x, gaps) * self.decoder.prior
        each = draw.square() + log_variance - z.square()
        return likelihood + 0.5 * each.sum(dim=-1)

    @property
    def n_latent(self) -> int:
        """Number of latent variables, u."""
        return int(self.latent.layer.bias.shape[-1]) // 2

    def sample(
        self, n_rows: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows, each from a member of its own choice.

        Returns
        -------
        numbers : float64 ndarray of shape (n_rows, a)
            In standard deviations from the mean.
        codes : int64 ndarray of shape (n_rows, c)
            Level of each category.
        """
        n_members = self.module.n_members
        member = rng.integers(n_members, size=n_rows)
        z = rng.standard_normal((n_rows, self.n_latent))
        numbers = np.empty((n_rows, self.decoder.n_numbers))
        codes = np.empty((n_rows, self.decoder.n_categories), dtype=np.int64)
        spread = (0.5 * self.decoder.noise_log_variance().detach()).exp().numpy()
        for k in np.unique(member):
            rows = np.flatnonzero(member == k)
            decoded = self._decoded(z[rows])[k]
            at, logits = np.split(decoded, [self.decoder.n_numbers], axis=1)
            noise = rng.standard_normal(at.shape)
            numbers[rows] = at + spread[k] * noise
            codes[rows] = self._levels(logits, rng)
        return numbers, codes

    def _decoded(self, z: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            stacked = torch.from_numpy(z).expand(self.module.n_members, -1, -1)
            decoded: np.ndarray = self.decoder(stacked).numpy()
            return decoded

    def _levels(self, logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a level of each category: the largest after adding Gumbel noise."""
        noisy = logits + rng.gumbel(size=logits.shape)
        category = self.decoder.category.numpy()
        first = np.searchsorted(category, np.arange(self.decoder.n_categories))
        parts: Any = np.split(noisy, first[1:], axis=1) if len(first) else []
        if not parts:
            return np.empty((len(noisy), 0), dtype=np.int64)
        return np.stack([part.argmax(axis=1) for part in parts], axis=1)
