"""Layers whose parameters hold one copy a member."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from sklearn_mtl.nn._activations import Activation


class StackedLinear(nn.Module):
    """Linear maps of one shape, applied side by side.

    Parameters
    ----------
    stack : tuple of int
        How many maps: (K,) for one a member, (K, T) for one a member and task.
    n_inputs, n_outputs : int
    gain : float
        Standard deviation of the initial weights times sqrt(n_inputs).
    generator : torch.Generator
        Draws the initial weights.

    Attributes
    ----------
    weight : tensor of shape (*stack, n_inputs, n_outputs)
    bias : tensor of shape (*stack, 1, n_outputs)
    """

    def __init__(
        self,
        stack: tuple[int, ...],
        n_inputs: int,
        n_outputs: int,
        *,
        gain: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        weight = torch.empty(*stack, n_inputs, n_outputs)
        weight.normal_(0.0, gain / math.sqrt(max(n_inputs, 1)), generator=generator)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(*stack, 1, n_outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (*stack, B, n_inputs), or (B, n_inputs) for all, to (*stack, B, out)."""
        *stack, n_inputs, n_outputs = self.weight.shape
        if x.ndim == 2:
            x = x.expand(*stack, *x.shape)
        mapped = torch.baddbmm(
            self.bias.view(-1, 1, n_outputs),
            x.reshape(-1, *x.shape[-2:]),
            self.weight.view(-1, n_inputs, n_outputs),
        )
        return mapped.view(*stack, -1, n_outputs)

    def extra_repr(self) -> str:
        """Show the shape in the representation of the module."""
        *stack, n_inputs, n_outputs = self.weight.shape
        return f"stack={tuple(stack)}, n_inputs={n_inputs}, n_outputs={n_outputs}"


def hidden_layer(
    stack: tuple[int, ...],
    n_inputs: int,
    n_units: int,
    function: Activation,
    generator: torch.Generator,
) -> StackedLinear:
    """Make the linear maps that an activation makes hidden units of."""
    return StackedLinear(
        stack,
        n_inputs,
        n_units * function.n_inputs,
        gain=function.gain,
        generator=generator,
    )


class Drawing(nn.Module):
    """A module that draws from a generator of its own, on the device of its input.

    Parameters
    ----------
    generator : torch.Generator
        Draws the seed.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.seed = int(torch.randint(2**31 - 1, (), generator=generator))
        self._generator: torch.Generator | None = None

    def generator_on(self, device: torch.device) -> torch.Generator:
        """Give the generator, made for the device of the first call."""
        if self._generator is None:
            self._generator = torch.Generator(device).manual_seed(self.seed)
        return self._generator

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the generator, which belongs to one device."""
        return {**super().__getstate__(), "_generator": None}


class Dropout(Drawing):
    """Dropout (Srivastava et al. 2014) that draws from a generator of its own.

    ``torch.nn.Dropout`` draws from the global generator, which threads share: two
    fits side by side would disturb each other's results.

    Parameters
    ----------
    p : float
        Share of elements that are zeroed while training.
    generator : torch.Generator
        Draws the seed; the elements are drawn on the device of the input.
    """

    def __init__(self, p: float, generator: torch.Generator) -> None:
        super().__init__(generator)
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zero a share `p` of the elements while training and scale up the others."""
        if not self.training or self.p == 0.0:
            return x
        return x * self.mask(x)

    def mask(self, like: torch.Tensor) -> torch.Tensor:
        """Draw the factors of the elements: 0, or 1 / (1 - p)."""
        generator = self.generator_on(like.device)
        if like.device.type == "cpu":
            keep = self._kept(like.numel(), generator).to(like.dtype).view(like.shape)
        else:
            keep = torch.empty_like(like).bernoulli_(1.0 - self.p, generator=generator)
        return keep.div_(1.0 - self.p)

    def _kept(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Draw whether each of n elements is kept: four by one random number.

        On the CPU, ``bernoulli_`` draws one by one, which takes as long as the layer.
        """
        bits = torch.empty(-(-n // 4), dtype=torch.int64)
        bits.random_(-(2**63), None, generator=generator)
        dropped = round(self.p * 2**16) - 2**15
        return bits.view(torch.int16)[:n].ge(dropped)

    def extra_repr(self) -> str:
        """Show the share in the representation of the module."""
        return f"p={self.p}"


class Noise(Drawing):
    """Normal noise from a generator of its own.

    Parameters
    ----------
    std : float
    generator : torch.Generator
        Draws the seed; the noise is drawn on the device of the input.
    """

    def __init__(self, std: float, generator: torch.Generator) -> None:
        super().__init__(generator)
        self.std = std

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add noise while training."""
        return x + self.draw(x).mul_(self.std) if self.training else x

    def draw(self, like: torch.Tensor) -> torch.Tensor:
        """Draw standard normal numbers."""
        return torch.empty_like(like).normal_(generator=self.generator_on(like.device))

    def extra_repr(self) -> str:
        """Show the scale in the representation of the module."""
        return f"std={self.std}"
