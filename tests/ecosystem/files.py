"""What is tried of tools that keep a fitted estimator, or serve one."""

from __future__ import annotations

import os
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.io import TRUSTED_TYPES, to_onnx
from tests.ecosystem.entry import entry
from tests.ecosystem.tools import SMALL


@entry("skops", "`dump`, `load`", "works", "`trusted=sklearn_mtl.io.TRUSTED_TYPES`.")
def skops_files(X, y):
    import skops.io

    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    again = skops.io.loads(skops.io.dumps(net), trusted=TRUSTED_TYPES)
    assert again.predict(X).equals(net.predict(X))


@entry(
    "mlflow",
    "`log_model`, `load_model`",
    "works",
    "`skops_trusted_types=sklearn_mtl.io.TRUSTED_TYPES`.",
)
def mlflow_models(X, y):
    import mlflow

    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    with TemporaryDirectory() as folder, chdir(folder):
        mlflow.set_tracking_uri(f"sqlite:///{folder}/runs.db")
        with mlflow.start_run():
            logged = mlflow.sklearn.log_model(
                net, name="net", skops_trusted_types=TRUSTED_TYPES, pip_requirements=[]
            )
        again = mlflow.sklearn.load_model(logged.model_uri)
    assert again.predict(X).equals(net.predict(X))


@entry(
    "mlflow",
    "`autolog`",
    "recipe",
    "It knows the classes of scikit-learn alone: put the net into a Pipeline or a "
    "search, whose parameters and score are logged.",
)
def mlflow_autolog(X, y):
    import mlflow
    from sklearn.pipeline import make_pipeline

    with TemporaryDirectory() as folder, chdir(folder):
        mlflow.set_tracking_uri(f"sqlite:///{folder}/runs.db")
        mlflow.sklearn.autolog(log_models=False, silent=True)
        with mlflow.start_run() as run:
            make_pipeline(MultiTaskNetEstimator(**SMALL)).fit(X, y)
        mlflow.sklearn.autolog(disable=True)
        params = mlflow.get_run(run.info.run_id).data.params
    assert params["multitasknetestimator__n_members"] == "2"


@entry(
    "onnxruntime",
    "a graph of `sklearn_mtl.io.to_onnx`",
    "works",
    "Numbers, categories and dates in, labels and probabilities out; see [](serve.md).",
)
def onnx_graph(X, y):
    import onnxruntime

    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    graph = to_onnx(net, X).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    inputs = {}
    for given in session.get_inputs():
        kind = str if given.type == "tensor(string)" else np.float64
        cells = X[given.name].to_numpy(dtype=kind).reshape(-1, 1)
        inputs[given.name] = cells.astype(object) if kind is str else cells
    (grades,) = session.run(["G3"], inputs)
    assert np.allclose(np.ravel(grades), net.predict(X)["G3"], rtol=1e-5)


@entry(
    "fastapi",
    "a service of one file",
    "works",
    "`examples/serve_fastapi.py`; see [](serve.md).",
)
def fastapi_service(X, y):
    import runpy

    from fastapi.testclient import TestClient

    example = Path(__file__).parents[2] / "examples" / "serve_fastapi.py"
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    client = TestClient(runpy.run_path(os.fspath(example))["create_app"](net))
    assert client.get("/columns").json()["y"]["higher"] == "binary"
