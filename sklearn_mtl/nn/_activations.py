"""Activation functions by name: value, gradient, and gain of the weights before."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
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
        What autograd can follow and modules with hooks may call.
    in_place : callable
        The same for passes; may overwrite its argument where the gradient reads the
        output alone.
    gradient : callable
        ``gradient(upstream, kept)``, the gradient into the function's input; `kept` is
        what `reads_output` says.
    reads_output : bool
        Whether the gradient is told from the output rather than from the input.
    gain : float
        Standard deviation of the weights before it times sqrt(fan-in), which keeps
        the scale of signals (He et al. 2015).
    n_inputs : int
        Linear maps that the function makes one unit of.
    """

    value: Callable[[Tensor], Tensor]
    in_place: Callable[[Tensor], Tensor]
    gradient: Callable[[Tensor, Tensor], Tensor]
    reads_output: bool
    gain: float = 2**0.5
    n_inputs: int = 1


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


def _identity(x: Tensor) -> Tensor:
    return x


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(
        _identity, _identity, lambda upstream, _: upstream, True, 1.0
    ),
    "logistic": Activation(
        torch.sigmoid, torch.sigmoid_, aten.sigmoid_backward, True, 1.0
    ),
    "tanh": Activation(torch.tanh, torch.tanh_, aten.tanh_backward, True, 5 / 3),
    "relu": Activation(torch.relu, torch.relu_, _relu_gradient, True),
    "silu": Activation(F.silu, F.silu, aten.silu_backward, False),
    "gelu": Activation(F.gelu, F.gelu, aten.gelu_backward, False),
    "selu": Activation(torch.selu, torch.selu_, _selu_gradient, True, 1.0),
    "mish": Activation(F.mish, F.mish, aten.mish_backward, False),
}
"""The names are MLPRegressor's where it has them, torch's otherwise."""


MAXOUT = "maxout"
"""Not a function of one number: the largest of several linear maps."""


def activation_of(name: str, maxout_pieces: int) -> Activation:
    """Look an activation up; `maxout_pieces` is read by "maxout" only.

    Maxout (Goodfellow et al. 2013) takes the largest of that many linear maps.
    """
    return maxout(maxout_pieces) if name == MAXOUT else ACTIVATIONS[name]


@cache
def maxout(n_pieces: int) -> Activation:
    """Make the activation whose unit j is the largest of maps j, j + h, j + 2 h ..."""
    largest = partial(_largest, n_pieces=n_pieces)
    return Activation(
        largest,
        largest,
        partial(_maxout_gradient, n_pieces=n_pieces),
        reads_output=False,
        gain=_maxout_gain(n_pieces),
        n_inputs=n_pieces,
    )


def _largest(x: Tensor, n_pieces: int) -> Tensor:
    return x.unflatten(-1, (n_pieces, -1)).max(dim=-2).values


def _maxout_gradient(upstream: Tensor, before: Tensor, n_pieces: int) -> Tensor:
    """Give the gradient to the piece that was largest."""
    pieces = before.unflatten(-1, (n_pieces, -1))
    largest = pieces.max(dim=-2, keepdim=True).indices
    gradient = torch.zeros_like(pieces)
    gradient.scatter_(-2, largest, upstream.unsqueeze(-2))
    return gradient.flatten(-2)


def _maxout_gain(n_pieces: int) -> float:
    """Gain that keeps the mean square of signals: that of the largest normal is known.

    The density of the largest of p standard normal numbers is p phi Phi^(p-1).
    """
    x = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    normal = torch.distributions.Normal(torch.zeros_like(x), torch.ones_like(x))
    density = n_pieces * normal.log_prob(x).exp() * normal.cdf(x) ** (n_pieces - 1)
    return float(torch.trapezoid(x.square() * density, x) ** -0.5)
