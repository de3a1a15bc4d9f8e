"""Rows that come in batches: what is learned of them, and what is refused."""

import threading

import numpy as np
import pytest
from scipy import sparse
from skorch.callbacks import Callback

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

SMALL = {"hidden_layer_sizes": (8,), "n_members": 2, "max_iter": 5, "random_state": 0}
N_ROWS = 600


def tables(n_rows=N_ROWS):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 4))
    y = np.column_stack([X[:, 0], X[:, 0] + X[:, 1] ** 2])
    y[rng.random(y.shape) < 0.2] = np.nan
    return X, y


def frames(n_rows=N_ROWS):
    X, y = tables(n_rows)
    X = pd.DataFrame(X, columns=list("abcd"))
    X["city"] = np.where(X["a"] > 0, "Rome", "Oslo")
    y = pd.DataFrame({"price": y[:, 0], "sold": np.where(y[:, 1] > 0.5, "yes", "no")})
    return X, y


def cut(size, *parts):
    """Give a function that reads the rows of some tables in batches."""
    return lambda: (
        tuple(part[start : start + size] for part in parts)
        for start in range(0, len(parts[0]), size)
    )


def test_skill_is_that_of_fit():
    X, y = tables(2000)
    X_test, y_test = X[1500:], y[1500:]
    X, y = X[:1500], y[:1500]
    how = {
        "hidden_layer_sizes": (64,),
        "n_members": 2,
        "max_iter": 30,
        "random_state": 0,
        "own_nets": "never",
    }
    whole = MultiTaskNetRegressor(**how).fit(X, y)
    for rows in (700, 10_000):
        net = MultiTaskNetRegressor(**how).fit_batches(
            cut(300, X, y), rows_in_memory=rows
        )
        assert net.score(X_test, y_test) > whole.score(X_test, y_test) - 0.02


@pytest.mark.parametrize(
    ("kind", "X", "y"),
    [
        ("pandas", *frames()),
        ("polars", *(pl.from_pandas(part) for part in frames())),
        ("arrow", *(pa.Table.from_pandas(part) for part in frames())),
        ("array", *tables()),
        ("sparse", sparse.csr_matrix(tables()[0]), tables()[1]),
        ("series", frames()[0], frames()[1]["sold"]),
        ("1d", tables()[0], np.arange(N_ROWS) / N_ROWS),
    ],
)
def test_every_container_that_fit_takes(kind, X, y):
    n_rows = X.shape[0]
    size = 97

    def read():
        for start in range(0, n_rows, size):
            rows = slice(start, start + size)
            yield (
                (X.slice(start, size), y.slice(start, size))
                if kind == "arrow"
                else ((X[rows], y[rows]))
            )

    net = MultiTaskNetEstimator(**SMALL).fit_batches(read, rows_in_memory=250)
    again = MultiTaskNetEstimator(**SMALL).fit_batches(read, rows_in_memory=250)
    fitted = MultiTaskNetEstimator(**SMALL).fit(X, y)
    predicted = net.predict(X)
    assert type(predicted) is type(fitted.predict(X))
    np.testing.assert_array_equal(np.asarray(predicted), np.asarray(again.predict(X)))
    assert [task.name_ for task in net.tasks_] == [task.name_ for task in fitted.tasks_]


def test_lists_of_rows():
    X, y = tables()
    batches = [
        (X[:300].tolist(), y[:300].tolist()),
        (X[300:].tolist(), y[300:].tolist()),
    ]
    net = MultiTaskNetRegressor(**SMALL).fit_batches(batches, rows_in_memory=200)
    assert net.predict(X).shape == y.shape


def trained_on(read, rows_in_memory, **how):
    """Values of the first column of X that a net took steps on, epoch by epoch."""
    seen = []

    class Seen(Callback):
        def on_batch_begin(self, net, batch=None, training=False, **kwargs):
            if training:
                seen.append(batch[0][..., 0].flatten().tolist())

    net = MultiTaskNetRegressor(
        **(SMALL | how), scale_inputs=False, n_bins=0, callbacks=[Seen()]
    ).fit_batches(read, rows_in_memory=rows_in_memory)
    return net, [value for batch in seen for value in batch]


def test_each_row_is_trained_on_as_often_and_held_out_rows_never():
    X = np.arange(N_ROWS, dtype=float)[:, None] / N_ROWS
    X = np.hstack([X, X**2])
    net, seen = trained_on(cut(70, X, X[:, :1] * 2), 200, early_stopping=False)
    values, counts = np.unique(np.round(np.multiply(seen, N_ROWS)), return_counts=True)
    assert values.tolist() == list(range(N_ROWS))
    assert set(counts) == {5}  # max_iter passes
    assert len(net.history_) == 15

    net, seen = trained_on(cut(70, X, X[:, :1] * 2), 200)
    values = np.unique(np.round(np.multiply(seen, N_ROWS)))
    assert 0.85 * N_ROWS < len(values) < 0.97 * N_ROWS


def test_groups_are_held_out_whole():
    X, y = tables()
    groups = np.arange(N_ROWS) % 40
    X[:, 0] = groups

    def read():
        return (
            {"X": X[s : s + 50], "y": y[s : s + 50], "groups": groups[s : s + 50]}
            for s in range(0, N_ROWS, 50)
        )

    _, seen = trained_on(read, 200, validation_fraction=0.3, max_iter=20)
    trained = set(np.round(seen).astype(int))
    assert 15 < len(trained) < 38
    counts = np.unique(np.round(seen), return_counts=True)[1]
    assert counts.max() <= counts.min() * 2  # a group is there with all of its rows


def test_weights_are_those_of_fit():
    X, y = tables()
    weight = np.ones(N_ROWS)
    weight[: N_ROWS // 2] = 0.0
    y[: N_ROWS // 2] = 1000.0
    how = SMALL | {"early_stopping": False, "max_iter": 20}
    net = MultiTaskNetRegressor(**how).fit_batches(
        cut(50, X, y, weight), rows_in_memory=150
    )
    assert np.abs(net.predict(X)).max() < 50


def test_labels_that_few_windows_have_count_as_in_all_rows():
    X, y = tables()
    y[200:, 1] = np.nan  # one window of three has labels of this column
    scales = []

    class Scale(Callback):
        def on_batch_begin(self, net, batch=None, training=False, **kwargs):
            if training:
                scales.append(batch[1].scale[0].tolist())

    how = SMALL | {"early_stopping": False, "max_iter": 1, "batch_size": 100}
    MultiTaskNetRegressor(**how, callbacks=[Scale()]).fit_batches(
        cut(100, X, y), rows_in_memory=200
    )
    ratios = [column / other for column, other in scales]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-5)


def test_going_on():
    X, y = tables()
    net = MultiTaskNetRegressor(**SMALL, warm_start=True)
    net.fit_batches(cut(100, X, y), rows_in_memory=300)
    epochs = len(net.history_)
    net.fit_batches(cut(100, X, y), rows_in_memory=300)
    assert len(net.history_) > epochs


def test_intervals_rest_on_held_out_rows():
    X, y = tables(3000)
    net = MultiTaskNetRegressor(**SMALL).fit_batches(
        cut(300, X, y), rows_in_memory=1000
    )
    low, high = net.predict_interval(X, coverage=0.8)
    known = ~np.isnan(y)
    covered = ((low <= y) & (y <= high))[known].mean()
    assert 0.7 < covered < 0.9
    assert not hasattr(net, "oof_predictions_")


def rows_of_one_class(late):
    X, y = frames()
    y.loc[:, "sold"] = "no"
    y.loc[late:, "sold"] = "later"
    return X, y[["sold"]]


ONE_SHOT = (pair for pair in [tables()])
REFUSED = {
    "generator": (ONE_SHOT, TypeError, "generator, which cannot be read again"),
    "number": (3, TypeError, "int, which cannot be read again"),
    "function of nothing": (lambda: None, TypeError, "function that gives a NoneType"),
    "no y": ([(tables()[0], None)], ValueError, "y of batch 0 is None"),
    "empty": (list, ValueError, "batches has no row"),
    "no pair": ([tables()[0]], TypeError, "Batch 0 is a ndarray"),
    "lengths": ([(tables()[0], tables()[1][:5])], ValueError, "600 rows of X and 5"),
    "odd key": ([{"X": 1, "y": 2, "weight": 3}], ValueError, "'sample_weight'"),
    "kinds": ([frames(), tables()], TypeError, "pandas.DataFrame"),
    "columns": (
        [frames(), (frames()[0].iloc[:, ::-1], frames()[1])],
        ValueError,
        "Batch 1 of X has the columns",
    ),
    "weights": ([tables(), (*tables(), np.ones(N_ROWS))], ValueError, "Batch 0 has no"),
    "one group": (
        [dict(zip(("X", "y"), tables(), strict=True), groups=np.zeros(N_ROWS))],
        ValueError,
        "held out|train on",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    batches, error, match = REFUSED[case]
    net = MultiTaskNetEstimator(**SMALL)
    before = threading.active_count()
    with pytest.raises(error, match=match):
        net.fit_batches(batches, rows_in_memory=300)
    assert not hasattr(net, "stack_")
    assert threading.active_count() == before


def test_groups_too_large_to_hold_out():
    X, y = tables()
    groups = np.arange(N_ROWS) % 2  # 300 rows each; a quarter of 400 can be held out
    net = MultiTaskNetRegressor(**SMALL, validation_fraction=0.5)
    with pytest.raises(ValueError, match="rows_in_memory where groups are larger"):
        net.fit_batches([{"X": X, "y": y, "groups": groups}], rows_in_memory=400)


def test_no_optimizer_state_is_kept_unless_training_is_to_go_on():
    for goes_on in (False, True):
        net = MultiTaskNetRegressor(**SMALL, warm_start=goes_on)
        net.fit_batches([tables()], rows_in_memory=300)
        assert bool(net.net_.optimizer_.state) == goes_on


def test_a_class_that_the_sample_did_not_show():
    X, y = tables()
    y = np.where(np.arange(N_ROWS) == 555, "rare", np.where(X[:, 0] > 0, "a", "b"))
    read = cut(100, X, y)
    how = SMALL | {"early_stopping": False}
    net = MultiTaskNetClassifier(**how)
    with pytest.raises(ValueError, match=r"'rare'.*fit_batches\("):
        net.fit_batches(read, rows_in_memory=50)
    assert not hasattr(net, "stack_")
    net.fit_batches(read, classes=np.array(["a", "b", "rare"]), rows_in_memory=50)
    assert net.classes_.tolist() == ["a", "b", "rare"]


def test_an_error_in_the_middle_leaves_everything_as_it_was():
    X, y = tables()
    calls = []

    def read():
        calls.append(1)
        yield X[:300], y[:300]
        if len(calls) > 2:
            raise OSError("the disk is gone")
        yield X[300:], y[300:]

    net = MultiTaskNetRegressor(**SMALL).fit(X, y)
    predicted = net.predict(X)
    before = threading.active_count()
    with pytest.raises(OSError, match="disk is gone"):
        net.set_params(max_iter=50).fit_batches(read, rows_in_memory=200)
    assert threading.active_count() == before
    np.testing.assert_array_equal(net.predict(X), predicted)


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ({"cv": 5}, "cv needs all rows"),
        ({"early_stopping": False, "calibrate": True}, "fit_batches holds none out"),
    ],
)
def test_parameters_that_need_all_rows(how, match):
    with pytest.raises(ValueError, match=match):
        MultiTaskNetRegressor(**(SMALL | how)).fit_batches([tables()])


@pytest.mark.parametrize("rows", [1, 2.5, True, "all"])
def test_rows_in_memory_must_be_a_number(rows):
    with pytest.raises(ValueError, match="rows_in_memory"):
        MultiTaskNetRegressor(**SMALL).fit_batches([tables()], rows_in_memory=rows)


def test_row_groups_of_a_parquet_file(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    X, y = frames()
    path = tmp_path / "rows.parquet"
    pd.concat([X, y], axis=1).to_parquet(path, row_group_size=100)

    def read():
        for rows in parquet.ParquetFile(path).iter_batches(batch_size=100):
            frame = rows.to_pandas()
            yield frame[X.columns], frame[y.columns]

    net = MultiTaskNetEstimator(**SMALL).fit_batches(read, rows_in_memory=250)
    assert net.predict(X).columns.tolist() == ["price", "sold"]


def test_a_memory_map(tmp_path):
    X, y = tables()
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    net = MultiTaskNetRegressor(**SMALL).fit_batches(
        cut(100, mapped, y), rows_in_memory=250
    )
    assert net.predict(X).shape == y.shape
