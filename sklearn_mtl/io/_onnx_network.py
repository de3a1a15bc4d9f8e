"""The layers of a network as an ONNX graph, from features to raw outputs.

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
from sklearn_mtl.nn import (
    MAXOUT,
    HardSharing,
    HiddenLayer,
    Latent,
    MultiTaskNetwork,
    PartialHiddenLayer,
    PiecewiseLinear,
    StackedLinear,
)
from sklearn_mtl.nn._activations import SELU_ALPHA, SELU_SCALE
from sklearn_mtl.nn._inputs import Inputs
from sklearn_mtl.nn._linear_heads import LinearHeads
from sklearn_mtl.nn._mixed_heads import MixedHeads
from sklearn_mtl.nn._private_heads import PrivateHeads


def add_network(graph: Graph, module: nn.Module, features: str) -> str:
    """Map features (n_rows, d) to raw outputs (K, n_rows, C), both in float64."""
    return _add(graph, module, features)


def _add(graph: Graph, part: nn.Module, x: str) -> str:
    add = known_form(part, LAYERS, ("forward",))
    if add is None:
        raise refuse(
            f"{type(part).__name__}, a part of the network,",
            "Only layers of sklearn_mtl.nn and sharing='hard' can; trace net_.module_ "
            "with torch.onnx.export for the network without encoder and links.",
        )
    found: str = add(graph, part, x)
    return found


def _array(tensor: torch.Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array


def _double(graph: Graph, array: np.ndarray) -> Any:
    """Let weights be stored as they are, and computed with in float64."""
    return array if array.dtype == np.float64 else graph.cast(array, np.float64)


def _linear(graph: Graph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    product = graph.op("MatMul", x, _double(graph, weight))
    return graph.op("Add", product, _double(graph, bias))


def _network(graph: Graph, network: Any, x: str) -> str:
    units = _add(graph, network.sharing, _add(graph, network.inputs, x))
    if network.latent is not None:
        units = _add(graph, network.latent, units)
    if network.reconstruction is not None:
        units = graph.take(units, np.arange(network.n_shared), -1)
    return _add(graph, network.heads, units)


def _inputs(graph: Graph, inputs: Any, x: str) -> str:
    if inputs.bins is not None:
        x = _add(graph, inputs.bins, x)
    return graph.op("Unsqueeze", x, np.array([0]))


def _bins(graph: Graph, bins: Any, x: str) -> str:
    begin, slope, shift, low, high = (
        _array(values).astype(np.float64)
        for values in (bins.begin, bins.slope, bins.shift, bins.low, bins.high)
    )
    bent = graph.op("Sub", graph.take(x, _array(bins.feature), -1), begin)
    bent = graph.op("Add", graph.op("Mul", bent, slope), shift)
    bent = graph.op("Min", graph.op("Max", bent, low), high)
    return graph.join([x, bent], -1)


def _stacked_linear(graph: Graph, layer: Any, x: str) -> str:
    return _linear(graph, x, _array(layer.weight), _array(layer.bias))


def _hidden(graph: Graph, layer: Any, x: str) -> str:
    maps = _stacked_linear(graph, layer, x)
    return _activated(graph, layer, maps, layer.weight.ndim)


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


def _sharing(graph: Graph, sharing: Any, x: str) -> str:
    for layer in sharing.layers:
        x = _add(graph, layer, x)
    return x


def _latent(graph: Graph, latent: Any, x: str) -> str:
    weight, bias = _array(latent.layer.weight), _array(latent.layer.bias)
    n_units = weight.shape[-1] // 2  # means, before the logarithms of variances
    return _linear(graph, x, weight[..., :n_units], bias[..., :n_units])


def _linear_heads(graph: Graph, heads: Any, units: str) -> str:
    return _stacked_linear(graph, heads.output, units)


def _private_heads(graph: Graph, heads: Any, units: str) -> str:
    """Give each task its part of the first layer, as a map of its own."""
    n_tasks, first = len(heads.tasks), heads.first
    units = graph.op("Unsqueeze", units, np.array([1]))
    weight, bias = (
        _by_task(_array(p), n_tasks, heads.n_pieces) for p in (first.weight, first.bias)
    )
    hidden = _activated(graph, first, _linear(graph, units, weight, bias), 4)
    for layer in heads.inner:
        hidden = _add(graph, layer, hidden)
    if not heads.one_output_each:
        hidden = graph.take(hidden, heads.rank_of_output, 1)
    by_output = graph.op("Squeeze", _add(graph, heads.last, hidden), np.array([3]))
    return graph.op("Transpose", by_output, perm=[0, 2, 1])


def _by_task(maps: np.ndarray, n_tasks: int, n_pieces: int) -> np.ndarray:
    """Take (K, i, p * T * s) apart to (K, T, i, p * s)."""
    n_members, n_inputs, _ = maps.shape
    parts = maps.reshape(n_members, n_inputs, n_pieces, n_tasks, -1)
    return np.moveaxis(parts, 3, 1).reshape(n_members, n_tasks, n_inputs, -1)


def _mixed_heads(graph: Graph, heads: Any, units: str) -> str:
    raw = graph.join([_add(graph, group, units) for group in heads.groups], -1)
    return graph.take(raw, _array(heads.inverse), -1)


def _activated(graph: Graph, layer: Any, maps: str, rank: int) -> str:
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


Form = Callable[[Graph, Any, str], str]

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
    MultiTaskNetwork: _network,
    Inputs: _inputs,
    PiecewiseLinear: _bins,
    StackedLinear: _stacked_linear,
    HiddenLayer: _hidden,
    PartialHiddenLayer: _partial,
    HardSharing: _sharing,
    Latent: _latent,
    LinearHeads: _linear_heads,
    PrivateHeads: _private_heads,
    MixedHeads: _mixed_heads,
}
