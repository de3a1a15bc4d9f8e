"""Shared units that also tell what X was, for rows with labels and without."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.nn._decoder import Decoded, Decoder
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._latent import Latent

Tensor = torch.Tensor


class Autoencoder(BaseEstimator, nn.Module):
    """A decoder that reconstructs X from the units that tasks share.

    Rows without any label then train what is shared too. Hidden layers of the decoder
    mirror those of ``hidden_layer_sizes``.

    Parameters
    ----------
    n_units : int, default=0
        Units of the last shared layer that no task reads: they are there for what
        tells rows of X apart but no task asks for.
    weight : float, default=1.0
        Weight of the decoder's loss beside the mean of the columns' losses, both in
        units of the prior.
    noise : float, default=0.0
        Standard deviation of normal noise that is added to the encoded X while
        training. The decoder is to find X without the noise: a denoising autoencoder
        [1]_.

    See Also
    --------
    VariationalAutoencoder : Draws rows of X, too.

    References
    ----------
    .. [1] P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol, "Extracting and
       Composing Robust Features with Denoising Autoencoders", ICML 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.nn import Autoencoder
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> y[100:] = np.nan  # most rows have no label
    >>> net = MultiTaskNetRegressor(
    ...     hidden_layer_sizes=(32, 16),
    ...     reconstruction=Autoencoder(n_units=4),
    ...     max_iter=10,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> sorted(key for key in net.history_[-1] if "reconstruction" in key)
    ['train_reconstruction', 'valid_reconstruction']
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    generative: ClassVar[bool] = False
    """Whether X has a distribution that can be drawn from."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_units": [Interval(Integral, 0, None, closed="left")],
        "weight": [Interval(Real, 0, None, closed="neither")],
        "noise": [Interval(Real, 0, None, closed="left")],
    }

    decoder: Decoder
    latent: Latent | None

    def __init__(
        self, n_units: int = 0, weight: float = 1.0, noise: float = 0.0
    ) -> None:
        super().__init__()
        self.n_units = n_units
        self.weight = weight
        self.noise = noise

    def setup(
        self,
        *,
        n_members: int,
        n_features: int,
        sizes: Sequence[int],
        columns: Decoded,
        hidden: HiddenUnits,
    ) -> list[int]:
        """Make the decoder.

        Parameters
        ----------
        n_members : int
            K.
        n_features : int
            Numbers that the first shared layer reads.
        sizes : sequence of int
            Widths of the shared layers; at least one.
        columns : Decoded
            What the decoder predicts.
        hidden : HiddenUnits
            Makes layers, and draws for members.

        Returns
        -------
        list of int
            Widths of the shared layers that are still to be made.
        """
        *below, last = sizes
        n_decoded = last + self.n_units
        self.decoder = Decoder(
            n_members,
            n_decoded,
            below[::-1],
            columns,
            generative=self.generative,
            hidden=hidden.without_last_layer(),
        )
        return self._encode(n_members, [n_features, *below], n_decoded, hidden)

    def _encode(
        self, n_members: int, widths: list[int], n_decoded: int, hidden: HiddenUnits
    ) -> list[int]:
        self.latent = None
        return [*widths[1:], n_decoded]

    def decode(self, units: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruct features from the units of the shared layers.

        Parameters
        ----------
        units : tensor of shape (K, B, u)
            Those of the last shared layer.
        features : tensor of shape (B, d) or (K, B, d)
            What is reconstructed.

        Returns
        -------
        units : tensor of shape (K, B, h + n_units)
            Those that heads read stand first.
        cost : tensor of shape (K, B)
            In units of the prior's.
        """
        return units, self.decoder.cost(self.decoder(units), features)


class VariationalAutoencoder(Autoencoder):
    """An autoencoder whose units are normal variables [1]_.

    The units of the last shared layer are normal variables, of which X is decoded and
    which the heads read. X can then be drawn (``sample``) and scored
    (``score_samples``), and early stopping looks at its bound as well as at the columns
    of y.

    Parameters
    ----------
    n_units : int, default=0
        Variables that no task reads, beside those of the last shared layer.
    weight : float, default=1.0
        Weight of the bound beside the mean of the columns' losses, both in units of the
        prior.
    noise : float, default=0.0
        Standard deviation of normal noise that is added to the encoded X while
        training.

    See Also
    --------
    Autoencoder : Reconstructs X.

    References
    ----------
    .. [1] D. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.nn import VariationalAutoencoder
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(
    ...     hidden_layer_sizes=(16, 4),
    ...     reconstruction=VariationalAutoencoder(),
    ...     max_iter=10,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> net.sample(3, random_state=0).shape
    (3, 8)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    generative: ClassVar[bool] = True

    def _encode(
        self, n_members: int, widths: list[int], n_decoded: int, hidden: HiddenUnits
    ) -> list[int]:
        self.latent = Latent(n_members, widths[-1], n_decoded, hidden.draws)
        return widths[1:]

    def decode(self, units: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruct features from a draw of the variables.

        Parameters
        ----------
        units : tensor of shape (K, B, u)
            What the variables' moments are linear in.
        features : tensor of shape (B, d) or (K, B, d)
            What is reconstructed.

        Returns
        -------
        units : tensor of shape (K, B, h + n_units)
            The draw while training, and the means otherwise.
        cost : tensor of shape (K, B)
            Bound on the negative log-likelihood, in units of the prior's.
        """
        assert self.latent is not None
        mean, log_variance = self.latent.moments(units)
        drawn = self.latent.draw(mean, log_variance)
        divergence = self.latent.divergence(mean, log_variance)
        cost = self.decoder.cost(self.decoder(drawn), features)
        cost = cost + divergence / self.decoder.prior
        return drawn if self.training else mean, cost
