"""Activation functions by name, with the gain that keeps the scale of signals."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional as F


def identity(x: torch.Tensor) -> torch.Tensor:
    """Return `x` as it is."""
    return x


ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "identity": identity,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "silu": F.silu,
    "gelu": F.gelu,
    "selu": F.selu,
    "mish": F.mish,
}
"""The names are MLPRegressor's where it has them, torch's otherwise."""

GAIN = {"identity": 1.0, "logistic": 1.0, "tanh": 5 / 3, "selu": 1.0}
"""Standard deviation of weights times sqrt(fan-in); sqrt(2) where not named."""


def gain(activation: str) -> float:
    """Gain of the initial weights in front of an activation (He et al. 2015)."""
    return GAIN.get(activation, 2**0.5)
