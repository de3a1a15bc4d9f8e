"""Products of the shared layers in a shorter number format than their weights."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn

from sklearn_mtl.nn._layer import Binding, Layer, Pass, gradient_of
from sklearn_mtl.nn._layers import HiddenLayer

Tensor = torch.Tensor


class LowPrecisionPass(Pass):
    """Pass of a layer that computes in another number format.

    Weights stay what they are, and so do their gradients and the steps on them (mixed
    precision, Micikevicius et al., ICLR 2018): once a step they are rounded to a copy,
    on which the layer's own pass works. What draws is not copied: draws go on.

    Parameters
    ----------
    layer : Layer
    binding : Binding
        Its `products` says the format.
    """

    def __init__(self, layer: Layer, binding: Binding) -> None:
        assert binding.products is not None
        self.format = binding.products
        rounded = _rounded_copy(layer, self.format)
        self.layer = rounded.bind(binding._replace(products=None))
        pairs = list(zip(layer.parameters(), rounded.parameters(), strict=True))
        self.weights = [(whole.detach(), short.detach()) for whole, short in pairs]
        trained = [pair for pair in pairs if binding.trains and pair[0].requires_grad]
        self.gradients = [_gradients_of(*pair) for pair in trained]

    def forward(self, x: Tensor) -> Tensor:
        for whole, short in self.weights:
            short.copy_(whole)
        return self.layer.forward(_rounded(x, self.format)).to(x.dtype)

    def backward(self, upstream: Tensor) -> Tensor:
        below = self.layer.backward(upstream.to(self.format))
        for whole, short in self.gradients:
            whole.copy_(short)
        return below.to(upstream.dtype)


def _gradients_of(whole: Tensor, short: Tensor) -> tuple[Tensor, Tensor]:
    found = gradient_of(whole), gradient_of(short)
    assert found[0] is not None
    assert found[1] is not None
    return found[0], found[1]


def bind_hidden(layer: Layer, binding: Binding) -> Pass:
    """Bind a layer, in the format of products where all of it stands rounding."""
    if binding.products is not None and is_hidden(layer):
        return LowPrecisionPass(layer, binding)
    return layer.bind(binding)


def is_hidden(part: nn.Module) -> bool:
    """Tell whether all that is trained in a part are hidden layers of this package.

    Of layers of others nobody knows whether they stand rounded weights.
    """
    if getattr(part, "compares_weights", False):
        return False
    trained = [one for one in part.modules() if _has_weights(one, recurse=False)]
    return bool(trained) and all(isinstance(one, HiddenLayer) for one in trained)


def _has_weights(part: nn.Module, *, recurse: bool = True) -> bool:
    return next(part.parameters(recurse=recurse), None) is not None


def _rounded(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Round features (K, B, d), once where all members read the same ones."""
    if x.stride(0) == 0:
        return x[:1].to(dtype).expand_as(x)
    return x.to(dtype)


def _rounded_copy(layer: Layer, dtype: torch.dtype) -> Layer:
    memo: dict[int, Any] = {
        id(part): part for part in layer.modules() if not _has_weights(part)
    }
    for parameter in layer.parameters():
        memo[id(parameter)] = nn.Parameter(
            parameter.detach().to(dtype), requires_grad=parameter.requires_grad
        )
    return deepcopy(layer, memo)
