"""Rows as a runtime takes them, and what it says of them."""

import narwhals as nw
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.io import to_onnx
from sklearn_mtl.tables import is_missing


def session_of(model):
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def fed(session, X):
    """Rows in the form that the inputs of a session declare."""
    declared = session.get_inputs()
    if len(declared) == 1 and declared[0].name == "X":
        type_of = {"tensor(double)": np.float64, "tensor(float)": np.float32}
        return {"X": X.astype(type_of.get(declared[0].type, X.dtype))}
    if isinstance(X, np.ndarray):
        columns = [X[:, j] for j in range(X.shape[1])]
    else:
        frame = nw.from_native(X, eager_only=True)
        columns = [frame.get_column(name) for name in frame.columns]
    return {
        one.name: cells(column, one.type)[:, None]
        for one, column in zip(declared, columns, strict=True)
    }


def cells(column, declared):
    if declared == "tensor(int64)":
        dates = column if isinstance(column, np.ndarray) else column.to_numpy()
        return dates.astype("datetime64[us]").astype(np.int64)
    values = column.to_list() if hasattr(column, "to_list") else column.tolist()
    missing = list(map(is_missing, values))
    if declared == "tensor(string)":
        strings = ["" if m else v for v, m in zip(values, missing, strict=True)]
        return np.array(strings, object)
    numbers = [np.nan if m else v for v, m in zip(values, missing, strict=True)]
    return np.array(numbers, np.float32 if "float" in declared else np.float64)


def outputs_of(net, X, model=None):
    """All outputs of the exported net, by name."""
    session = session_of(to_onnx(net, X[:2]) if model is None else model)
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, fed(session, X)), strict=True))


def assert_exported(net, X, new=None, tolerance=1e-9):
    """Check that a runtime predicts what the net predicts, of rows like X or new."""
    rows = X if new is None else new
    model = to_onnx(net, X[:2])
    outputs = outputs_of(net, rows, model)
    responses = net.stack_.responses(rows)
    values = iter(outputs.values())
    for task, response in zip(net.tasks_, responses, strict=True):
        predicted = next(values)
        if task.is_classifier:
            probabilities = next(values)
            assert_allclose(probabilities, response, rtol=tolerance, atol=tolerance)
            assert_array_equal(predicted, task.predict(response))
        else:
            scale = np.abs(task.predict(response)).max()
            assert_allclose(
                predicted,
                task.predict(response),
                rtol=tolerance,
                atol=tolerance * scale,
            )
    assert next(values, None) is None
    return model
