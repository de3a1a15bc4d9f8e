"""Ways of sharing as nodes of an ONNX graph.

Units are (K, n_rows, h) for all tasks, or (K, T, n_rows, h) where each reads its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.io._onnx_graph import Graph
from sklearn_mtl.io._onnx_layers import (
    LAYERS,
    Form,
    add_layer,
    add_part,
    array_of,
    doubled,
    stacked_linear,
)
from sklearn_mtl.nn import (
    CrossStitch,
    HardSharing,
    LayeredExtraction,
    NoSharing,
    SharedFactors,
    SoftSharing,
)
from sklearn_mtl.nn._constant import Constant
from sklearn_mtl.nn._gates import SoftmaxGates
from sklearn_mtl.nn._mixture import Mixture
from sklearn_mtl.nn._selector_gates import SelectorGates
from sklearn_mtl.nn._trunks import Trunks


def _add(graph: Graph, part: Any, x: str) -> str:
    return add_part(graph, part, x, PARTS)


def _by_row(graph: Graph, values: str) -> str:
    """Swap the second axis, of tasks or experts, with that of rows."""
    return graph.op("Transpose", values, perm=[0, 2, 1, 3])


def _softmax(graph: Graph, logits: str) -> str:
    return graph.op("Softmax", logits, axis=-1)


def _hard(graph: Graph, sharing: Any, x: str) -> str:
    for layer in sharing.layers:
        x = add_layer(graph, layer, x)
    return x


def _factors(graph: Graph, sharing: Any, x: str) -> str:
    return add_layer(graph, sharing.factors, _hard(graph, sharing, x))


def _trunks(graph: Graph, trunks: Any, x: str) -> str:
    """Map (K, n_rows, d) that all trunks read to (K, S, n_rows, h)."""
    return _hard(graph, trunks, graph.op("Unsqueeze", x, np.array([1])))


def _trunk_each(graph: Graph, sharing: Any, x: str) -> str:
    return _add(graph, sharing.trunks, x)


def _cross_stitch(graph: Graph, sharing: Any, x: str) -> str:
    units = graph.op("Unsqueeze", x, np.array([1]))
    n_members = len(sharing.layers[0].weight)
    for layer, stitch in zip(sharing.layers, sharing.stitches, strict=True):
        units = _stitched(graph, stitch, add_layer(graph, layer, units), n_members)
    return units


def _stitched(graph: Graph, stitch: Any, units: str, n_members: int) -> str:
    """Mix the units of the members that use the layer; those of the others pass."""
    n_mixing = len(stitch.weight)
    if not n_mixing:
        return units
    weight = doubled(graph, array_of(stitch.weight)[:, None])
    mixing = graph.take(units, np.arange(n_mixing), 0)
    mixed = [_mixed(graph, weight, mixing)]
    if n_mixing < n_members:
        mixed.append(graph.take(units, np.arange(n_mixing, n_members), 0))
    return graph.join(mixed, 0)


def _mixture(graph: Graph, sharing: Any, x: str) -> str:
    of_experts = _add(graph, sharing.experts, x)
    return _mixed(graph, _add(graph, sharing.gates, x), of_experts)


def _mixed(graph: Graph, shares: Any, of_experts: str) -> str:
    """Mix (K, E, n_rows, h) by shares (K, n_rows, T, E) to (K, T, n_rows, h)."""
    by_row = graph.op("MatMul", shares, _by_row(graph, of_experts))
    return _by_row(graph, by_row)


def _softmax_gates(graph: Graph, gates: Any, x: str) -> str:
    logits = stacked_linear(graph, gates, x)
    shape = np.array([0, 0, gates.n_tasks, -1])
    return _softmax(graph, graph.op("Reshape", logits, shape))


def _constant(graph: Graph, layer: Any, x: str) -> str:
    return graph.op("Identity", doubled(graph, array_of(layer.value)))


def _selector_gates(graph: Graph, gates: Any, x: str) -> str:
    logits = _add(graph, gates.logits, x)
    logits = graph.op("Reshape", logits, np.array([0, 0, *gates.shape]))
    n_digits = gates.shape[-1] - 1
    step = _smooth_step(graph, graph.take(logits, np.arange(n_digits), -1), gates.gamma)
    selectors = _products(graph, step, array_of(gates.codes))
    weights = graph.op("Softmax", graph.take(logits, [n_digits], -1), axis=-2)
    shares = graph.op("Mul", weights, selectors)
    return graph.op("ReduceSum", shares, np.array([-2]), keepdims=0)


def _smooth_step(graph: Graph, x: str, gamma: float) -> str:
    x = graph.op("Div", x, np.array(gamma))
    x = graph.op("Min", graph.op("Max", x, np.array(-0.5)), np.array(0.5))
    square = graph.op("Mul", graph.op("Mul", x, x), np.array(-2.0))
    rise = graph.op("Mul", x, graph.op("Add", square, np.array(1.5)))
    return graph.op("Add", rise, np.array(0.5))


def _products(graph: Graph, step: str, codes: np.ndarray) -> str:
    """Multiply how well digits (..., m) fit those of codes (E, m), as (..., E)."""
    product = ""
    for digit in range(codes.shape[1]):
        signs = codes[:, digit] * 2.0 - 1.0
        one = graph.take(step, [digit], -1)
        fits = graph.op("Add", graph.op("Mul", one, signs), 1.0 - codes[:, digit])
        product = graph.op("Mul", product, fits) if product else fits
    return product


def _extraction(graph: Graph, sharing: Any, x: str) -> str:
    own, shared = graph.op("Unsqueeze", x, np.array([1])), x
    for i, level in enumerate(sharing.levels):
        of_own = own
        if i and level.n_own > 1:  # below the first level all read the same
            readers = np.repeat(np.arange(level.n_tasks), level.n_own)
            of_own = graph.take(own, readers, 1)
        of_own = _hard(graph, level.own, of_own)
        of_all = graph.join([of_own, _add(graph, level.shared, shared)], 1)
        shares = _softmax(graph, add_layer(graph, level.gates, own))
        own = _mixed(graph, _of_all_experts(graph, level, shares), of_all)
        if level.shared_gate is not None:
            shares = _softmax(graph, add_layer(graph, level.shared_gate, shared))
            shares = graph.op("Unsqueeze", shares, np.array([2]))
            mixed = _mixed(graph, shares, of_all)
            shared = graph.op("Squeeze", mixed, np.array([1]))
    return own


def _of_all_experts(graph: Graph, level: Any, shares: str) -> str:
    """Give each task a share of 0 of the others' experts, as (K, n_rows, T, E)."""
    n_tasks, n_own = level.n_tasks, level.n_own
    shared = np.arange(n_own, level.gates.weight.shape[-1])
    expert = np.concatenate([np.tile(np.arange(n_own), n_tasks), shared])
    is_own = np.kron(np.eye(n_tasks), np.ones((1, n_own)))
    is_read = np.hstack([is_own, np.ones((n_tasks, len(shared)))])
    by_row = graph.take(_by_row(graph, shares), expert, -1)
    return graph.op("Mul", by_row, is_read)


PARTS: dict[type, Form] = LAYERS | {
    Constant: _constant,
    SelectorGates: _selector_gates,
    SoftmaxGates: _softmax_gates,
    Trunks: _trunks,
}

WAYS_OF_SHARING: dict[type, Form] = {
    CrossStitch: _cross_stitch,
    HardSharing: _hard,
    LayeredExtraction: _extraction,
    Mixture: _mixture,
    NoSharing: _trunk_each,
    SharedFactors: _factors,
    SoftSharing: _trunk_each,
}
