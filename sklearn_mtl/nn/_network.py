"""A stack of networks: a trunk that all tasks share, and a head for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._decoder import Decoder
from sklearn_mtl.nn._heads import make_heads, set_bias
from sklearn_mtl.nn._latent import Latent
from sklearn_mtl.nn._layers import Dropout, Noise, StackedLinear
from sklearn_mtl.nn._pieces import PiecewiseLinear
from sklearn_mtl.nn._trunk import Trunk
from sklearn_mtl.tables import DecodedColumns


class MultiTaskNetwork(nn.Module):
    """K members, each a shared trunk under one head a task.

    Parameters
    ----------
    n_members : int
        K.
    n_features : int
        d.
    task_of_output : int array of shape (C,)
        The task that owns each raw output; tasks are numbered from 0 without gaps, and
        the outputs of each are neighbours.
    prior_raw : float array of shape (C,)
        Initial bias of the raw outputs, so that training starts at the prior.
    hidden_layer_sizes : sequence of int
        Widths of the shared layers; may be empty.
    head_hidden_layer_sizes : sequence of int, or one such sequence a task
        Widths of the private layers of each task; may be empty.
    pieces : sequence of ndarray, or None
        Those of a `PiecewiseLinear` before the first layer.
    activation : str
        A name in `ACTIVATIONS`, or "maxout".
    maxout_pieces : int
        Linear maps that a unit is the largest of; read by "maxout" only.
    dropout : float
        Share of hidden units that are dropped while training.
    input_dropout : float
        Share of the numbers that enter the first layer that are dropped.
    max_norm : float or None
        Longest that the weights into a unit may be; see `constrain`.
    input_noise : float
        Standard deviation of noise that is added to the features while training.
    n_unsupervised_units : int
        Units of the last shared layer that no head reads, beside those that heads do.
    generative : bool
        Whether the units of the last shared layer are normal variables.
    decoded_columns : DecodedColumns or None
        What a decoder of the last shared layer predicts; None for no decoder.
    dtype : torch.dtype
        Number format of the parameters.
    generator : torch.Generator
        Draws initial weights and dropped units.
    """

    def __init__(
        self,
        *,
        n_members: int,
        n_features: int,
        task_of_output: np.ndarray,
        prior_raw: np.ndarray,
        hidden_layer_sizes: Sequence[int],
        head_hidden_layer_sizes: Sequence[int] | Sequence[Sequence[int]] = (),
        pieces: Sequence[np.ndarray] | None = None,
        activation: str = "relu",
        maxout_pieces: int = 5,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        max_norm: float | None = None,
        input_noise: float = 0.0,
        n_unsupervised_units: int = 0,
        generative: bool = False,
        decoded_columns: DecodedColumns | None = None,
        dtype: torch.dtype = torch.float32,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.n_members = n_members
        self.pieces = None
        if pieces is not None:
            self.pieces = PiecewiseLinear(pieces)
            n_features += self.pieces.n_pieces
        self.max_norm = max_norm
        self.input_dropout = None
        if input_dropout:
            self.input_dropout = Dropout(input_dropout, generator)
        hidden: dict[str, Any] = {
            "activation": activation,
            "maxout_pieces": maxout_pieces,
            "dropout": dropout,
            "generator": generator,
        }
        self.input_noise = Noise(input_noise, generator) if input_noise else None
        sizes = list(hidden_layer_sizes)
        n_shared = sizes[-1] if sizes else n_features
        self.n_shared = n_shared
        self.latent: Latent | None = None
        self.decoder: Decoder | None = None
        if decoded_columns is not None:
            sizes[-1] += n_unsupervised_units
            self.decoder = Decoder(
                n_members,
                sizes[-1],
                sizes[-2::-1],
                decoded_columns,
                generative=generative,
                hidden=hidden,
            )
        if generative:
            n_inputs = sizes[-2] if len(sizes) > 1 else n_features
            self.latent = Latent(n_members, n_inputs, sizes.pop(), generator)
        self.trunk = Trunk(n_members, n_features, sizes, **hidden)
        self.task_of_output = task_of_output
        # Heads number tasks in the order of their outputs.
        order = np.array(list(dict.fromkeys(task_of_output.tolist())))
        self.rank_of_task = np.argsort(order)
        sizes_of_heads: Any = head_hidden_layer_sizes
        if any(np.ndim(size) for size in sizes_of_heads):
            sizes_of_heads = [sizes_of_heads[t] for t in order]
        self.heads = make_heads(
            n_members,
            n_shared,
            sizes_of_heads,
            self.rank_of_task[task_of_output],
            **hidden,
        )
        self.set_prior(prior_raw)
        self.to(dtype)

    def set_prior(self, prior_raw: np.ndarray) -> None:
        """Let every member start from predicting the prior."""
        with torch.no_grad():
            set_bias(self.heads, torch.from_numpy(prior_raw))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map features (B, d), or (K, B, d), to raw outputs (K, B, C)."""
        hidden = self.trunk(self.first_input(features))
        if self.latent is not None:
            hidden, _ = self.latent(hidden)
        return self.heads(hidden[..., : self.n_shared])

    def predict_and_decode(
        self, features: torch.Tensor, n_rows: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Raw outputs of the first rows, and what decoding costs for all of them.

        Parameters
        ----------
        features : tensor of shape (B, d) or (K, B, d)
        n_rows : int
            Rows that heads predict; the others only train what is shared.

        Returns
        -------
        raw : tensor of shape (K, n_rows, C)
        cost : tensor of shape (K, B)
            In units of the prior's; with latent variables a bound on the negative
            log-likelihood, of which the heads read one draw while training, and the
            means otherwise.
        """
        assert self.decoder is not None
        hidden = self.trunk(self.first_input(features))
        if self.latent is None:
            cost = self.decoder.cost(self.decoder(hidden), features)
        else:
            mean, log_variance = self.latent(hidden)
            drawn = self.latent.draw(mean, log_variance)
            divergence = self.latent.divergence(mean, log_variance)
            cost = self.decoder.cost(self.decoder(drawn), features)
            cost = cost + divergence / self.decoder.prior
            hidden = drawn if self.training else mean
        return self.heads(hidden[:, :n_rows, : self.n_shared]), cost

    def first_input(self, features: torch.Tensor) -> torch.Tensor:
        """Bend, disturb and drop features as the first layer reads them."""
        if self.input_noise is not None:
            features = self.input_noise(features)
        if self.pieces is not None:
            features = self.pieces(features)
        if self.input_dropout is not None and self.training:
            features = self.input_dropout(per_member(features, self.n_members))
        return features

    def constrain(self) -> None:
        """Shorten the weights into every unit that are longer than `max_norm`.

        Max-norm regularisation (Srebro & Shraibman 2005; Srivastava et al. 2014); all
        layers, heads included, and each piece of a maxout unit by itself. Only for
        networks that have a `max_norm`.
        """
        assert self.max_norm is not None
        with torch.no_grad():
            for layer in self.modules():
                if isinstance(layer, StackedLinear):
                    norm = layer.weight.norm(dim=-2, keepdim=True)
                    layer.weight.mul_(self.max_norm / norm.clamp_min(self.max_norm))


def per_member(features: torch.Tensor, n_members: int) -> torch.Tensor:
    """Repeat features (B, d) for every member; (K, B, d) stay as they are."""
    return features.expand(n_members, -1, -1) if features.ndim == 2 else features
