"""The services of the page "Serve", started and asked."""

import ast
import json
import runpy
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

import sklearn_mtl.io
from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.io import to_onnx
from tests.helpers import homes, sales_of

EXAMPLES = Path(__file__).parents[2] / "examples"
PLAIN, FASTAPI = EXAMPLES / "serve_onnx.py", EXAMPLES / "serve_fastapi.py"
TINY = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 2,
    "random_state": 0,
}

pytestmark = pytest.mark.skipif(
    not PLAIN.exists(), reason="examples/ is not in every distribution"
)


@pytest.fixture(scope="module")
def table():
    X = homes().reset_index(drop=True)
    X["sold on"] = pd.date_range("2020-01-01", periods=len(X), freq="37h")
    return X, sales_of(X)


@pytest.fixture(scope="module")
def net(table):
    return MultiTaskNetEstimator(**TINY).fit(*table)


def as_json(X):
    cells = X.astype(object).where(X.notna(), None)
    cells["sold on"] = X["sold on"].map(lambda day: day.isoformat())
    return cells.to_dict("records")


@pytest.fixture(scope="module")
def address(net, table, tmp_path_factory):
    """Start the plain service in a process of its own."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    path = tmp_path_factory.mktemp("served") / "homes.onnx"
    to_onnx(net, table[0], path)
    command = [sys.executable, str(PLAIN), str(path), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.terminate()


def ask(address, content=None):
    """Status and answer of a request; content of bytes is sent as it is."""
    data = json.dumps(content).encode() if isinstance(content, dict) else content
    try:
        with urllib.request.urlopen(address, data, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_plain_service_needs_numpy_and_onnxruntime_alone():
    tree = ast.parse(PLAIN.read_text(encoding="utf-8"))
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    of_python = {"datetime", "http.server", "json", "sys"}
    assert imported == of_python | {"numpy", "onnxruntime"}


def test_plain_service_predicts(address, net, table):
    X = table[0].iloc[:30]

    status, found = ask(f"{address}/predict", {"rows": as_json(X)})

    assert status == 200
    found = pd.DataFrame(found["predictions"])
    expected = net.predict(X)
    assert_allclose(found["price"], expected["price"])
    assert found["sold"].tolist() == expected["sold"].tolist()
    assert_allclose(found["sold_probabilities"].tolist(), net.predict_proba(X)[1])


def test_plain_service_answers_many_at_once(address, table):
    rows = as_json(table[0])
    asked = [{"rows": [row]} for row in rows]
    together = ask(f"{address}/predict", {"rows": rows})[1]["predictions"]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: ask(f"{address}/predict", one), asked))

    prices = [one[1]["predictions"][0]["price"] for one in found]
    assert_allclose(prices, [one["price"] for one in together])


def test_plain_service_describes_its_columns(address, table):
    status, columns = ask(f"{address}/columns")

    assert status == 200
    assert list(columns["X"]) == list(table[0].columns)
    assert columns["y"]["sold"] == {"kind": "binary", "classes": ["no", "yes"]}


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ({"rows": [{"size": "big"}]}, 400, "column 'size': 'big' is no finite number"),
        ({"rows": [{"town": 3}]}, 400, "column 'town': 3 is no string"),
        ({"rows": [{"sold on": "May"}]}, 400, "column 'sold on': 'May' is no ISO date"),
        ({"rows": [{"sold on": 5}]}, 400, "column 'sold on': 5 is no ISO date"),
        ({"rows": [{"sold on": "2024-05-01T07:30+02:00"}]}, 400, "without its zone"),
        ({"rows": [{"colour": 1}]}, 400, "column 'colour' was not"),
        ({"rows": []}, 400, "pass a list of 1 to"),
        ({"rows": [3]}, 400, "3 is no object"),
        (b'{"rows": [{"size": Infinity}]}', 400, "Infinity is no JSON"),
        (b"[" * 100_000, 400, ""),
        (b"{", 400, ""),
        (b"[]", 400, "pass a list"),
    ],
    ids=str,
)
def test_plain_service_refuses(address, content, status, said):
    found = ask(f"{address}/predict", content)

    assert found[0] == status
    assert said in found[1]["error"]
    assert ask(f"{address}/columns")[0] == 200


def test_plain_service_of_an_array(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    net = MultiTaskNetRegressor(**TINY).fit(X, X[:, 0])
    path = tmp_path / "array.onnx"
    to_onnx(net, X, path)

    model = runpy.run_path(str(PLAIN))["Model"](str(path))

    found = model.predict([X[0].tolist(), [None, 1, 2]])
    expected = net.predict(np.array([X[0], [np.nan, 1, 2]]))
    assert_allclose([row["y0"] for row in found], expected, rtol=1e-6)
    for rows in ([[1.0]], [{"x": 1}], [["a", 1, 2]]):
        with pytest.raises(ValueError, match="number"):
            model.predict(rows)


def test_plain_service_refuses_numbers_that_an_input_cannot_hold(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    X = np.arange(120).reshape(40, 3)
    net = MultiTaskNetRegressor(**TINY).fit(X, X[:, 0])
    make = runpy.run_path(str(PLAIN))["Model"]
    asked = {
        np.int64: [[None, 1, 2], [0.5, 1, 2], [1e30, 1, 2]],
        np.float32: [[1e39, 1, 2]],
    }
    for dtype, rows in asked.items():
        path = tmp_path / "array.onnx"
        to_onnx(net, X.astype(dtype), path)
        model = make(str(path))
        assert_allclose(
            model.predict([[3, 4, 5]])[0]["y0"], net.predict(X[1:2])[0], rtol=1e-6
        )
        for row in rows:
            with pytest.raises(
                ValueError, match=f"column 'X': .* is no {dtype.__name__}"
            ):
                model.predict([row])


@pytest.mark.parametrize("length", ["\u00b2", "9" * 5000, "-1", "1e3", ""])
def test_plain_service_refuses_odd_lengths(address, length):
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), 10) as client:
        client.sendall(
            f"POST /predict HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode(
                "latin-1"
            )
        )
        assert client.recv(1000).startswith(b"HTTP/1.1 413")


@pytest.fixture(scope="module")
def client(net):
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    from fastapi.testclient import TestClient

    return TestClient(runpy.run_path(str(FASTAPI))["create_app"](net))


def test_fastapi_service_predicts(client, net, table):
    X = table[0].iloc[:30]

    found = client.post("/predict", json={"rows": as_json(X), "coverage": 0.8})

    assert found.status_code == 200, found.text
    found = found.json()
    predictions, lower = (
        pd.DataFrame(found["predictions"]),
        pd.DataFrame(found["lower"]),
    )
    assert_allclose(predictions["price"], net.predict(X)["price"])
    assert predictions["sold"].tolist() == net.predict(X)["sold"].tolist()
    assert_allclose(
        pd.DataFrame(found["probabilities"]["sold"]), net.predict_proba(X)[1]
    )
    assert_allclose(
        lower["price"].astype(float),
        net.predict_interval(X, 0.8, method="cv+")[0]["price"],
    )


def test_fastapi_service_of_a_file(client, net, tmp_path, monkeypatch):
    path = tmp_path / "homes.mtl"
    sklearn_mtl.io.save(net, path)
    monkeypatch.setenv("MODEL", str(path))

    app = runpy.run_path(str(FASTAPI))["from_file"]()

    assert type(client)(app).get("/columns").json() == client.get("/columns").json()


def test_fastapi_service_of_a_pipeline(client, table, tmp_path, monkeypatch):
    """Its steps may make columns that no request knows of; dates stay dates."""
    skops_io = pytest.importorskip("skops.io")
    X, y = table
    scaled = make_column_transformer(
        (StandardScaler(), ["size"]),
        (
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            ["town"],
        ),
        remainder="passthrough",
    ).set_output(transform="pandas")
    scaled.set_params(verbose_feature_names_out=False)
    pipe = make_pipeline(scaled, MultiTaskNetEstimator(**TINY)).fit(X, y)
    path = tmp_path / "homes.skops"
    types = X.dtypes.astype(str).to_dict()
    skops_io.dump({"model": pipe, "types": types}, path)
    monkeypatch.setenv("MODEL", str(path))
    asked = skops_io.get_untrusted_types(file=path)
    monkeypatch.setenv("TRUSTED", " ".join(asked))
    service = type(client)(runpy.run_path(str(FASTAPI))["from_file"]())

    X = X[X["town"].notna()]
    found = service.post("/predict", json={"rows": as_json(X[:9]), "coverage": 0.8})

    assert found.status_code == 200, found.text
    found = found.json()
    expected = pipe.predict(X[:9])
    assert_allclose(pd.DataFrame(found["predictions"])["price"], expected["price"])
    assert [row["price"] for row in found["lower"]] == pytest.approx(
        pipe[-1]
        .predict_interval(pipe[:-1].transform(X[:9]), 0.8, method="cv+")[0]["price"]
        .tolist()
    )
    assert set(service.get("/columns").json()["X"]) == set(X.columns)


def test_fastapi_service_refuses(client):
    for rows in ([], [{"size": "big"}], [{"colour": 1}], [{"sold on": "May"}]):
        assert client.post("/predict", json={"rows": rows}).status_code == 422
    assert client.get("/columns").json()["y"] == {
        "price": "regression",
        "sold": "binary",
    }
