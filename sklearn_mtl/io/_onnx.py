"""Fitted estimators as ONNX files, which are run without Python or torch."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

import sklearn_mtl
from sklearn_mtl.estimators import BaseMultiTaskNet, FittedStack
from sklearn_mtl.files import write_whole
from sklearn_mtl.io._onnx_class_tree import add_choice
from sklearn_mtl.io._onnx_features import add_features, check_encoder
from sklearn_mtl.io._onnx_graph import IR_VERSION, ML_OPSET, OPSET, Graph, refuse
from sklearn_mtl.io._onnx_inputs import check_names, declare_inputs, name_of
from sklearn_mtl.io._onnx_network import add_network
from sklearn_mtl.io._onnx_responses import add_response, check_kind
from sklearn_mtl.tasks import Task
from sklearn_mtl.tasks._class_level import Level
from sklearn_mtl.training import number_format


def to_onnx(
    estimator: Any, X_sample: Any, path: str | os.PathLike[str] | None = None
) -> Any:
    """Write a fitted estimator as an ONNX graph that takes rows and gives predictions.

    All that `predict` and `predict_proba` do is in the graph: the encoding of numbers,
    categories, dates and missing cells, bins, all members and their mean, columns that
    went on alone, shrinkage, temperatures, and the way back to units and labels of y.
    It uses opset 18 of the default operators and 3 of ``ai.onnx.ml`` (ONNX Runtime 1.14
    or later), and computes in float64 as `predict` does.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, MultiTaskNetRegressor or MultiTaskNetClassifier
        Fitted, on a dense X.
    X_sample : array or data frame of shape (n_samples, n_features)
        One row or more that tell which inputs the graph has. For an array of numbers
        it is one, "X" of shape (n_rows, n_features), in the type of the array. For a
        data frame each column is an input of shape (n_rows, 1) of its name: numbers and
        booleans are float64 (float32 where the frame says so), categories are strings
        or, where they are numbers, float64, and dates are int64, microseconds since
        1970 on the clock of their time zone.
    path : str or path-like, default=None
        File to write, whole or not at all.

    Returns
    -------
    onnx.ModelProto
        Checked by ``onnx.checker``. For each column of y that is predicted an output of
        its name, of shape (n_rows,); for each column of classes also
        ``NAME_probabilities`` of shape (n_rows, n_classes). Columns of an array y are
        named y0, y1, ... Metadata name the kinds and classes.

    Raises
    ------
    ImportError
        The package onnx is not installed (extra ``onnx``).
    ValueError
        A part has no form in ONNX; the message names it. These are sparse tables,
        kinds of columns that compute responses of their own, layers and ways
        of sharing of one's own, categories or classes of mixed types, and columns of
        classes without any label in `fit`.

    Notes
    -----
    Missing cells are NaN among numbers, the empty string among strings, and the least
    int64 among dates (what NumPy gives for NaT). `predict` refuses infinite numbers and
    categories of another type; a graph cannot.

    Examples
    --------
    >>> import numpy as np
    >>> import pytest
    >>> onnxruntime = pytest.importorskip("onnxruntime")
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.io import to_onnx
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(max_iter=5, random_state=0).fit(X, y)
    >>> model = to_onnx(net, X)
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())
    >>> heating, cooling = session.run(["y0", "y1"], {"X": X})
    >>> np.allclose(np.column_stack([heating, cooling]), net.predict(X))
    True
    """
    if not isinstance(estimator, BaseMultiTaskNet):
        raise TypeError(
            f"to_onnx writes no {type(estimator).__name__}. Pass a fitted "
            "MultiTaskNetEstimator, MultiTaskNetRegressor or MultiTaskNetClassifier; "
            "of a Pipeline its last step, with an X_sample past the steps before."
        )
    check_is_fitted(estimator)
    graph = Graph()
    if sparse.issparse(X_sample):
        raise refuse("A sparse X_sample", "Pass some rows as a dense table.")
    stack = estimator.stack_
    check_encoder(stack.codings.encoder)
    for task in stack.tasks:
        check_kind(task)
        _check_classes(task)
    _add_predictions(graph, stack, stack.codings.read_X(X_sample))
    check_names([value.name for value in [*graph.inputs, *graph.outputs]])
    model = _model(graph, type(estimator).__name__, stack.tasks)
    if path is not None:
        write_whole(path, model.SerializeToString())
    return model


def _check_classes(task: Any) -> None:
    if not task.is_classifier:
        return
    if not len(task.classes_):
        raise refuse(
            f"Column {task.name_!r} of y, which had no label in fit,",
            "Leave the column out of y.",
        )
    _label_type(task)


def _label_type(task: Any) -> Any:
    """Type of the labels of a class column: strings, booleans, integers or floats."""
    cells = task.classes_.tolist()
    types = [
        (object, str),
        (np.bool_, bool),
        (np.int64, int),
        (np.float64, float),
    ]
    for dtype, kind in types:
        if all(isinstance(cell, kind) for cell in cells):
            if dtype is np.int64 and max(map(abs, cells)) >= 2**63:
                break
            return dtype
    shown = list({type(cell): repr(cell) for cell in cells}.values())
    raise refuse(
        f"Column {task.name_!r} of y, which holds classes such as {', '.join(shown)},",
        "Classes that are all strings, all booleans, all floats or all integers of 64 "
        "bits can: turn them into strings before fit.",
    )


def _add_predictions(graph: Graph, stack: FittedStack, X_sample: Any) -> None:
    codings = stack.codings
    dtype = np.dtype(number_format(stack.net))
    inputs = declare_inputs(graph, X_sample, codings.encoder)
    features = add_features(graph, inputs, codings.encoder, dtype)
    raw = {id(net): add_network(graph, net.module_, features) for net in stack.nets}
    for t, task in enumerate(stack.tasks):
        net = stack.own_net if t in stack.own_tasks else stack.net
        assert net is not None
        own = _raw_of_task(graph, raw[id(net)], *stack.outputs(t, net))
        response = add_response(
            graph, task, own, float(stack.shrinkage[t]), float(stack.temperature[t])
        )
        _add_outputs(graph, task, response)


def _raw_of_task(
    graph: Graph, raw: str, members: np.ndarray | None, outputs: slice
) -> str:
    if members is not None:
        raw = graph.take(raw, members, 0)
    return graph.take(raw, np.arange(outputs.start, outputs.stop), -1)


def _add_outputs(graph: Graph, task: Any, response: str) -> None:
    name = name_of(task.name_, "y")
    if not task.is_classifier:
        number = graph.op("Squeeze", response, np.array([1]))
        graph.output(name, number, np.float64)
        return
    dtype, n_classes = _label_type(task), len(task.classes_)
    if isinstance(task, Level):
        code = add_choice(graph, task, response)
    else:
        code = graph.op("ArgMax", response, axis=1, keepdims=0)
    label = graph.op("Gather", np.array(task.classes_.tolist(), dtype), code, axis=0)
    graph.output(name, label, dtype)
    graph.output(f"{name}_probabilities", response, np.float64, n_classes)


def _model(graph: Graph, name: str, tasks: list[Task]) -> Any:
    onnx = graph.onnx
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes, name, graph.inputs, graph.outputs, graph.constants
        ),
        opset_imports=[
            onnx.helper.make_opsetid("", OPSET),
            onnx.helper.make_opsetid("ai.onnx.ml", ML_OPSET),
        ],
        ir_version=IR_VERSION,
        producer_name="sklearn_mtl",
        producer_version=sklearn_mtl.__version__,
    )
    columns = {name_of(task.name_, "y"): _described(task) for task in tasks}
    onnx.helper.set_model_props(model, {"columns": json.dumps(columns)})
    onnx.checker.check_model(model, full_check=True)
    return model


def _described(task: Any) -> dict[str, Any]:
    kind: dict[str, Any] = {"kind": task.kind}
    if task.is_classifier:
        kind["classes"] = task.classes_.tolist()
    return kind
