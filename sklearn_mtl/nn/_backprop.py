"""Forward and backward pass of a `MultiTaskNetwork`, written out by hand.

A step of a small network takes less time in arithmetic than autograd takes to record
it. The passes here call the few operators that the arithmetic needs, on tensors that
are looked up once: a `Backprop` is made anew whenever the memory of parameters or
gradients may have changed.
"""

from __future__ import annotations

from typing import Any

import torch

from sklearn_mtl.nn._activations import Activation, activation_of
from sklearn_mtl.nn._heads import MixedHeads, PrivateHeads
from sklearn_mtl.nn._layers import Dropout
from sklearn_mtl.nn._network import MultiTaskNetwork, per_member
from sklearn_mtl.nn._pieces import append_pieces

Tensor = torch.Tensor


class Forward:
    """Raw outputs of a network, without dropout, in a number format of choice.

    Parameters
    ----------
    network : MultiTaskNetwork
    device : torch.device or None
    dtype : torch.dtype or None
        None stands for those of the parameters, whose memory is then shared.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.nn import Forward, MultiTaskNetwork
    >>> network = MultiTaskNetwork(
    ...     n_members=1,
    ...     n_features=2,
    ...     task_of_output=np.array([0]),
    ...     prior_raw=np.array([0.5]),
    ...     hidden_layer_sizes=(3,),
    ...     generator=torch.Generator().manual_seed(0),
    ... )
    >>> Forward(network, dtype=torch.float64).forward(torch.zeros(1, 2).double())
    tensor([[[0.5000]]], dtype=torch.float64)
    """

    def __init__(
        self,
        network: MultiTaskNetwork,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        to = {"device": device, "dtype": dtype}
        trunk = network.trunk
        activation = activation_of(trunk.activation, trunk.maxout_pieces)
        self._hidden = [_HiddenPass(layer, activation, to) for layer in trunk.layers]
        self._heads = _heads_pass(network.heads, to)
        self._latent: _LinearPass | None = None
        if network.latent is not None:
            self._latent = _LinearPass(network.latent.layer, to)
        self._n_members, self._n_shared = network.n_members, network.n_shared
        self._pieces: list[Tensor] = []
        if network.pieces is not None:
            self._pieces = [_converted(b, to) for b in network.pieces.buffers()]

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, d), or (K, B, d), to raw outputs (K, B, C)."""
        return self._heads.forward(self.shared(features))

    def shared(self, features: Tensor) -> Tensor:
        """Map features (B, d), or (K, B, d), to the shared units (K, B, h)."""
        hidden = self._first_input(features)
        for layer in self._hidden:
            hidden = layer.forward(hidden)
        if self._latent is not None:
            hidden = self._latent.forward(hidden)  # their means stand first
        if hidden.shape[-1] > self._n_shared:
            hidden = hidden[..., : self._n_shared]
        return hidden

    def _first_input(self, features: Tensor) -> Tensor:
        if self._pieces:
            features = append_pieces(features, *self._pieces)
        return per_member(features, self._n_members)


class Backprop(Forward):
    """Raw outputs of a network, and the gradients of all parameters that are trained.

    Gradients are written to ``grad`` of the parameters, over what is there.

    Parameters
    ----------
    network : MultiTaskNetwork
        In training mode where units shall be dropped; without a decoder.

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
        super().__init__(network)
        # The gradient of the first layer's input is of no use.
        self._heads.prepare_backward(bool(self._hidden))
        for place, layer in enumerate(self._hidden):
            layer.prepare_backward(place > 0)
            layer.drop(network.trunk.dropout)
        self._input_dropout = _if_it_drops(network.input_dropout)
        self._input_noise = network.input_noise

    def _first_input(self, features: Tensor) -> Tensor:
        if self._input_noise is not None:
            features = self._input_noise(features)
        features = super()._first_input(features)
        dropout = self._input_dropout
        return features if dropout is None else features * dropout.mask(features)

    def backward(self, upstream: Tensor) -> None:
        """Set the gradients that follow from that of the raw outputs, (K, B, C).

        Call it after `forward`, once; `upstream` may be overwritten.
        """
        upstream = self._heads.backward(upstream)
        for layer in reversed(self._hidden):
            upstream = layer.backward(upstream)


class _LinearPass:
    """A `StackedLinear`; all maps of the stack on one axis, S."""

    is_differentiated = False

    def __init__(self, layer: Any, to: dict[str, Any]) -> None:
        self.layer = layer
        self.weight = _flat(layer.weight).to(**to)
        self.bias = _flat(layer.bias).to(**to)

    def prepare_backward(self, needs_input: bool) -> None:
        """Look up where gradients go, and whether that of the input is wanted."""
        self.is_differentiated = True
        self.weight_gradient = _gradient_of(self.layer.weight)
        self.bias_gradient = _gradient_of(self.layer.bias)
        self.transposed = self.weight.transpose(1, 2) if needs_input else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (S, B, n_inputs) to (S, B, n_outputs)."""
        if self.is_differentiated:
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

    dropout: Dropout | None = None

    def __init__(self, layer: Any, activation: Activation, to: dict[str, Any]) -> None:
        super().__init__(layer, to)
        self.activation = activation

    def drop(self, dropout: Dropout) -> None:
        """Drop units in the passes to come, if `dropout` is in training mode."""
        self.dropout = _if_it_drops(dropout)

    def forward(self, x: Tensor) -> Tensor:
        before = super().forward(x)
        after = self.activation.value(before)
        if self.is_differentiated:
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

    def __init__(self, heads: PrivateHeads, to: dict[str, Any]) -> None:
        self.n_tasks, self.one_output_each = heads.n_tasks, heads.one_output_each
        self.task_of_output = heads.task_of_output.to(to["device"])
        activation = activation_of(heads.activation, heads.maxout_pieces)
        self.first = _HiddenPass(heads.first, activation, to)
        self.inner = [_HiddenPass(layer, activation, to) for layer in heads.inner]
        self.last = _LinearPass(heads.last, to)
        self.dropout = heads.dropout

    def prepare_backward(self, needs_input: bool) -> None:
        """Look up where gradients go, and whether that of the input is wanted."""
        self.first.prepare_backward(needs_input)
        self.last.prepare_backward(True)
        for layer in self.inner:
            layer.prepare_backward(True)
        for layer in (self.first, *self.inner):
            layer.drop(self.dropout)

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


class _MixedHeadsPass:
    """The groups of `MixedHeads`, one after the other."""

    def __init__(self, heads: MixedHeads, to: dict[str, Any]) -> None:
        self.groups = [_heads_pass(group, to) for group in heads.groups]
        self.order = heads.order.to(to["device"])
        self.inverse = heads.inverse.to(to["device"])
        self.n_outputs_of_group = heads.n_outputs_of_group

    def prepare_backward(self, needs_input: bool) -> None:
        """Look up where gradients go, and whether that of the input is wanted."""
        self.needs_input = needs_input
        for group in self.groups:
            group.prepare_backward(needs_input)

    def forward(self, shared: Tensor) -> Tensor:
        """Map shared units (K, B, h) to raw outputs (K, B, C)."""
        raw = torch.cat([group.forward(shared) for group in self.groups], dim=-1)
        return raw.index_select(-1, self.inverse)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all groups; return that of the shared units."""
        by_group = upstream.index_select(-1, self.order)
        parts = by_group.split(self.n_outputs_of_group, dim=-1)
        gradients = [
            group.backward(part) for group, part in zip(self.groups, parts, strict=True)
        ]
        total = gradients[0]
        if self.needs_input:
            for gradient in gradients[1:]:
                total = total.add_(gradient)
        return total


def _heads_pass(
    heads: Any, to: dict[str, Any]
) -> _LinearPass | _PrivateHeadsPass | _MixedHeadsPass:
    if isinstance(heads, MixedHeads):
        return _MixedHeadsPass(heads, to)
    if isinstance(heads, PrivateHeads):
        return _PrivateHeadsPass(heads, to)
    return _LinearPass(heads, to)


def _if_it_drops(dropout: Dropout | None) -> Dropout | None:
    drops = dropout is not None and dropout.training and dropout.p > 0
    return dropout if drops else None


def _converted(values: Tensor, to: dict[str, Any]) -> Tensor:
    """Move to a device and, unless they are positions, to a number format."""
    if values.is_floating_point():
        return values.to(**to)
    return values.to(to["device"])


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
