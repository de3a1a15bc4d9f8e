"""Features as the first layer reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from sklearn_mtl.nn._binned import PiecewiseLinear
from sklearn_mtl.nn._layer import Binding, Layer, Pass
from sklearn_mtl.nn._random import Dropout, Noise

Tensor = torch.Tensor


class Stages:
    """Disturb features, put them in bins, drop some, one copy a member."""

    n_members: int
    noise: Any
    bins: Any
    dropout: Any

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, d), or (K, B, d), to (K, B, n_outputs)."""
        if self.noise is not None:
            features = self.noise(features)
        if self.bins is not None:
            features = self.bins(features)
        if features.ndim == 2:
            features = features.expand(self.n_members, -1, -1)
        if self.dropout is not None:
            features = self.dropout(features)
        return features


class Inputs(Stages, Layer):
    """Disturb features, put them in bins, drop some, one copy a member.

    Nothing here is trained.

    Parameters
    ----------
    n_members : int
        K.
    n_features : int
        d.
    bins : sequence of ndarray, or None
        Those of a `PiecewiseLinear`.
    dropout : float
        Share of the numbers that are dropped while training.
    noise : float
        Standard deviation of noise that is added to the features while training.
    generator : torch.Generator

    Attributes
    ----------
    n_outputs : int
        Numbers that the first layer reads.
    """

    of_members: ClassVar[tuple[str, ...]] = ("n_members",)

    def __init__(
        self,
        n_members: int,
        n_features: int,
        *,
        bins: Sequence[np.ndarray] | None,
        dropout: float,
        noise: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.n_members = n_members
        self.bins = None if bins is None else PiecewiseLinear(bins)
        self.n_outputs = n_features + (0 if self.bins is None else self.bins.n_bins)
        self.dropout = Dropout(dropout, generator) if dropout else None
        self.noise = Noise(noise, generator) if noise else None

    def bind(self, binding: Binding) -> InputsPass:
        """Look up what the pass needs."""
        return InputsPass(self, binding)


class InputsPass(Stages, Pass):
    """Pass of `Inputs`: there is nothing to go back to."""

    def __init__(self, inputs: Inputs, binding: Binding) -> None:
        self.n_members = inputs.n_members
        self.bins = None if inputs.bins is None else inputs.bins.bind(binding)
        self.noise = inputs.noise if binding.trains else None
        self.dropout = inputs.dropout if binding.trains else None

    def backward(self, upstream: Tensor) -> Tensor:
        return upstream
