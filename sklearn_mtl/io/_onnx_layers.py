"""Layers of a network as nodes of an ONNX graph.

Members are the first axis of all values, of length 1 where all read the same. Products
are in float64, as `predict` has them; weights keep their own number format in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from sklearn_mtl.io._onnx_graph import Graph, known_form, refuse
from sklearn_mtl.nn import MAXOUT, HiddenLayer, PartialHiddenLayer, StackedLinear
from sklearn_mtl.nn._activations import SELU_ALPHA, SELU_SCALE

Form = Callable[[Graph, Any, str], str]


def add_part(graph: Graph, part: nn.Module, x: str, forms: dict[type, Form]) -> str:
    """Append the form of a part of a network to what it reads."""
    form = known_form(part, forms, ("forward",))
    if form is None:
        raise refuse(
            f"{type(part).__name__}, a part of the network,",
            "Only layers and ways of sharing of sklearn_mtl.nn can; trace net_.module_ "
            "with torch.onnx.export for the network without encoder and links.",
        )
    found: str = form(graph, part, x)
    return found


def array_of(tensor: torch.Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array


def doubled(graph: Graph, array: np.ndarray) -> Any:
    """Let weights be stored as they are, and computed with in float64."""
    return array if array.dtype == np.float64 else graph.cast(array, np.float64)


def linear(graph: Graph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    product = graph.op("MatMul", x, doubled(graph, weight))
    return graph.op("Add", product, doubled(graph, bias))


def add_layer(graph: Graph, layer: nn.Module, x: str) -> str:
    """Append a linear or hidden layer."""
    return add_part(graph, layer, x, LAYERS)


def stacked_linear(graph: Graph, layer: Any, x: str) -> str:
    return linear(graph, x, array_of(layer.weight), array_of(layer.bias))


def _hidden(graph: Graph, layer: Any, x: str) -> str:
    maps = stacked_linear(graph, layer, x)
    return activated(graph, layer, maps, layer.weight.ndim)


def _partial(graph: Graph, layer: Any, x: str) -> str:
    n_using, rank = len(layer.weight), layer.weight.ndim
    if n_using == layer.n_members:
        return _hidden(graph, layer, x)
    shape = np.ones(rank, np.int64)
    shape[0] = layer.n_members
    x = graph.op("Expand", x, shape)
    if not n_using:
        return x
    using = graph.take(x, np.arange(n_using), 0)
    others = graph.take(x, np.arange(n_using, layer.n_members), 0)
    return graph.join([_hidden(graph, layer, using), others], 0)


def activated(graph: Graph, layer: Any, maps: str, rank: int) -> str:
    if layer.activation == MAXOUT:
        shape = np.array([0] * (rank - 1) + [layer.maxout_pieces, -1])
        pieces = graph.op("Reshape", maps, shape)
        return graph.op("ReduceMax", pieces, np.array([-2]), keepdims=0)
    return ACTIVATED[layer.activation](graph, maps)


def _gelu(graph: Graph, x: str) -> str:
    # Runtimes have the error function in float32 only.
    scaled = graph.cast(graph.op("Mul", x, np.array(0.5**0.5)), np.float32)
    erf = graph.cast(graph.op("Erf", scaled), np.float64)
    share = graph.op("Mul", graph.op("Add", erf, np.array(1.0)), np.array(0.5))
    return graph.op("Mul", x, share)


def _selu(graph: Graph, x: str) -> str:
    # Attributes of ONNX's own operator are float32.
    below = graph.op("Exp", graph.op("Min", x, np.array(0.0)))
    below = graph.op("Mul", graph.op("Sub", below, np.array(1.0)), np.array(SELU_ALPHA))
    both = graph.op("Add", graph.op("Relu", x), below)
    return graph.op("Mul", both, np.array(SELU_SCALE))


def _silu(graph: Graph, x: str) -> str:
    return graph.op("Mul", x, graph.op("Sigmoid", x))


def _mish(graph: Graph, x: str) -> str:
    return graph.op("Mul", x, graph.op("Tanh", graph.op("Softplus", x)))


ACTIVATED: dict[str, Callable[[Graph, str], str]] = {
    "identity": lambda graph, x: x,
    "logistic": lambda graph, x: graph.op("Sigmoid", x),
    "tanh": lambda graph, x: graph.op("Tanh", x),
    "relu": lambda graph, x: graph.op("Relu", x),
    "silu": _silu,
    "gelu": _gelu,
    "selu": _selu,
    "mish": _mish,
}

LAYERS: dict[type, Form] = {
    StackedLinear: stacked_linear,
    HiddenLayer: _hidden,
    PartialHiddenLayer: _partial,
}
