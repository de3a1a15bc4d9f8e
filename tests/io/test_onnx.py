"""Fitted estimators as ONNX graphs: a runtime predicts what `predict` predicts."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.estimators import _own_net
from sklearn_mtl.io import to_onnx
from sklearn_mtl.nn import SHARING, Autoencoder, VariationalAutoencoder
from sklearn_mtl.tasks import Ordinal, Quantile
from tests.fuzz.recipes import drawn, made
from tests.helpers import homes, sales_of
from tests.io.helpers import assert_exported, outputs_of, session_of

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

TINY = {
    "hidden_layer_sizes": (6,),
    "n_members": 2,
    "max_iter": 2,
    "learning_rate_init": 0.05,
    "random_state": 0,
}
N_ROWS = 60


@pytest.fixture(scope="module")
def numbers():
    """Four columns of numbers, with missing cells."""
    X = np.random.default_rng(0).normal(3.0, 2.0, size=(N_ROWS, 4))
    X[::7, 1] = np.nan
    X[:, 3] = 5.0
    return X


@pytest.fixture(scope="module")
def mixed():
    """Make a frame of all that a table may hold, with missing cells, and a mixed y."""
    X = homes(N_ROWS).reset_index(drop=True)
    X["sold on"] = pd.Timestamp("1999-12-30 07:30") + pd.to_timedelta(
        np.arange(N_ROWS) * 61.7, "D"
    )
    X.loc[3, "sold on"] = pd.NaT
    X["level"] = pd.Categorical(np.arange(N_ROWS) % 3 * 10)
    X["height"] = np.linspace(0, 1, N_ROWS, dtype=np.float32)
    y = sales_of(X)
    y["rank"] = np.arange(N_ROWS) % 4
    y.loc[::5, "price"] = np.nan
    y["price again"] = y["price"] * 2
    return X, y


@pytest.fixture(scope="module")
def net(mixed):
    kinds = {"rank": "ordinal", "price": "gamma", "price again": Quantile()}
    X, y = mixed
    y = y.assign(price=y["price"].abs() + 1)
    params = TINY | {"task_types": kinds, "max_categories": 4}
    return MultiTaskNetEstimator(**params).fit(X, y)


def test_mixed_table_with_missing_cells(net, mixed):
    X, _ = mixed
    model = assert_exported(net, X)

    names = [value.name for value in model.graph.output]
    assert names == [
        *("price", "sold", "sold_probabilities"),
        *("rank", "rank_probabilities", "price again"),
    ]
    outputs = outputs_of(net, X)
    assert_array_equal(outputs["sold"], net.predict(X)["sold"])
    assert_allclose(outputs["price"], net.predict(X)["price"])
    assert_allclose(outputs["sold_probabilities"], net.predict_proba(X)[1])


def test_missing_and_unseen_cells_that_fit_did_not_see(net, mixed):
    X, _ = mixed
    new = X.iloc[:8].copy()
    new.loc[0, "street"] = "Elm"
    new.loc[1, ["street", "unit"]] = None
    new.loc[2, ["rooms", "size", "height"]] = np.nan
    new["town"] = new["town"].cat.set_categories(["Wick", "Rye"])
    new["level"] = pd.Categorical([10, 10, np.nan, 70, 20, 0, 10, 10])
    dates = ["1899-03-01", "1900-02-28T23:59:59", "1900-03-01", "2000-02-29"]
    dates += ["2024-02-29", "1968-12-31T12", "2100-03-01", "1582-01-01"]
    new["sold on"] = np.array(dates, "datetime64[us]")

    assert_exported(net, X, new)


def test_frame_of_another_library(net, mixed):
    X, _ = mixed
    frame = pl.from_pandas(X.astype({"level": "int64"}))

    assert_exported(net, frame)


@pytest.mark.parametrize("way", SHARING)
def test_every_way_of_sharing(numbers, way):
    rng = np.random.default_rng(0)
    y = np.column_stack([rng.normal(size=(N_ROWS, 2)), rng.integers(0, 3, N_ROWS)])
    net = MultiTaskNetEstimator(
        **TINY, sharing=way, own_nets="never", task_types={2: "multiclass"}
    ).fit(numbers, y)

    assert_exported(net, numbers)


def test_metadata_tell_kinds_and_classes(net, mixed):
    model = to_onnx(net, mixed[0])

    (described,) = [json.loads(one.value) for one in model.metadata_props]
    assert described["sold"] == {"kind": "binary", "classes": ["no", "yes"]}
    assert described["price"] == {"kind": "gamma"}
    assert {one.domain: one.version for one in model.opset_import} == {
        "": 18,
        "ai.onnx.ml": 3,
    }


def test_every_kind_of_numbers(numbers):
    kinds = ["regression", "laplace", "huber", "heteroscedastic", "gamma", "count"]
    kinds += ["negative_binomial", "quantile", Quantile((0.5, 0.9)), "censored"]
    kinds += ["survival"]
    labels = np.random.default_rng(0).poisson(3.0, N_ROWS) + 1.0
    y = np.column_stack([labels * 1000 ** (t % 2) for t in range(len(kinds))])
    y = np.column_stack([y, np.full(N_ROWS, 7.0), np.full(N_ROWS, 7.0)])
    y = np.column_stack([y, np.full(N_ROWS, 7.0)])
    kinds = dict(enumerate([*kinds, "gamma", "count", "survival"]))
    net = MultiTaskNetEstimator(**TINY, task_types=kinds).fit(numbers, y)

    model = assert_exported(net, numbers)
    assert [value.name for value in model.graph.output][:2] == ["y0", "y1"]


def test_columns_that_belong_together(numbers):
    labels = np.random.default_rng(0).dirichlet([1.0, 2.0, 3.0], N_ROWS)
    sixth = np.arange(N_ROWS) % 6
    y = np.column_stack([sixth, labels, sixth // 2, sixth // 4])
    kinds = {(3, 1, 2): "simplex", (5, 4, 0): "class_tree"}
    net = MultiTaskNetEstimator(**TINY, task_types=kinds).fit(numbers, y)
    net.stack_ = replace(
        net.stack_, shrinkage=np.full(6, 0.7), temperature=np.full(6, 0.4)
    )

    assert_exported(net, numbers)


def test_classes_of_every_type(numbers):
    third = np.arange(N_ROWS) % 3
    y = pd.DataFrame(
        {
            "words": np.array(["a", "b", "c"])[third],
            "flags": third > 0,
            "integers": third * 7,
            "floats": third * 7.0,
            "only": "one",
            "order": pd.Categorical.from_codes(third, ["low", "mid", "high"], True),
            "objects": pd.Series((third * 2).tolist(), dtype=object),
        }
    )
    kinds = {"order": "ordinal", "only": Ordinal()}
    net = MultiTaskNetEstimator(**TINY, task_types=kinds).fit(numbers, y)
    assert_exported(net, numbers)

    net = MultiTaskNetClassifier(**TINY).fit(numbers, third > 0)
    outputs = outputs_of(net, numbers)
    assert list(outputs) == ["y0", "y0_probabilities"]
    assert_array_equal(outputs["y0"], net.predict(numbers))


@pytest.mark.parametrize(
    "params",
    [
        {"hidden_layer_sizes": (), "n_bins": 5},
        {"hidden_layer_sizes": (), "head_hidden_layer_sizes": (3,)},
        {"n_bins": 0, "scale_inputs": False, "activation": "gelu"},
        {"reconstruction": Autoencoder(n_units=2), "activation": "maxout"},
        {"reconstruction": VariationalAutoencoder(n_units=2)},
        {
            "dtype": "float64",
            "activation": "mish",
            "head_hidden_layer_sizes": {0: (3,)},
        },
    ],
    ids=str,
)
def test_networks(params, numbers):
    y = np.column_stack([numbers[:, 0], np.nan_to_num(numbers[:, 1])])
    net = MultiTaskNetRegressor(**TINY | params).fit(numbers, y)

    # Runtimes have the error function in float32 only.
    tolerance = 1e-6 if net.activation == "gelu" else 1e-9
    assert_exported(net, numbers, tolerance=tolerance)


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.astype(np.float32),
        lambda X: np.nan_to_num(X).astype(np.int64),
        lambda X: np.nan_to_num(X).astype(np.int8),
        lambda X: np.nan_to_num(X) > 3,
        lambda X: X.astype(object),
        lambda X: X.astype(">f8"),
        lambda X: np.hstack([X, np.exp(np.tile(X, 9) * 2)]),
    ],
    ids=["float32", "int64", "int8", "bool", "object", "big-endian", "heavy tails"],
)
def test_arrays(convert, numbers):
    X = convert(numbers)
    net = MultiTaskNetRegressor(**TINY, categorical_features=[3]).fit(X, numbers[:, 0])

    assert_exported(net, X)


def test_array_of_strings_and_numbers(mixed):
    X = mixed[0][["street", "rooms", "town"]].to_numpy(dtype=object)
    net = MultiTaskNetRegressor(**TINY).fit(X, np.arange(N_ROWS))

    model = assert_exported(net, X)
    assert [value.name for value in model.graph.input] == ["x0", "x1", "x2"]


def test_shrinkage_temperature_and_columns_that_went_on_alone(mixed, monkeypatch):
    monkeypatch.setattr(_own_net, "is_gain", lambda gain, least=0.0: len(gain) > 0)
    X, y = mixed
    net = MultiTaskNetEstimator(**TINY, calibrate=False).fit(X, y)
    assert "own" in net.sharing_
    net.stack_ = replace(
        net.stack_,
        shrinkage=np.array([0.3, 0.0, 0.7, 0.5]),
        temperature=np.array([1.0, 2.5, 0.4, 1.0]),
    )

    assert_exported(net, X)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(16))
def test_drawn_estimators(seed):
    net, X, y, more = made(drawn(np.random.default_rng(seed)))
    try:
        net.fit(X, y, **more)
        to_onnx(net, X[:2])
    except ValueError as error:
        pytest.skip(str(error).split(".")[0])

    assert_exported(net, net.stack_.codings.read_X(X), tolerance=1e-6)


def test_file_is_written_whole(net, mixed, tmp_path):
    path = tmp_path / "homes.onnx"

    model = to_onnx(net, mixed[0], path)

    assert path.read_bytes() == model.SerializeToString()
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError, match=r"no folder .*missing"):
        to_onnx(net, mixed[0], tmp_path / "missing" / "homes.onnx")


READINGS = {
    "no zone": (lambda day: day, lambda day: day),
    "a zone": (
        lambda day: day.dt.tz_localize("Europe/Berlin"),
        lambda day: day.dt.tz_localize(None),
    ),
    "periods": (
        lambda day: day.dt.to_period("M"),
        lambda day: day.dt.to_timestamp(),
    ),
}


@pytest.mark.parametrize("kind", READINGS)
def test_dates_are_passed_as_the_guide_says(kind):
    made, plain = READINGS[kind]
    day = pd.Series(pd.date_range("2024-03-30 00:30", periods=40, freq="37h"))
    X = pd.DataFrame({"day": made(day)})
    net = MultiTaskNetRegressor(**TINY).fit(X, np.arange(40.0))

    session = session_of(to_onnx(net, X))
    cells = plain(X["day"]).to_numpy("datetime64[us]").astype("int64")

    (found,) = session.run(None, {"day": cells[:, None]})
    assert_allclose(found, net.predict(X), rtol=1e-9)


def test_one_row_and_none(net, mixed):
    X, _ = mixed
    whole = outputs_of(net, X)
    for rows in (slice(0, 1), slice(0, 0)):
        for name, values in outputs_of(net, X, to_onnx(net, X)).items():
            assert_array_equal(values[rows], whole[name][rows])
