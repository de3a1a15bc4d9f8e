"""The layers that all tasks share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from sklearn_mtl.nn._activations import activation_of
from sklearn_mtl.nn._layers import Dropout, hidden_layer


class Trunk(nn.Module):
    """The layers that all tasks share."""

    def __init__(
        self,
        n_members: int,
        n_features: int,
        sizes: Sequence[int],
        *,
        activation: str,
        maxout_pieces: int,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.activation, self.maxout_pieces = activation, maxout_pieces
        function = activation_of(activation, maxout_pieces)
        self.layers = nn.ModuleList(
            hidden_layer((n_members,), n_in, n_out, function, generator)
            for n_in, n_out in pairwise([n_features, *sizes])
        )
        self.dropout = Dropout(dropout, generator)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (B, d) or (K, B, d) to the shared representation (K, B, h)."""
        activate = activation_of(self.activation, self.maxout_pieces).value
        hidden = features
        for layer in self.layers:
            hidden = self.dropout(activate(layer(hidden)))
        return hidden
