"""The layers of a network as an ONNX graph, from features to raw outputs.

Members are the first axis of all values, of length 1 where all read the same. Products
are in float64, as `predict` has them; weights keep their own number format in the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from sklearn_mtl.io._onnx_graph import Graph
from sklearn_mtl.io._onnx_layers import (
    Form,
    activated,
    add_layer,
    add_part,
    array_of,
    doubled,
    linear,
    stacked_linear,
)
from sklearn_mtl.io._onnx_sharing import WAYS_OF_SHARING
from sklearn_mtl.nn import Latent, MultiTaskNetwork, PiecewiseLinear
from sklearn_mtl.nn._inputs import Inputs
from sklearn_mtl.nn._linear_heads import LinearHeads
from sklearn_mtl.nn._mixed_heads import MixedHeads
from sklearn_mtl.nn._private_heads import PrivateHeads


def add_network(graph: Graph, module: nn.Module, features: str) -> str:
    """Map features (n_rows, d) to raw outputs (K, n_rows, C), both in float64."""
    return _add(graph, module, features)


def _add(graph: Graph, part: nn.Module, x: str) -> str:
    return add_part(graph, part, x, FORMS)


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
        array_of(values).astype(np.float64)
        for values in (bins.begin, bins.slope, bins.shift, bins.low, bins.high)
    )
    bent = graph.op("Sub", graph.take(x, array_of(bins.feature), -1), begin)
    bent = graph.op("Add", graph.op("Mul", bent, slope), shift)
    bent = graph.op("Min", graph.op("Max", bent, low), high)
    return graph.join([x, bent], -1)


def _latent(graph: Graph, latent: Any, x: str) -> str:
    weight, bias = array_of(latent.layer.weight), array_of(latent.layer.bias)
    n_units = weight.shape[-1] // 2  # means, before the logarithms of variances
    return linear(graph, x, weight[..., :n_units], bias[..., :n_units])


def _linear_heads(graph: Graph, heads: Any, units: str) -> str:
    if not heads.by_task:
        return stacked_linear(graph, heads.output, units)
    own = graph.take(units, heads.task_of_output, 1)  # (K, C, n_rows, h)
    weight = np.swapaxes(array_of(heads.weight), 1, 2)[..., None]
    raw = graph.op("MatMul", own, doubled(graph, weight))
    raw = graph.op("Transpose", graph.op("Squeeze", raw, np.array([3])), perm=[0, 2, 1])
    return graph.op("Add", raw, doubled(graph, array_of(heads.bias)))


def _private_heads(graph: Graph, heads: Any, units: str) -> str:
    """Give each task its part of the first layer, as a map of its own."""
    n_tasks, first = len(heads.tasks), heads.first
    if heads.by_task:
        units = graph.take(units, heads.tasks, 1)
    else:
        units = graph.op("Unsqueeze", units, np.array([1]))
    weight, bias = (
        _by_task(array_of(maps), n_tasks, heads.n_pieces)
        for maps in (first.weight, first.bias)
    )
    hidden = activated(graph, first, linear(graph, units, weight, bias), 4)
    for layer in heads.inner:
        hidden = add_layer(graph, layer, hidden)
    if not heads.one_output_each:
        hidden = graph.take(hidden, heads.rank_of_output, 1)
    by_output = graph.op("Squeeze", add_layer(graph, heads.last, hidden), np.array([3]))
    return graph.op("Transpose", by_output, perm=[0, 2, 1])


def _by_task(maps: np.ndarray, n_tasks: int, n_pieces: int) -> np.ndarray:
    """Take (K, i, p * T * s) apart to (K, T, i, p * s)."""
    n_members, n_inputs, _ = maps.shape
    parts = maps.reshape(n_members, n_inputs, n_pieces, n_tasks, -1)
    return np.moveaxis(parts, 3, 1).reshape(n_members, n_tasks, n_inputs, -1)


def _mixed_heads(graph: Graph, heads: Any, units: str) -> str:
    raw = graph.join([_add(graph, group, units) for group in heads.groups], -1)
    return graph.take(raw, array_of(heads.inverse), -1)


FORMS: dict[type, Form] = WAYS_OF_SHARING | {
    MultiTaskNetwork: _network,
    Inputs: _inputs,
    PiecewiseLinear: _bins,
    Latent: _latent,
    LinearHeads: _linear_heads,
    PrivateHeads: _private_heads,
    MixedHeads: _mixed_heads,
}
