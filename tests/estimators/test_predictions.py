"""What comes out of a fitted estimator: containers, probabilities, scores."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.metrics import task_scores
from tests.estimators.helpers import SMALL, learner

# Containers: what goes in comes out


def test_one_column_of_numbers_comes_back_as_floats_of_one_axis(X, number):
    for y in (number, number.tolist(), number[:, None]):
        predicted = MultiTaskNetEstimator(**SMALL).fit(X, y).predict(X)
        assert isinstance(predicted, np.ndarray)
        assert predicted.dtype == np.float64
        assert predicted.shape == np.shape(y)


@pytest.mark.parametrize(
    "dtype", ["int8", "int64", "uint8", "bool", "float32", "U", "O"]
)
def test_class_labels_come_back_in_the_type_they_had(X, dtype):
    labels = np.arange(60) % 2
    y = labels.astype(dtype)
    net = MultiTaskNetClassifier(**SMALL).fit(X, y)

    predicted = net.predict(X)

    assert predicted.dtype == y.dtype or dtype == "O"
    assert set(predicted.tolist()) <= set(y.tolist())
    assert_array_equal(np.sort(net.classes_), np.unique(y))


def test_rows_of_a_list_may_mix_kinds(X, number, word):
    y = [[float(a), str(b)] for a, b in zip(number, word, strict=True)]
    y[3] = [None, "mid"]
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)

    predicted = net.predict(X)

    assert [task.kind for task in net.tasks_] == ["regression", "multiclass"]
    assert predicted.dtype == object
    assert all(isinstance(cell, float) for cell in predicted[:, 0])
    assert set(predicted[:, 1]) <= {"high", "mid", "low"}


def test_float_array_of_numbers_and_zeros_and_ones(X, number):
    y = np.column_stack([number, number > 0])
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)

    predicted = net.predict(X)

    assert [task.kind for task in net.tasks_] == ["regression", "binary"]
    assert predicted.dtype == np.float64
    assert set(predicted[:, 1]) <= {0.0, 1.0}


PANDAS_LABELS = {
    "float64": [0.5, 1.5, 2.5, None],
    "float32": [0.5, 1.5, 2.5, None],
    "Float64": [0.5, 1.5, 2.5, None],
    "boolean": [True, False, True, None],
    "bool": [True, False, True, False],
    "string": ["a", "b", "c", None],
    "str": ["a", "b", "c", None],
    "object": ["a", "b", "c", None],
    "category": ["a", "b", "c", None],
}


@pytest.mark.parametrize("dtype", PANDAS_LABELS)
def test_column_of_a_pandas_frame_keeps_its_type(X, dtype):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"t": pd.Series(PANDAS_LABELS[dtype] * 15, dtype=dtype)})
    index = pd.Index([f"row {i}" for i in range(60)])
    table = pd.DataFrame(X, index, list("abcd"))

    predicted = MultiTaskNetEstimator(**SMALL).fit(table, y).predict(table)

    assert isinstance(predicted, pd.DataFrame)
    pd.testing.assert_series_equal(predicted.dtypes, y.dtypes)
    pd.testing.assert_index_equal(predicted.index, index)
    assert predicted.notna().all(axis=None)
    if not dtype.lower().startswith("float"):
        assert set(predicted["t"]) <= set(y["t"].dropna())


@pytest.mark.parametrize("dtype", ["Int64", "Int8", "int64", "UInt16"])
def test_integer_classes_of_a_pandas_frame_keep_their_type(X, dtype):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(X)
    labels = [3, 5, 7, None if dtype[0].isupper() else 5] * 15
    y = pd.DataFrame({"t": pd.Series(labels, dtype=dtype)})

    predicted = MultiTaskNetClassifier(**SMALL).fit(X, y).predict(X)

    assert predicted["t"].dtype == y["t"].dtype
    assert set(predicted["t"]) <= {3, 5, 7}


def test_integer_numbers_of_a_pandas_frame_become_floats(X):
    """Predicted means are no integers: rounding them would lose what was learned."""
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(X)
    y = pd.DataFrame({"t": pd.Series([3, 5, 7, None] * 15, dtype="Int64")})

    predicted = MultiTaskNetEstimator(**SMALL).fit(X, y).predict(X)

    assert predicted["t"].dtype.kind == "f"


def test_type_of_predictions_does_not_depend_on_the_rows():
    """One row whose prediction happens to be whole must not change the type."""
    pd = pytest.importorskip("pandas")
    rows = pd.DataFrame({"x": np.arange(20.0)})
    y = pd.DataFrame({"t": (np.arange(20) > 5) * 2 + 1, "u": np.full(20, 4)})
    net = MultiTaskNetRegressor(**SMALL).fit(rows, y)

    together = net.predict(rows)
    one_by_one = [net.predict(rows[i : i + 1]) for i in range(20)]

    for one in one_by_one:
        pd.testing.assert_series_equal(one.dtypes, together.dtypes)
    assert together["u"].tolist() == pytest.approx([4] * 20)


def test_mixed_pandas_frame(X, mixed):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(X)
    y = pd.DataFrame(mixed, columns=["price", "size", "sold"])
    y["price"] = y["price"].astype(float)
    y["size"] = y["size"].astype("category")
    y["sold"] = y["sold"].map({"y": True, "n": False}).astype("boolean")
    net = learner().fit(X, y)

    predicted = net.predict(X)

    pd.testing.assert_series_equal(predicted.dtypes, y.dtypes)
    assert [task.kind for task in net.tasks_] == ["regression", "multiclass", "binary"]
    assert net.score(X, y) > 0.8


def test_series_is_one_column(X, number, word):
    pd = pytest.importorskip("pandas")
    index = pd.RangeIndex(100, 160)
    for y in (number, word, word == "mid"):
        net = MultiTaskNetEstimator(**SMALL).fit(X, pd.Series(y, index, name="t"))
        assert net.predict(X).shape == (60,)
        assert net.tasks_[0].name_ == "t"
    category = pd.Series(word, dtype="category")
    net = MultiTaskNetClassifier(**SMALL).fit(X, category)
    assert_array_equal(net.classes_, ["high", "low", "mid"])


def test_polars_frame_in_polars_frame_out(X, number, word):
    pl = pytest.importorskip("polars")
    labels = {
        "number": number,
        "word": word,
        "flag": number > 0,
        "enum": pl.Series(word, dtype=pl.Enum(["low", "mid", "high"])),
    }
    y = pl.DataFrame(labels).with_columns(
        pl.when(pl.col("flag")).then(pl.col("word")).alias("gaps")
    )
    table = pl.DataFrame(X, schema=list("abcd"))
    net = learner().fit(table, y)

    predicted = net.predict(table)

    assert isinstance(predicted, pl.DataFrame)
    assert predicted.schema == y.schema
    assert predicted.null_count().sum_horizontal().item() == 0
    assert net.score(table, y) > 0.8
    mean, std = net.predict(table, return_std=True)
    assert mean.equals(predicted)
    assert std["number"].min() > 0
    assert std["word"].is_nan().all() or std["word"].is_null().all()


@pytest.mark.parametrize("dtype", ["Int8", "UInt16", "Float32"])
def test_column_of_a_polars_frame_keeps_its_type(X, dtype):
    pl = pytest.importorskip("polars")
    y = pl.DataFrame({"t": pl.Series(np.arange(60) % 3, dtype=getattr(pl, dtype))})

    predicted = MultiTaskNetClassifier(**SMALL).fit(X, y).predict(X)

    assert predicted.schema == y.schema


def test_polars_series_is_one_column(X, word):
    pl = pytest.importorskip("polars")
    net = MultiTaskNetClassifier(**SMALL).fit(X, pl.Series("t", word))
    assert net.predict(X).shape == (60,)


def test_names_of_a_frame_may_be_integers(X, number):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame(np.column_stack([number, -number]))
    table = pd.DataFrame(X)
    net = MultiTaskNetRegressor(**SMALL).fit(table, y)

    assert net.predict(table).columns.tolist() == [0, 1]
    assert not hasattr(net, "feature_names_in_")
    assert set(net.named_estimators_) == {0, 1}
    assert "train_loss/1" in net.history_[0]


# Probabilities and classes


def test_probabilities_and_classes_are_aligned_with_the_columns(X, mixed):
    net = learner().fit(X, mixed)

    proba, predicted = net.predict_proba(X), net.predict(X)

    assert proba[0] is None
    assert net.classes_[0] is None
    for t, classes in ((1, ["high", "low", "mid"]), (2, ["n", "y"])):
        assert net.classes_[t].tolist() == classes
        assert proba[t].shape == (60, len(classes))
        assert_allclose(proba[t].sum(axis=1), 1)
        assert_array_equal(net.classes_[t][proba[t].argmax(axis=1)], predicted[:, t])
        assert len(set(predicted[:, t])) > 1


def test_probabilities_of_one_column_are_a_plain_array(X, word):
    for cls in (MultiTaskNetEstimator, MultiTaskNetClassifier):
        net = cls(**SMALL).fit(X, word)
        assert_array_equal(net.classes_, ["high", "low", "mid"])
        assert net.predict_proba(X).shape == (60, 3)
        net.fit(X, word[:, None])
        assert [p.shape for p in net.predict_proba(X)] == [(60, 3)]
        assert [c.tolist() for c in net.classes_] == [["high", "low", "mid"]]


def test_probabilities_are_calibrated_to_the_shares_where_nothing_is_known(rng):
    rows = rng.normal(size=(400, 2))
    y = np.where(rng.random(400) < 0.8, "often", "rare")
    net = MultiTaskNetClassifier(**{**SMALL, "max_iter": 30}).fit(rows, y)

    share = (y == "often").mean()

    assert net.predict_proba(rows)[:, 0].mean() == pytest.approx(share, abs=0.05)


def test_probabilities_are_hidden_where_no_column_has_classes(X, number):
    net = MultiTaskNetEstimator(**SMALL)
    assert hasattr(net, "predict_proba")
    net.fit(X, number)
    assert not hasattr(net, "predict_proba")
    assert not hasattr(MultiTaskNetRegressor(), "predict_proba")


# Standard deviations


def test_standard_deviation_has_the_shape_of_the_prediction(X, number, mixed):
    net = MultiTaskNetRegressor(**SMALL).fit(X, number)
    mean, std = net.predict(X, return_std=True)
    assert_array_equal(mean, net.predict(X))
    assert std.shape == (60,)
    assert (std > 0).all()

    mean, std = MultiTaskNetEstimator(**SMALL).fit(X, mixed).predict(X, return_std=True)
    assert mean.shape == std.shape == (60, 3)
    assert std.dtype == np.float64
    assert (std[:, 0] > 0).all()
    assert np.isnan(std[:, 1:]).all()


def test_standard_deviation_covers_the_noise_of_the_labels(rng):
    rows = rng.uniform(-1, 1, size=(600, 1))
    y = 100 * rows[:, 0] + rng.normal(scale=20, size=600)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(16,),
        n_members=5,
        max_iter=40,
        learning_rate_init=0.01,
        random_state=0,
    ).fit(rows[:500], y[:500])

    mean, std = net.predict(rows[500:], return_std=True)

    assert std.mean() == pytest.approx(20, rel=0.25)
    assert np.mean(np.abs(y[500:] - mean) < 2 * std) > 0.85


def test_standard_deviation_of_a_frame_is_a_frame_of_floats(X, number, word):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(X)
    y = pd.DataFrame({"a": np.rint(number).astype(int), "b": word})
    y["b"] = y["b"].astype("category")

    _, std = MultiTaskNetEstimator(**SMALL).fit(X, y).predict(X, return_std=True)

    assert std.columns.tolist() == ["a", "b"]
    assert (std.dtypes == np.float64).all()


# The index


@pytest.mark.parametrize(
    "bare", [np.asarray, csr_matrix, lambda X: X.to_numpy().tolist()]
)
@pytest.mark.parametrize("named", [True, False])
def test_pandas_frame_comes_back_only_with_the_index_of_x(named, bare):
    """Rows that are numbered anew would be aligned with labels of other rows."""
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), range(60, 0, -1))
    y = pd.DataFrame({"a": X[0], "b": X[1]})
    passed = X if named else bare(X)
    net = MultiTaskNetRegressor(**SMALL).fit(passed, y)

    frames = [net.predict(passed), *net.predict_interval(passed)]
    frames += [*net.predict(passed, return_std=True)]

    for frame in frames:
        if named:
            pd.testing.assert_index_equal(frame.index, X.index)
        else:
            assert isinstance(frame, np.ndarray)
            assert (y - frame).shape == y.shape
    pd.testing.assert_index_equal(net.oof_predictions_.index, y.index)


def test_predictions_behind_a_step_that_gives_an_array_go_by_position(mixed):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"x": np.arange(60.0), "z": 1.0}, index=range(59, -1, -1))
    y = pd.DataFrame(mixed, X.index, columns=["price", "size", "sold"])
    pipe = make_pipeline(StandardScaler(), MultiTaskNetEstimator(**SMALL)).fit(X, y)

    predicted = pipe.predict(X)

    assert isinstance(predicted, np.ndarray)
    named = pd.DataFrame(predicted, y.index, y.columns)
    by_position, by_name = (task_scores(y, one) for one in (predicted, named))
    assert [row["kind"] for row in by_position] == [row["kind"] for row in by_name]
    assert by_position[0]["r2"] == by_name[0]["r2"]
    pipe.set_output(transform="pandas").fit(X, y)
    pd.testing.assert_index_equal(pipe.predict(X).index, X.index)


# Scores


def expected_score(y, predicted, weight):
    """Mean over columns of scikit-learn's own scores of the observed labels."""
    scores = []
    for t in range(y.shape[1]):
        seen = np.array([cell is not None for cell in y[:, t]]) & (weight[:, t] > 0)
        labels, said = y[seen, t].tolist(), predicted[seen, t].tolist()
        metric = accuracy_score if isinstance(labels[0], str) else r2_score
        scores.append(metric(labels, said, sample_weight=weight[seen, t]))
    return np.mean(scores)


def test_score_is_the_mean_of_the_columns_own_scores(X, mixed, rng):
    net = MultiTaskNetEstimator(**SMALL).fit(X, mixed)
    predicted = net.predict(X)
    ones = np.ones(mixed.shape)
    of_rows, of_labels = rng.random(60), rng.integers(0, 3, mixed.shape)

    assert net.score(X, mixed) == pytest.approx(expected_score(mixed, predicted, ones))
    assert net.score(X, mixed, of_rows) == pytest.approx(
        expected_score(mixed, predicted, of_rows[:, None] * ones)
    )
    assert net.score(X, mixed, sample_weight=of_labels) == pytest.approx(
        expected_score(mixed, predicted, of_labels)
    )


def test_score_of_one_column_is_scikit_learns(X, number, word):
    net = MultiTaskNetRegressor(**SMALL).fit(X, number)
    assert net.score(X, number) == pytest.approx(r2_score(number, net.predict(X)))
    net = MultiTaskNetClassifier(**SMALL).fit(X, word)
    assert net.score(X, word) == pytest.approx(accuracy_score(word, net.predict(X)))


def test_label_never_seen_counts_as_missed_with_a_warning(X, word):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(X)
    net = MultiTaskNetClassifier(**SMALL).fit(X, pd.DataFrame({"size": word}))
    later = word.astype(object)
    later[:6] = "huge"

    with pytest.warns(UserWarning, match=r"'size'.*'huge'"):
        score = net.score(X, pd.DataFrame({"size": later}))

    hits = net.predict(X)["size"].to_numpy() == later
    assert score == pytest.approx(hits.mean())


def test_score_of_labels_of_another_type_is_refused(X, word):
    net = MultiTaskNetClassifier(**SMALL).fit(X, word)
    with pytest.raises(ValueError, match=r"(?s)olumn 0 of y holds.*'high'"):
        net.score(X, np.arange(60))


def test_nothing_to_score_is_missing(X, mixed):
    net = MultiTaskNetEstimator(**SMALL).fit(X, mixed)
    assert np.isnan(net.score(X, np.full((60, 3), None)))
    one = np.full((60, 3), None)
    one[:, 1] = mixed[:, 1]
    seen = np.array([cell is not None for cell in mixed[:, 1]])
    hits = net.predict(X)[:, 1] == mixed[:, 1]
    assert net.score(X, one) == pytest.approx(hits[seen].mean())


# Rows do not depend on each other


def test_row_does_not_depend_on_the_rows_it_is_predicted_with(X, mixed, rng):
    net = MultiTaskNetEstimator(**SMALL).fit(X, mixed)
    rows = rng.normal(size=(20_000, 4))

    together = net.predict(rows)[:, 0].astype(float)
    some = rng.permutation(20_000)[:50]
    alone = np.array([net.predict(rows[[i]])[0, 0] for i in some])

    assert_allclose(alone, together[some], rtol=1e-12, atol=1e-12)
