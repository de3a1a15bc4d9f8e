"""How the hidden layers of a network are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import nn

from sklearn_mtl.nn._activations import activation_of
from sklearn_mtl.nn._layers import HiddenLayer
from sklearn_mtl.nn._partial_layer import PartialHiddenLayer
from sklearn_mtl.nn._random import Dropout, MemberDraws


@dataclass(frozen=True)
class HiddenUnits:
    """How the hidden layers of a network are made.

    Parameters
    ----------
    activation : str
        Name of it, as the parameter of the estimators.
    maxout_pieces : int
        Linear maps a unit, of maxout.
    dropout : float, or one float a member
        Share of units that are dropped while training.
    draws : MemberDraws
        Draws initial weights.
    depth : tuple of int, or None
        How many of the layers each member uses, deepest first; None for all of them.

    See Also
    --------
    MemberDraws : Draws for each member by itself.
    Sharing : What a way of your own is a subclass of.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.nn import HiddenUnits, MemberDraws
    >>> draws = MemberDraws([3, 4], torch.Generator().manual_seed(0))
    >>> units = HiddenUnits("relu", 5, 0.1, draws)
    >>> layers = units.drop(units.layers((2,), [4, 8, 8]))
    >>> [tuple(layer.weight.shape) for layer in layers]
    [(2, 4, 8), (2, 8, 8)]

    The second member leaves the second layer out:

    >>> units = HiddenUnits("relu", 5, 0.1, draws, depth=(2, 1))
    >>> [tuple(layer.weight.shape) for layer in units.layers((2,), [4, 8, 8])]
    [(2, 4, 8), (1, 8, 8)]
    """

    activation: str
    maxout_pieces: int
    dropout: float | Sequence[float]
    draws: MemberDraws
    depth: tuple[int, ...] | None = None

    @property
    def generator(self) -> torch.Generator:
        """What all members draw together comes from here, as do seeds of dropout."""
        return self.draws.generator

    def layers(
        self, stack: tuple[int, ...], widths: Sequence[int], *, mirrored: bool = False
    ) -> nn.ModuleList:
        """Make layers from each width to the next, which drop nothing yet.

        Parameters
        ----------
        stack : tuple of int
            (K,), or (K, T).
        widths : sequence of int
            Of what the first layer reads, and of each layer.
        mirrored : bool, default=False
            Whether members that use fewer layers leave out the first ones, as a decoder
            does, rather than the last ones.

        Returns
        -------
        ModuleList of HiddenLayer
            One a pair of neighbouring widths.
        """
        pairs = list(pairwise(widths))
        if self.depth is None:
            return nn.ModuleList(self.layer(stack, *pair) for pair in pairs)
        self._check_counts(len(pairs))
        n_using = [sum(d > i for d in self.depth) for i in range(len(pairs))]
        return nn.ModuleList(
            self._layer_of_first(n, stack, *pair)
            for n, pair in zip(
                n_using[::-1] if mirrored else n_using, pairs, strict=True
            )
        )

    def layer(self, stack: tuple[int, ...], n_inputs: int, n_units: int) -> HiddenLayer:
        """Make one layer, which all members use and which drops nothing yet.

        Parameters
        ----------
        stack : tuple of int
            (K,), or (K, T).
        n_inputs : int
            Numbers that each of its units reads.
        n_units : int
            Width of the layer.

        Returns
        -------
        HiddenLayer
            With weights that its members drew.
        """
        return HiddenLayer(
            stack,
            n_inputs,
            n_units,
            activation=self.activation,
            maxout_pieces=self.maxout_pieces,
            draws=self.draws,
        )

    def _layer_of_first(
        self, n_using: int, stack: tuple[int, ...], n_inputs: int, n_units: int
    ) -> HiddenLayer:
        n_members, *others = stack
        if n_using == n_members:
            return self.layer(stack, n_inputs, n_units)
        if n_inputs != n_units:
            raise ValueError(
                f"depth={self.depth} lets members leave out a layer from {n_inputs} to "
                f"{n_units} units, but one that some leave out keeps the width. Give "
                "hidden_layer_sizes from min(depth) on one width, and a reconstruction "
                "no n_units; or all members one depth."
            )
        return PartialHiddenLayer(
            (n_using, *others),
            n_units,
            n_members=n_members,
            activation=self.activation,
            maxout_pieces=self.maxout_pieces,
            draws=self.draws,
        )

    def _check_counts(self, n_layers: int) -> None:
        assert self.depth is not None
        deepest = max(self.depth)
        if n_layers != deepest:
            raise ValueError(
                f"depth={self.depth} counts {deepest} layers, but hidden.layers is "
                f"asked for {n_layers}. Make all of them by one call, other layers "
                "by hidden.layer, or give all members one depth."
            )

    def without_last_layer(self) -> HiddenUnits:
        """Count one layer less in each member.

        Returns
        -------
        HiddenUnits
            Itself where all members use all layers.
        """
        if self.depth is None:
            return self
        return replace(self, depth=tuple(d - 1 for d in self.depth))

    def of_one_depth(self) -> HiddenUnits:
        """Let all members use all layers.

        Returns
        -------
        HiddenUnits
            A copy; this one stays as it is.
        """
        return replace(self, depth=None)

    def drop(self, layers: nn.ModuleList) -> nn.ModuleList:
        """Let the units of layers be dropped, by draws of one generator.

        Parameters
        ----------
        layers : ModuleList of HiddenLayer
            Changed in place.

        Returns
        -------
        ModuleList of HiddenLayer
            `layers`.
        """
        dropout = Dropout(self.dropout, self.generator)
        for layer in layers:
            layer.dropout = dropout
        return layers

    @property
    def n_maps(self) -> int:
        """Linear maps that one unit is made of."""
        return activation_of(self.activation, self.maxout_pieces).n_inputs


def layers_used(
    depth: Sequence[int] | None, n_layers: int
) -> tuple[int, tuple[int, ...] | None]:
    """Tell how many layers are made, and how many each member uses if that differs.

    Parameters
    ----------
    depth : sequence of int, or None for all layers
        Layers that each member uses.
    n_layers : int
        Layers that there are.
    """
    if depth is None:
        return n_layers, None
    depth = tuple(int(d) for d in depth)
    if not all(1 <= d <= n_layers for d in depth):
        raise ValueError(
            f"depth={depth} has entries that are not between 1 and {n_layers}, the "
            "number of hidden_layer_sizes. Let each member use 1 or more of them."
        )
    if list(depth) != sorted(depth, reverse=True):
        raise ValueError(f"depth={depth} is not sorted. Put the deepest members first.")
    return max(depth), None if len(set(depth)) == 1 else depth
