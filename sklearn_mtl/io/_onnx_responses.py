"""What each kind of column makes of its raw outputs, as an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sklearn_mtl.io._onnx_class_tree import add_class_tree
from sklearn_mtl.io._onnx_graph import Graph, known_form, refuse
from sklearn_mtl.tasks import (
    Binary,
    Count,
    GammaRegression,
    HeteroscedasticRegression,
    Multiclass,
    NegativeBinomial,
    Ordinal,
    Quantile,
    Regression,
    Survival,
    Task,
)
from sklearn_mtl.tasks._class_level import Level
from sklearn_mtl.tasks._regression import LARGEST_LOG
from sklearn_mtl.tasks._simplex import Part
from sklearn_mtl.tasks._tempering import LEAST_PROBABILITY

METHODS = "response", "predict", "tempered"
"""Of a kind, that are written here by their formulas."""


def check_kind(task: Task) -> None:
    """Raise for a kind of one's own that computes what is not known here."""
    if known_form(task, RESPONSES | {Level: add_class_tree}, METHODS) is None:
        raise refuse(
            f"Column {task.name_!r}, whose kind {type(task).__name__} computes "
            "responses or predictions of its own,",
            "Kinds that inherit both from one of sklearn_mtl.tasks can. Leave the "
            "column out of y, or fit it as one of these.",
        )


def add_response(
    graph: Graph, task: Task, raw: str, shrinkage: float, temperature: float
) -> str:
    """Map raw outputs (K, n_rows, c) to the mean of the members' responses.

    Returns
    -------
    value of shape (n_rows, m)
        Probabilities of the classes; of a number, its prediction alone.
    """
    if shrinkage != 1.0:
        prior = task.read_prior()
        away = graph.op("Sub", raw, prior)
        raw = graph.op("Add", graph.op("Mul", away, np.array(shrinkage)), prior)
    if isinstance(task, Level):
        response = add_class_tree(graph, task, raw, temperature)
        return graph.op("ReduceMean", response, np.array([0]), keepdims=0)
    response = known_form(task, RESPONSES, METHODS)(graph, task, raw)
    if task.is_classifier and temperature != 1.0:
        known = graph.op("Max", response, np.array(LEAST_PROBABILITY))
        logits = graph.op("Div", graph.op("Log", known), np.array(temperature))
        response = graph.op("Softmax", logits, axis=-1)
    return graph.op("ReduceMean", response, np.array([0]), keepdims=0)


def _linear(graph: Graph, task: Any, raw: str) -> str:
    scale = task.scale_ if task.prior_cost_ else 0.0
    first = graph.op("Mul", graph.take(raw, [0], -1), np.array(scale))
    return graph.op("Add", first, np.array(task.mean_))


def _gamma(graph: Graph, task: Any, raw: str) -> str:
    return graph.op("Mul", _exp(graph, task, raw), np.array(task.mean_))


def _count(graph: Graph, task: Any, raw: str) -> str:
    mean = _exp(graph, task, raw)
    return mean if task.prior_cost_ else graph.op("Mul", mean, np.array(task.mean_))


def _exp(graph: Graph, task: Any, raw: str) -> str:
    """Exponential of the first raw output; 1 where nothing was learned."""
    log = graph.take(raw, [0], -1)
    bound = LARGEST_LOG if task.prior_cost_ else 0.0
    return graph.op("Exp", graph.op("Clip", log, np.array(-bound), np.array(bound)))


def _quantile(graph: Graph, task: Any, raw: str) -> str:
    """Sum the steps up to the quantile that is nearest to the median."""
    nearest = int(np.abs(np.asarray(task.quantiles) - 0.5).argmin())
    lowest = graph.take(raw, [0], -1)
    if nearest:
        steps = graph.op("Softplus", graph.take(raw, np.arange(1, nearest + 1), -1))
        steps = graph.op("ReduceSum", steps, np.array([-1]), keepdims=1)
        lowest = graph.op("Add", lowest, steps)
    return _linear(graph, task, lowest)


def _survival(graph: Graph, task: Any, raw: str) -> str:
    """Integrate the probability of no event, up to the last cut, by trapezoids."""
    if not task.prior_cost_:
        nothing = graph.op("Mul", graph.take(raw, [0], -1), np.array(0.0))
        return graph.op("Add", nothing, np.array(task.last_))
    hazard = graph.op("CumSum", graph.op("Softplus", raw), np.array(-1))
    survival = graph.op("Exp", graph.op("Neg", hazard))
    widths = np.diff(task.times_, prepend=0.0)
    weights = 0.5 * (widths + np.append(widths[1:], 0.0))
    parts = graph.op("Mul", survival, weights)
    mean = graph.op("ReduceSum", parts, np.array([-1]), keepdims=1)
    return graph.op("Add", mean, np.array(0.5 * widths[0]))


def _binary(graph: Graph, task: Any, raw: str) -> str:
    if len(task.classes_) < 2:
        return _certain(graph, raw)
    both = [graph.op("Neg", raw), raw]
    return graph.op("Sigmoid", graph.join(both, -1))


def _multiclass(graph: Graph, task: Any, raw: str) -> str:
    return graph.op("Softmax", raw, axis=-1)


def _ordinal(graph: Graph, task: Any, raw: str) -> str:
    if len(task.classes_) < 2:
        return _certain(graph, raw)
    logit = graph.take(raw, [0], -1)
    end = graph.op("Mul", logit, np.array(0.0))
    logits, between = logit, end
    if task.n_outputs_ > 1:
        steps = graph.take(raw, np.arange(1, task.n_outputs_), -1)
        sums = graph.op("CumSum", graph.op("Softplus", steps), np.array(-1))
        logits = graph.join([logit, graph.op("Sub", logit, sums)], -1)
        between = graph.join([end, _log_expit(graph, steps)], -1)
    log_probability = graph.op(
        "Sum",
        graph.join([end, _log_expit(graph, logits)], -1),
        graph.join([_log_expit(graph, graph.op("Neg", logits)), end], -1),
        graph.join([between, end], -1),
    )
    return graph.op("Exp", log_probability)


def _log_expit(graph: Graph, x: str) -> str:
    return graph.op("Neg", graph.op("Softplus", graph.op("Neg", x)))


def _part(graph: Graph, task: Any, raw: str) -> str:
    """Take the part's share of the softmax of all."""
    if np.isnan(task.share_):
        return graph.op("Mul", graph.take(raw, [0], -1), np.array(np.nan))
    share = graph.take(graph.op("Softmax", raw, axis=-1), [task.position], -1)
    return graph.op("Mul", share, np.array(float(task.group.total)))


def _certain(graph: Graph, raw: str) -> str:
    """Give probability 1 to the only class."""
    return graph.op("Exp", graph.op("Mul", raw, np.array(0.0)))


RESPONSES: dict[type, Callable[[Graph, Any, str], str]] = {
    Regression: _linear,
    HeteroscedasticRegression: _linear,
    GammaRegression: _gamma,
    Count: _count,
    NegativeBinomial: _count,
    Quantile: _quantile,
    Survival: _survival,
    Part: _part,
    Binary: _binary,
    Multiclass: _multiclass,
    Ordinal: _ordinal,
}
