"""Activation functions by name: value, gradient, and gain of the weights before."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn import functional as F

Tensor = torch.Tensor
aten = torch.ops.aten

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


class Activation(NamedTuple):
    """A function of each unit, and its gradient by hand.

    Attributes
    ----------
    value : callable
        May overwrite its argument where the gradient reads the output alone.
    gradient : callable
        ``gradient(upstream, kept)``, the gradient into the function's input; `kept` is
        what `reads_output` says.
    reads_output : bool
        Whether the gradient is told from the output rather than from the input.
    gain : float
        Standard deviation of the weights before it times sqrt(fan-in), which keeps
        the scale of signals (He et al. 2015).
    """

    value: Callable[[Tensor], Tensor]
    gradient: Callable[[Tensor, Tensor], Tensor]
    reads_output: bool
    gain: float = 2**0.5


def _relu_gradient(upstream: Tensor, output: Tensor) -> Tensor:
    gradient: Tensor = aten.threshold_backward.grad_input(
        upstream, output, 0, grad_input=upstream
    )
    return gradient


def _selu_gradient(upstream: Tensor, output: Tensor) -> Tensor:
    gradient: Tensor = aten.elu_backward(
        upstream, SELU_ALPHA, SELU_SCALE, 1.0, True, output
    )
    return gradient


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda x: x, lambda upstream, _: upstream, True, 1.0),
    "logistic": Activation(torch.sigmoid_, aten.sigmoid_backward, True, 1.0),
    "tanh": Activation(torch.tanh_, aten.tanh_backward, True, 5 / 3),
    "relu": Activation(torch.relu_, _relu_gradient, True),
    "silu": Activation(F.silu, aten.silu_backward, False),
    "gelu": Activation(F.gelu, aten.gelu_backward, False),
    "selu": Activation(torch.selu_, _selu_gradient, True, 1.0),
    "mish": Activation(F.mish, aten.mish_backward, False),
}
"""The names are MLPRegressor's where it has them, torch's otherwise."""
