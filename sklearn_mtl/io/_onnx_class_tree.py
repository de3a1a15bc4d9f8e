"""Probabilities of classes below each other, and the class chosen, as an ONNX graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.io._onnx_graph import Graph
from sklearn_mtl.tasks._families import TIE
from sklearn_mtl.tasks._tempering import LEAST_PROBABILITY


def add_class_tree(graph: Graph, task: Any, raw: str, temperature: float) -> str:
    """Map raw outputs (K, n_rows, L * W) of all columns to probabilities of one's."""
    logits = [
        graph.take(raw, level * task.width_ + np.arange(len(parents)), -1)
        for level, parents in enumerate(_structure(task))
    ]
    chain = _downwards(graph, task, logits)
    if temperature != 1.0:
        logits = [_tempered(graph, probability, temperature) for probability in chain]
        chain = _downwards(graph, task, logits)
    return chain[-1]


def add_choice(graph: Graph, task: Any, response: str) -> str:
    """Choose the most probable class within those above it, (n_rows,)."""
    chain = [response]
    for parents in reversed(_structure(task)[1:]):
        of_parent = np.eye(max(parents) + 1)[list(parents)]
        chain.insert(0, graph.op("MatMul", chain[0], of_parent))
    code = _first_of_most(graph, chain[0])
    for parents, probability in zip(_structure(task)[1:], chain[1:], strict=True):
        above = graph.op("Unsqueeze", code, np.array([1]))
        own = graph.op("Equal", above, np.array([parents], np.int64))
        within = graph.op("Where", own, probability, np.array(-1.0))
        code = _first_of_most(graph, within)
    return code


def _structure(task: Any) -> list[tuple[int, ...]]:
    return list(task.structure_[: task.position + 1])


def _downwards(graph: Graph, task: Any, logits: list[str]) -> list[str]:
    """Probabilities of all levels, of logits that are compared within families."""
    chain = [graph.op("Softmax", logits[0], axis=-1)]
    for parents, own in zip(_structure(task)[1:], logits[1:], strict=True):
        families = [
            np.flatnonzero(np.equal(parents, p)) for p in range(max(parents) + 1)
        ]
        within = graph.join(
            [
                graph.op("Softmax", graph.take(own, family, -1), axis=-1)
                for family in families
            ],
            -1,
        )
        within = graph.take(within, np.argsort(np.concatenate(families)), -1)
        chain.append(graph.op("Mul", graph.take(chain[-1], parents, -1), within))
    return chain


def _tempered(graph: Graph, probability: str, temperature: float) -> str:
    known = graph.op("Max", probability, np.array(LEAST_PROBABILITY))
    return graph.op("Div", graph.op("Log", known), np.array(temperature))


def _first_of_most(graph: Graph, probability: str) -> str:
    most = graph.op("ReduceMax", probability, np.array([1]), keepdims=1)
    near = graph.op("GreaterOrEqual", probability, graph.op("Sub", most, np.array(TIE)))
    return graph.op("ArgMax", graph.cast(near, np.int32), axis=1, keepdims=0)
