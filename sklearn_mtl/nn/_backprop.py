"""Forward and backward pass of a `MultiTaskNetwork`, written out by hand.

A step of a small network takes less time in arithmetic than autograd takes to record
it. The passes here call the few operators that the arithmetic needs, on tensors that
are looked up once: a `Backprop` is made anew whenever the memory of parameters or
gradients may have changed.
"""

from __future__ import annotations

from typing import Any

import torch

from sklearn_mtl.nn._activations import ACTIVATIONS
from sklearn_mtl.nn._layers import Dropout
from sklearn_mtl.nn._network import MultiTaskNetwork, PrivateHeads

Tensor = torch.Tensor


class Backprop:
    """Gradients of all parameters that are trained.

    Gradients are written to ``grad`` of the parameters, over what is there.

    Parameters
    ----------
    network : MultiTaskNetwork
        In training mode where units shall be dropped.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.nn import Backprop, MultiTaskNetwork
    >>> network = MultiTaskNetwork(
    ...     n_members=1,
    ...     n_features=2,
    ...     task_of_output=np.array([0]),
    ...     prior_raw=np.zeros(1),
    ...     hidden_layer_sizes=(),
    ...     generator=torch.Generator().manual_seed(0),
    ... )
    >>> backprop = Backprop(network)
    >>> raw = backprop.forward(torch.tensor([[1.0, 2.0]]))
    >>> backprop.backward(torch.ones_like(raw))
    >>> network.heads.weight.grad.squeeze()
    tensor([1., 2.])
    """

    def __init__(self, network: MultiTaskNetwork) -> None:
        trunk = network.trunk
        self._hidden = [
            _HiddenPass(layer, trunk.activation, trunk.dropout, place > 0)
            for place, layer in enumerate(trunk.layers)
        ]
        self._heads: _PrivateHeadsPass | _LinearPass
        if isinstance(network.heads, PrivateHeads):
            self._heads = _PrivateHeadsPass(network.heads, bool(self._hidden))
        else:
            self._heads = _LinearPass(network.heads, bool(self._hidden))
        self._n_members = network.n_members

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, d), or (K, B, d), to raw outputs (K, B, C)."""
        hidden = features
        if features.ndim == 2:
            hidden = features.expand(self._n_members, -1, -1)
        for layer in self._hidden:
            hidden = layer.forward(hidden)
        return self._heads.forward(hidden)

    def backward(self, upstream: Tensor) -> None:
        """Set the gradients that follow from that of the raw outputs, (K, B, C).

        Call it after `forward`, once; `upstream` may be overwritten.
        """
        upstream = self._heads.backward(upstream)
        for layer in reversed(self._hidden):
            upstream = layer.backward(upstream)


class _LinearPass:
    """A `StackedLinear`; all maps of the stack on one axis, S."""

    def __init__(self, layer: Any, needs_input: bool) -> None:
        self.weight, self.bias = _flat(layer.weight), _flat(layer.bias)
        self.weight_gradient = _gradient_of(layer.weight)
        self.bias_gradient = _gradient_of(layer.bias)
        # The gradient of the first layer's input is of no use.
        self.transposed = self.weight.transpose(1, 2) if needs_input else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, B, n_inputs) to (S, B, n_outputs)."""
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


class _HiddenPass(_LinearPass):
    """A linear map, its activation and dropout."""

    def __init__(
        self,
        layer: Any,
        activation: str,
        dropout: Dropout,
        needs_input: bool,
    ) -> None:
        super().__init__(layer, needs_input)
        self.activation = ACTIVATIONS[activation]
        self.dropout = dropout if dropout.training and dropout.p else None

    def forward(self, x: Tensor) -> Tensor:
        before = super().forward(x)
        after = self.activation.value(before)
        self.kept = after if self.activation.reads_output else before
        if self.dropout is None:
            return after
        self.mask = self.dropout.mask(after)
        return after * self.mask

    def backward(self, upstream: Tensor) -> Tensor:
        if self.dropout is not None:
            upstream = upstream.mul_(self.mask)
        return super().backward(self.activation.gradient(upstream, self.kept))


class _PrivateHeadsPass:
    """The layers of `PrivateHeads`, all tasks together."""

    def __init__(self, heads: PrivateHeads, needs_input: bool) -> None:
        shape = heads.activation, heads.dropout
        self.n_tasks, self.task_of_output = heads.n_tasks, heads.task_of_output
        self.one_output_each = heads.one_output_each
        self.first = _HiddenPass(heads.first, *shape, needs_input)
        self.inner = [_HiddenPass(layer, *shape, True) for layer in heads.inner]
        self.last = _LinearPass(heads.last, True)

    def forward(self, shared: Tensor) -> Tensor:
        """Map shared units (K, B, h) to raw outputs (K, B, C)."""
        n_members, n_rows, _ = shared.shape
        hidden = self.first.forward(shared).view(n_members, n_rows, self.n_tasks, -1)
        hidden = hidden.transpose(1, 2).flatten(0, 1)
        for layer in self.inner:
            hidden = layer.forward(hidden)
        if not self.one_output_each:
            by_task = hidden.view(n_members, self.n_tasks, n_rows, -1)
            hidden = by_task.index_select(1, self.task_of_output).flatten(0, 1)
        raw = self.last.forward(hidden)
        return raw.view(n_members, -1, n_rows).transpose(1, 2)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all layers; return that of the shared units."""
        n_members, n_rows, n_outputs = upstream.shape
        by_output = upstream.transpose(1, 2).reshape(-1, n_rows, 1)
        hidden = self.last.backward(by_output)
        if not self.one_output_each:
            shape = n_members, self.n_tasks, n_rows, hidden.shape[-1]
            hidden = hidden.view(n_members, n_outputs, n_rows, -1)
            by_task = hidden.new_zeros(shape)
            by_task.index_add_(1, self.task_of_output, hidden)
            hidden = by_task.flatten(0, 1)
        for layer in reversed(self.inner):
            hidden = layer.backward(hidden)
        by_row = hidden.view(n_members, self.n_tasks, n_rows, -1).transpose(1, 2)
        return self.first.backward(by_row.flatten(2))


def _flat(parameter: Tensor) -> Tensor:
    """Put all maps of a stack on one axis, as batched products have it."""
    return parameter.detach().view(-1, *parameter.shape[-2:])


def _gradient_of(parameter: Tensor) -> Tensor | None:
    """Memory that the gradient is written to; None where none is wanted."""
    if not parameter.requires_grad:
        return None
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter, requires_grad=False)
    return _flat(parameter.grad)
