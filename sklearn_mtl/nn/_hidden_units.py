"""How the hidden layers of a network are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from sklearn_mtl.nn._activations import activation_of
from sklearn_mtl.nn._layers import HiddenLayer
from sklearn_mtl.nn._random import Dropout, MemberDraws


@dataclass(frozen=True)
class HiddenUnits:
    """How the hidden layers of a network are made.

    Parameters
    ----------
    activation : str
    maxout_pieces : int
    dropout : float
        Share of units that are dropped while training.
    draws : MemberDraws
        Draws initial weights.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.nn import HiddenUnits, MemberDraws
    >>> draws = MemberDraws([3, 4], torch.Generator().manual_seed(0))
    >>> units = HiddenUnits("relu", 5, 0.1, draws)
    >>> layers = units.drop(units.layers((2,), [4, 8, 3]))
    >>> [tuple(layer.weight.shape) for layer in layers]
    [(2, 4, 8), (2, 8, 3)]
    """

    activation: str
    maxout_pieces: int
    dropout: float
    draws: MemberDraws

    @property
    def generator(self) -> torch.Generator:
        """What all members draw together comes from here, as do seeds of dropout."""
        return self.draws.generator

    def layers(self, stack: tuple[int, ...], widths: Sequence[int]) -> nn.ModuleList:
        """Make layers from each width to the next, which drop nothing yet."""
        return nn.ModuleList(
            self.layer(stack, n_inputs, n_units)
            for n_inputs, n_units in pairwise(widths)
        )

    def layer(self, stack: tuple[int, ...], n_inputs: int, n_units: int) -> HiddenLayer:
        """Make one layer, which drops nothing yet."""
        return HiddenLayer(
            stack,
            n_inputs,
            n_units,
            activation=self.activation,
            maxout_pieces=self.maxout_pieces,
            draws=self.draws,
        )

    def drop(self, layers: nn.ModuleList) -> nn.ModuleList:
        """Let the units of layers be dropped, by draws of one generator."""
        dropout = Dropout(self.dropout, self.generator)
        for layer in layers:
            layer.dropout = dropout
        return layers

    @property
    def n_maps(self) -> int:
        """Linear maps that one unit is made of."""
        return activation_of(self.activation, self.maxout_pieces).n_inputs
