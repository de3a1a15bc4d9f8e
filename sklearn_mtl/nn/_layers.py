"""Linear and hidden layers whose parameters hold one copy a member."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import nn

from sklearn_mtl.nn._activations import Activation, activation_of
from sklearn_mtl.nn._layer import Binding, Layer, Pass, gradient_of
from sklearn_mtl.nn._random import Dropout, MemberDraws

Tensor = torch.Tensor


class StackedLinear(Layer):
    """Linear maps of one shape, applied side by side.

    Parameters
    ----------
    stack : tuple of int
        How many maps: (K,) for one a member, (K, T) for one a member and task.
    n_inputs, n_outputs : int
    gain : float
        Standard deviation of the initial weights times sqrt(n_inputs).
    draws : MemberDraws
        Draws the initial weights.

    Attributes
    ----------
    weight : tensor of shape (*stack, n_inputs, n_outputs)
    bias : tensor of shape (*stack, 1, n_outputs)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        stack: tuple[int, ...],
        n_inputs: int,
        n_outputs: int,
        *,
        gain: float,
        draws: MemberDraws,
    ) -> None:
        super().__init__()
        weight = torch.empty(*stack, n_inputs, n_outputs, dtype=torch.float32)
        draws.normal_(weight, std=gain / math.sqrt(max(n_inputs, 1)))
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(*stack, 1, n_outputs, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
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

    def bind(self, binding: Binding) -> LinearPass:
        """Look up what the pass of these maps needs."""
        return LinearPass(self, binding)

    def extra_repr(self) -> str:
        """Show the shape in the representation of the module."""
        *stack, n_inputs, n_outputs = self.weight.shape
        return f"stack={tuple(stack)}, n_inputs={n_inputs}, n_outputs={n_outputs}"


class LinearPass(Pass):
    """Pass of a `StackedLinear`; all maps of the stack on one axis, S."""

    def __init__(self, layer: StackedLinear, binding: Binding) -> None:
        self.weight = _flat(binding.put(layer.weight))
        self.bias = _flat(binding.put(layer.bias))
        self.trains = binding.trains
        if binding.trains:
            weight, bias = gradient_of(layer.weight), gradient_of(layer.bias)
            self.weight_gradient = None if weight is None else _flat(weight)
            self.bias_gradient = None if bias is None else _flat(bias)
            self.transposed = (
                self.weight.transpose(1, 2) if binding.needs_input else None
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, B, n_inputs) to (S, B, n_outputs)."""
        if self.trains:
            self.x = x
        return torch.baddbmm(self.bias, x, self.weight)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of weight and bias; return that of the input."""
        if self.weight_gradient is not None:
            torch.bmm(self.x.transpose(1, 2), upstream, out=self.weight_gradient)
        if self.bias_gradient is not None:
            torch.sum(upstream, 1, keepdim=True, out=self.bias_gradient)
        if self.transposed is None:
            return upstream
        return torch.bmm(upstream, self.transposed)

    def products(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        n_tasks = upstream.shape[1]
        products = upstream.new_zeros(len(upstream), n_tasks, n_tasks)
        side_by_side = upstream.transpose(1, 2).flatten(2)  # (K, B, T * n_outputs)
        if self.weight_gradient is not None:
            of_weight = torch.bmm(self.x.transpose(1, 2), side_by_side)
            flat = of_weight.unflatten(2, (n_tasks, -1)).transpose(1, 2).flatten(2)
            products.baddbmm_(flat, flat.transpose(1, 2))
        if self.bias_gradient is not None:
            flat = upstream.sum(dim=2)
            products.baddbmm_(flat, flat.transpose(1, 2))
        if self.transposed is None:
            return products, upstream
        below = torch.bmm(upstream.flatten(1, 2), self.transposed)
        return products, below.unflatten(1, (n_tasks, -1))


class HiddenLayer(StackedLinear):
    """Linear maps, their activation and dropout.

    Parameters
    ----------
    stack : tuple of int
    n_inputs, n_units : int
    activation : str
        A name in `ACTIVATIONS`, or "maxout".
    maxout_pieces : int
        Linear maps that a unit is the largest of; read by "maxout" only.
    draws : MemberDraws
        Draws the initial weights.

    Attributes
    ----------
    dropout : Dropout or None
        Set by `HiddenUnits.drop`: the layers of one part of a network share one.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    dropout: Dropout | None

    def __init__(
        self,
        stack: tuple[int, ...],
        n_inputs: int,
        n_units: int,
        *,
        activation: str,
        maxout_pieces: int,
        draws: MemberDraws,
    ) -> None:
        function = activation_of(activation, maxout_pieces)
        super().__init__(
            stack,
            n_inputs,
            n_units * function.n_inputs,
            gain=function.gain,
            draws=draws,
        )
        self.activation, self.maxout_pieces = activation, maxout_pieces
        self.dropout = None

    @property
    def function(self) -> Activation:
        """The activation function."""
        return activation_of(self.activation, self.maxout_pieces)

    def forward(self, x: Tensor) -> Tensor:
        """Map (*stack, B, n_inputs) to hidden units (*stack, B, n_units)."""
        after = self.function.value(super().forward(x))
        return after if self.dropout is None else self.dropout(after)

    def bind(self, binding: Binding) -> HiddenPass:
        """Look up what the pass of the layer needs."""
        return HiddenPass(self, binding)


class HiddenPass(LinearPass):
    """Pass of a `HiddenLayer`; units are dropped if it is in training mode."""

    def __init__(self, layer: HiddenLayer, binding: Binding) -> None:
        super().__init__(layer, binding)
        self.activation = layer.function
        dropout = layer.dropout
        drops = binding.trains and dropout is not None and dropout.drops
        self.dropout = dropout if drops else None
        self.n_members = len(layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        before = super().forward(x)
        after = self.activation.in_place(before)
        if self.trains:
            self.kept = after if self.activation.reads_output else before
        if self.dropout is None:
            return after
        self.mask = self.dropout.mask(after, self.n_members)
        return after * self.mask

    def backward(self, upstream: Tensor) -> Tensor:
        return super().backward(self.through_activation(upstream))

    def through_activation(self, upstream: Tensor) -> Tensor:
        """Turn the gradient of the units, (S, B, n), into that of the linear maps.

        `upstream` is overwritten.
        """
        if self.dropout is not None:
            upstream = upstream.mul_(self.mask)
        return self.activation.gradient(upstream, self.kept)

    def products(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        if self.dropout is not None:
            upstream = upstream * self.mask.unsqueeze(1)
        else:
            upstream = upstream.clone()  # which the activation may overwrite
        kept = self.kept.unsqueeze(1).expand(-1, upstream.shape[1], -1, -1)
        return super().products(self.activation.gradient(upstream, kept))


def _flat(parameter: Tensor) -> Tensor:
    """Put all maps of a stack on one axis, as batched products have it."""
    return parameter.view(-1, *parameter.shape[-2:])
