"""What comes out of the estimators: containers, labels, weights, attributes."""

import copy
import warnings
from decimal import Decimal

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback, EpochScoring

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)

ESTIMATORS = (MultiTaskNetEstimator, MultiTaskNetRegressor, MultiTaskNetClassifier)
SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 3,
    "random_state": 0,
}
FULL_BATCH = {**SMALL, "early_stopping": False, "batch_size": 10_000}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks this small gain nothing from threads and lose much on busy cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 4))


@pytest.fixture
def number(X):
    return 3 * X[:, 0] + X[:, 1]


@pytest.fixture
def word(X):
    return np.where(X[:, 0] > 0.5, "high", np.where(X[:, 0] > -0.5, "mid", "low"))


@pytest.fixture
def mixed(number, word):
    """Return a number, three words and two words; ten labels of each are missing."""
    y = np.column_stack([number.astype(object), word, np.where(number > 0, "y", "n")])
    y[:10, 0] = None
    y[10:20, 1] = None
    y[20:30, 2] = None
    return y


def learner(**parameters):
    """Return an estimator that learns the small tables well."""
    return MultiTaskNetEstimator(
        hidden_layer_sizes=(16,),
        n_members=2,
        max_iter=40,
        learning_rate_init=0.02,
        random_state=0,
        **parameters,
    )


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
    labels = [3, 5, 7, None if dtype[0].isupper() else 5] * 15
    y = pd.DataFrame({"t": pd.Series(labels, dtype=dtype)})

    predicted = MultiTaskNetClassifier(**SMALL).fit(X, y).predict(X)

    assert predicted["t"].dtype == y["t"].dtype
    assert set(predicted["t"]) <= {3, 5, 7}


def test_integer_numbers_of_a_pandas_frame_become_floats(X):
    """Predicted means are no integers: rounding them would lose what was learned."""
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"t": pd.Series([3, 5, 7, None] * 15, dtype="Int64")})

    predicted = MultiTaskNetEstimator(**SMALL).fit(X, y).predict(X)

    assert predicted["t"].dtype.kind == "f"


def test_type_of_predictions_does_not_depend_on_the_rows():
    """One row whose prediction happens to be whole must not change the type."""
    pd = pytest.importorskip("pandas")
    rows = np.arange(20.0)[:, None]
    y = pd.DataFrame({"t": (np.arange(20) > 5) * 2 + 1, "u": np.full(20, 4)})
    net = MultiTaskNetRegressor(**SMALL).fit(rows, y)

    together = net.predict(rows)
    one_by_one = [net.predict(rows[[i]]) for i in range(20)]

    for one in one_by_one:
        pd.testing.assert_series_equal(one.dtypes, together.dtypes)
    assert together["u"].tolist() == pytest.approx([4] * 20)


def test_mixed_pandas_frame(X, mixed):
    pd = pytest.importorskip("pandas")
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


def test_fit_leaves_what_it_is_given_as_it_was(X, mixed):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=list("abcd")).assign(e="x")
    table.loc[3, "a"] = np.nan
    y = pd.DataFrame(mixed)
    before = table.copy(deep=True), y.copy(deep=True)

    MultiTaskNetEstimator(**SMALL).fit(table, y).predict(table)

    pd.testing.assert_frame_equal(table, before[0])
    pd.testing.assert_frame_equal(y, before[1])


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


def test_to_scikit_learn_each_estimator_is_what_its_name_says():
    kinds = [(is_regressor(cls()), is_classifier(cls())) for cls in ESTIMATORS]
    assert kinds == [(False, False), (True, False), (False, True)]


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
    y = pd.DataFrame({"a": np.rint(number).astype(int), "b": word})
    y["b"] = y["b"].astype("category")

    _, std = MultiTaskNetEstimator(**SMALL).fit(X, y).predict(X, return_std=True)

    assert std.columns.tolist() == ["a", "b"]
    assert (std.dtypes == np.float64).all()


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


# Weights


@pytest.mark.parametrize("cls", [MultiTaskNetRegressor, MultiTaskNetEstimator])
def test_weight_of_zero_leaves_a_row_out(cls, X, number):
    y = np.column_stack([number, -number])
    y[:20] = 1e6
    weight = np.r_[np.zeros(20), np.ones(40)]
    net = cls(**FULL_BATCH)

    kept = clone(net).fit(X[20:], y[20:]).predict(X)

    for given in (weight, weight[:, None] * [1, 1], weight.tolist()):
        weighted = clone(net).fit(X, y, sample_weight=given).predict(X)
        assert_allclose(weighted, kept, atol=1e-6)


def test_weight_of_zero_leaves_a_label_out(X, mixed):
    gaps = np.array([[cell is None for cell in row] for row in mixed])
    filled = mixed.copy()
    filled[:10, 0], filled[10:20, 1], filled[20:30, 2] = -1e5, "low", "n"
    net = MultiTaskNetEstimator(**FULL_BATCH)

    by_weight = clone(net).fit(X, filled, sample_weight=1.0 - gaps)
    by_gap = clone(net).fit(X, mixed)

    assert_array_equal(by_weight.predict(X), by_gap.predict(X))
    assert_allclose(by_weight.residual_std_, by_gap.residual_std_)


def test_weights_move_the_predictions(X, number):
    weight = np.where(number > 0, 10.0, 1.0)
    net = MultiTaskNetRegressor(**FULL_BATCH)

    plain = clone(net).fit(X, number).predict(X)
    weighted = clone(net).fit(X, number, sample_weight=weight).predict(X)

    assert weighted.mean() > plain.mean() + 0.5


def test_weights_of_the_labels_of_one_column_leave_the_other_as_it_was(X, number):
    """With weights of a column's own, its prior moves and the other's stays."""
    y = np.column_stack([number, number])
    weight = np.ones((60, 2))
    weight[:, 1] = np.where(number > 0, 10.0, 1.0)

    net = MultiTaskNetRegressor(**FULL_BATCH).fit(X, y, sample_weight=weight)

    assert net.tasks_[0].mean_ == pytest.approx(number.mean())
    assert net.tasks_[1].mean_ == pytest.approx(
        np.average(number, weights=weight[:, 1])
    )


@pytest.mark.parametrize("weights", [[1, 0], {1: 0}, {0: 2.5, 1: 0.0}])
def test_task_of_weight_zero_is_not_learned(X, number, rng, weights):
    y = np.column_stack([number, rng.normal(size=60)])
    net = learner(task_weights=weights, early_stopping=False).fit(X, y)

    view = net.estimators_[0]

    assert view.score(X, y[:, 0]) > 0.9
    assert net.history_[-1]["train_loss/1"] > 0.8


def test_weights_of_tasks_may_go_by_name(X, number):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"a": number, "b": -number})
    named = MultiTaskNetEstimator(**SMALL, task_weights={"b": 3}).fit(X, y)
    listed = MultiTaskNetEstimator(**SMALL, task_weights=[1, 3]).fit(X, y)
    plain = MultiTaskNetEstimator(**SMALL).fit(X, y)

    pd.testing.assert_frame_equal(named.predict(X), listed.predict(X))
    assert not np.allclose(named.predict(X), plain.predict(X), atol=1e-9)


# Missing labels


@pytest.mark.parametrize("kind", ["number", "word"])
def test_masking_a_label_equals_dropping_its_row(X, number, word, kind):
    y = {"number": number, "word": word}[kind].astype(object)
    kept = np.arange(60) % 2 == 0
    masked = y.copy()
    masked[~kept] = None
    net = MultiTaskNetEstimator(**{**FULL_BATCH, "max_iter": 20})

    a, b = clone(net).fit(X, masked), clone(net).fit(X[kept], y[kept])

    if kind == "number":
        assert_allclose(a.predict(X), b.predict(X), rtol=0, atol=1e-6)
    else:
        assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=0, atol=1e-6)


def test_masking_equals_dropping_for_features_that_only_dropped_rows_have(X, number):
    """Neither scales, nor indicators, nor levels may come from rows without label."""
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=list("abcd")).assign(e="seen", f=1.0)
    table.loc[:29, "a"] = 1e9
    table.loc[:29, "e"] = "only here"
    table.loc[:29, "f"] = np.nan
    y = number.copy()
    y[:30] = np.nan
    net = MultiTaskNetRegressor(**{**FULL_BATCH, "max_iter": 20})

    masked = clone(net).fit(table, y)
    dropped = clone(net).fit(table[30:], y[30:])

    assert_allclose(masked.predict(table), dropped.predict(table), atol=1e-6)


def test_column_without_any_label_is_predicted_as_missing(X, number, word):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"a": number, "none": np.nan, "b": word})

    with pytest.warns(UserWarning, match="'none'.*no label"):
        net = learner().fit(X, y)

    predicted = net.predict(X)
    assert predicted["none"].isna().all()
    assert predicted[["a", "b"]].notna().all(axis=None)
    _, std = net.predict(X, return_std=True)
    assert std["none"].isna().all()
    assert net.score(X, y) > 0.8
    assert net.score(X, y.assign(none=1.0)) == pytest.approx(net.score(X, y))


@pytest.mark.parametrize("labels", ["object", "category", "string", "boolean", "Int64"])
def test_class_column_without_any_label_is_predicted_as_missing(X, word, labels):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"none": pd.Series([None] * 60, dtype=labels), "b": word})

    with pytest.warns(UserWarning, match="'none'.*no label"):
        net = MultiTaskNetClassifier(**SMALL).fit(X, y)

    assert net.predict(X)["none"].isna().all()
    assert net.predict_proba(X)[0].shape == (60, 0)
    assert 0 <= net.score(X, y) <= 1


def test_rows_without_any_label_change_nothing(X, mixed):
    extra = np.vstack([mixed, np.full((30, 3), None)])
    rows = np.vstack([X, X[:30] + 100])
    net = MultiTaskNetEstimator(**FULL_BATCH)

    with_them = clone(net).fit(rows, extra).predict(X)

    assert_array_equal(with_them, clone(net).fit(X, mixed).predict(X))


def test_missing_label_is_missing_however_it_is_written(X, word):
    pd = pytest.importorskip("pandas")
    net = MultiTaskNetClassifier(**FULL_BATCH)
    expected = clone(net).fit(X[5:], word[5:]).predict_proba(X)
    for gap in (None, np.nan, float("nan"), pd.NA, pd.NaT):
        y = word.astype(object)
        y[:5] = gap
        assert_allclose(clone(net).fit(X, y).predict_proba(X), expected, atol=1e-6)


def test_masked_labels_are_missing(X, number):
    gaps = np.arange(60) < 20
    y = np.ma.array(np.where(gaps, 1e9, number), mask=gaps)
    net = MultiTaskNetRegressor(**FULL_BATCH)
    expected = clone(net).fit(X[20:], number[20:]).predict(X)
    assert_allclose(clone(net).fit(X, y).predict(X), expected, atol=1e-6)


# What objects stand for


def test_decimals_are_numbers(X, number):
    """Tables from databases hold them."""
    pd = pytest.importorskip("pandas")
    decimals = [Decimal(str(value)) for value in number]
    y = pd.DataFrame({"price": decimals})
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    assert net.tasks_[0].kind == "regression"

    table = pd.DataFrame({"price": decimals, "a": X[:, 0]})
    net = MultiTaskNetEstimator(**SMALL).fit(table, number)
    assert net.feature_encoder_.n_features_out_ == 2


@pytest.mark.parametrize("gap", [False, True])
def test_large_identifiers_are_told_apart(X, gap):
    """Integers beyond 2**53 lose their last digits as floats."""
    y = (2**60 + 1 + np.arange(60) % 2).astype(object)
    if gap:
        y[:3] = None
    net = MultiTaskNetClassifier(**SMALL).fit(X, y)
    assert net.classes_.tolist() == [2**60 + 1, 2**60 + 2]


# Small and odd tables


@pytest.mark.parametrize("n_rows", [1, 2, 3])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_tables_of_very_few_rows(n_rows, early_stopping):
    rows = np.arange(n_rows * 2.0).reshape(n_rows, 2)
    numbers, words = 10.0 + np.arange(n_rows), np.array(["a", "b", "c"])[:n_rows]
    y = np.column_stack([numbers.astype(object), words])
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(8,),
        max_iter=3,
        early_stopping=early_stopping,
        random_state=0,
    ).fit(rows, y)

    predicted = net.predict(rows)

    assert np.isfinite(predicted[:, 0].astype(float)).all()
    assert set(predicted[:, 1]) <= set(words)


def test_constant_columns_and_single_classes(X, number):
    pd = pytest.importorskip("pandas")
    rows = np.column_stack([X, np.full(60, 7.0), np.zeros(60)])
    y = pd.DataFrame({"a": number, "seven": 7.0, "only": "x", "flag": True})
    net = learner().fit(rows, y)

    predicted = net.predict(rows)

    assert set(predicted["only"]) == {"x"}
    assert predicted["flag"].all()
    assert_array_equal(net.predict_proba(rows)[2], np.ones((60, 1)))
    assert net.estimators_[0].score(rows, number) > 0.8
    assert np.isfinite(net.history_[-1]["train_loss"])


@pytest.mark.parametrize("value", [7.0, 1e-6, -3e9, 0.0])
def test_constant_numbers_are_predicted_as_they_are(X, number, value):
    """Nothing is learned of them, so the initial weights must not show either."""
    y = np.column_stack([number, np.full(60, value)])
    net = learner(early_stopping=False, task_types="regression").fit(X, y)
    assert_allclose(net.predict(X)[:, 1], value, rtol=1e-12)

    y[1:, 1] = np.nan
    net = learner(early_stopping=False, task_types="regression").fit(X, y)
    assert_allclose(net.predict(X)[:, 1], value, rtol=1e-12)


@pytest.mark.parametrize("unit", [1e-20, 1e-9, 1e9])
def test_units_of_targets_and_features_do_not_matter(X, number, unit):
    plain = learner().fit(X, number)
    scaled = learner().fit(X / unit, number * unit + 5 * unit)

    assert_allclose(scaled.predict(X / unit) / unit - 5, plain.predict(X), atol=1e-3)
    assert_allclose(scaled.residual_std_ / unit, plain.residual_std_, rtol=1e-3)


def test_features_may_be_integers_or_booleans(rng):
    rows = rng.integers(0, 5, size=(60, 3))
    y = rows[:, 0] + 0.5 * rows[:, 1]
    expected = MultiTaskNetRegressor(**SMALL).fit(rows.astype(float), y).predict(rows)
    for dtype in ("int64", "int8", "uint8", "float32"):
        given = rows.astype(dtype)
        predicted = MultiTaskNetRegressor(**SMALL).fit(given, y).predict(given)
        assert_allclose(predicted, expected, atol=1e-5)
    MultiTaskNetRegressor(**SMALL).fit(rows > 2, y).predict(rows > 2)


@pytest.mark.parametrize(
    "make",
    [
        sparse.csr_matrix,
        sparse.csr_array,
        sparse.csc_matrix,
        sparse.coo_array,
    ],
)
def test_sparse_features(rng, make):
    dense = rng.normal(size=(80, 6)) * (rng.random((80, 6)) < 0.5)
    y = dense[:, 0] + dense[:, 1]
    net = learner().fit(make(dense), y)

    assert net.score(make(dense), y) > 0.8
    assert_allclose(net.predict(make(dense)), net.predict(dense), atol=1e-9)


def test_memory_mapped_features_and_labels(tmp_path, X, number):
    y = np.column_stack([number, -number])
    for name, values in (("X", X), ("y", y)):
        np.save(tmp_path / f"{name}.npy", values)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "Xy"]
    net = MultiTaskNetRegressor(**SMALL)

    predicted = clone(net).fit(*mapped).predict(mapped[0])

    assert_array_equal(predicted, clone(net).fit(X, y).predict(X))


@pytest.mark.parametrize("sizes", [(), 8, (8,), [8, 4], np.array([8])])
@pytest.mark.parametrize("heads", [(), 4, (4, 4)])
def test_widths_of_layers(X, mixed, sizes, heads):
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=sizes,
        head_hidden_layer_sizes=heads,
        n_members=1,
        max_iter=2,
        random_state=0,
    ).fit(X, mixed)
    assert net.predict(X).shape == (60, 3)


def test_linear_network_is_ridge_like(X, number):
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(),
        n_members=1,
        max_iter=200,
        learning_rate_init=0.05,
        alpha=0,
        early_stopping=False,
        random_state=0,
    ).fit(X, number)
    assert net.score(X, number) > 0.999


def test_row_does_not_depend_on_the_rows_it_is_predicted_with(X, mixed, rng):
    net = MultiTaskNetEstimator(**SMALL).fit(X, mixed)
    rows = rng.normal(size=(20_000, 4))

    together = net.predict(rows)[:, 0].astype(float)
    some = rng.permutation(20_000)[:50]
    alone = np.array([net.predict(rows[[i]])[0, 0] for i in some])

    assert_allclose(alone, together[some], rtol=1e-12, atol=1e-12)


# Going on: warm start, partial fit, rows to stop on


def test_warm_start_goes_on_from_the_last_weights(X, mixed):
    net = MultiTaskNetEstimator(**FULL_BATCH, warm_start=True).fit(X, mixed)
    first = net.history_[-1]["train_loss"]
    net.fit(X, mixed)

    assert net.n_iter_ == 6
    assert [row["epoch"] for row in net.history_] == [1, 2, 3, 4, 5, 6]
    assert net.history_[3]["train_loss"] < first
    assert MultiTaskNetEstimator(**FULL_BATCH).fit(X, mixed).fit(X, mixed).n_iter_ == 3


class HeldOutRows(Callback):
    """Note which rows each member holds out."""

    def __init__(self):
        self.seen = []

    def on_train_begin(self, net, X=None, **kwargs):
        self.seen.append(X.held_out.index.clone())


def test_warm_start_holds_the_same_rows_out_again(X, number):
    """Rows that a member trained on before must not decide when it stops."""
    rows = HeldOutRows()
    net = MultiTaskNetRegressor(
        **{**SMALL, "n_members": 5}, warm_start=True, callbacks=[rows]
    )
    net.fit(X, number).fit(X, number)

    first, second = ([set(member.tolist()) for member in x] for x in rows.seen)
    assert first == second


def test_partial_fit_is_one_epoch(X, mixed):
    net = MultiTaskNetEstimator(**SMALL)
    for epoch in range(1, 4):
        assert net.partial_fit(X, mixed) is net
        assert net.n_iter_ == len(net.history_) == epoch
    losses = [row["train_loss"] for row in net.history_]
    assert losses[2] < losses[0]


def test_partial_fit_learns(X, number):
    net = MultiTaskNetRegressor(hidden_layer_sizes=(16,), n_members=2, random_state=0)
    net.set_params(learning_rate_init=0.02, batch_size=16)
    for _ in range(60):
        for part in np.split(np.arange(60), 2):
            net.partial_fit(X[part], number[part])
    assert net.score(X, number) > 0.9


@pytest.mark.parametrize("cls", [MultiTaskNetEstimator, MultiTaskNetClassifier])
def test_classes_of_partial_fit_need_not_be_in_the_first_rows(cls, X):
    y = np.array(["a", "b"])[np.arange(60) % 2]
    net = cls(**SMALL, learning_rate_init=0.05)
    net.partial_fit(X, y, classes=["a", "b", "a longer one"])
    y = np.where(np.arange(60) % 3 == 0, "a longer one", y)

    net.partial_fit(X, y)

    assert net.classes_.tolist() == ["a", "a longer one", "b"]
    assert net.predict_proba(X).shape == (60, 3)
    for _ in range(100):
        net.partial_fit(X, np.full(60, "a longer one"))
    assert set(net.predict(X)) == {"a longer one"}


@pytest.mark.parametrize("dtype", ["int8", "float32", "int64"])
def test_classes_of_partial_fit_need_not_fit_the_type_of_the_first_rows(X, dtype):
    y = (np.arange(60) % 2).astype(dtype)
    net = MultiTaskNetClassifier(**SMALL).partial_fit(X, y, classes=[0, 1, 300])
    assert net.classes_.tolist() == [0, 1, 300]


def test_classes_of_partial_fit_of_several_columns(X, mixed):
    pd = pytest.importorskip("pandas")
    known = [None, ["low", "mid", "high", "huge"], ["y", "n"]]
    by_place = MultiTaskNetEstimator(**SMALL).partial_fit(X, mixed, classes=known)
    frame = pd.DataFrame(mixed, columns=list("abc"))
    by_name = MultiTaskNetEstimator(**SMALL)
    by_name.partial_fit(X, frame, classes={"b": known[1]})

    for net in (by_place, by_name):
        assert net.classes_[1].tolist() == ["high", "huge", "low", "mid"]
        assert net.predict_proba(X)[1].shape == (60, 4)
        assert net.predict_proba(X)[2].shape == (60, 2)


def test_fit_goes_on_after_partial_fit_and_history_stays_readable(X, number):
    net = MultiTaskNetRegressor(**SMALL, warm_start=True)
    net.partial_fit(X, number).fit(X, number)
    net.partial_fit(X, number)

    history = net.history_

    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5]
    assert ["valid_loss" in row for row in history] == [False, True, True, True, False]
    for row in history[1:4]:
        assert row["valid_loss"] == pytest.approx(row["valid_loss/0"])


def test_rows_to_stop_on_decide_which_epoch_is_kept(X, number, rng):
    """Against labels of the opposite sign every epoch is worse than the first."""
    X_val = rng.normal(size=(40, 4))
    y_val = 3 * X_val[:, 0] + X_val[:, 1]
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(16,),
        n_members=2,
        max_iter=30,
        learning_rate_init=0.02,
        n_iter_no_change=6,
        random_state=0,
    )

    good = clone(net).fit(X, number, X_val=X_val, y_val=y_val)
    bad = clone(net).fit(X, number, X_val=X_val, y_val=-y_val)

    assert (good.best_epoch_ > 3).all()
    assert (bad.best_epoch_ <= 2).all()
    assert bad.n_iter_ < good.n_iter_
    assert good.history_[0]["valid_loss"] < bad.history_[0]["valid_loss"]


def test_rows_to_stop_on_may_have_gaps_and_frames(X, mixed):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame(mixed, columns=list("abc"))
    table = pd.DataFrame(X, columns=list("wxyz"))
    net = MultiTaskNetEstimator(**SMALL)
    net.fit(table[:40], y[:40], X_val=table[40:], y_val=y[40:])
    assert {"valid_loss/a", "valid_loss/b", "valid_loss/c"} <= set(net.history_[0])
    assert net.residual_std_[0] > 0


def test_early_stopping_keeps_the_best_epoch_of_each_member(rng):
    rows, y = rng.normal(size=(80, 10)), rng.normal(size=80)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(32,),
        n_members=5,
        max_iter=60,
        n_iter_no_change=5,
        learning_rate_init=0.02,
        random_state=0,
    ).fit(rows, y)

    assert net.best_epoch_.shape == (5,)
    assert (net.best_epoch_ < net.n_iter_).all()
    assert net.n_iter_ < 60
    assert net.score(rows, y) < 0.7


def test_without_early_stopping_all_epochs_run(X, number):
    net = MultiTaskNetRegressor(**{**FULL_BATCH, "max_iter": 25}).fit(X, number)
    assert net.n_iter_ == len(net.history_) == 25
    assert (net.best_epoch_ == 25).all()
    assert "valid_loss" not in net.history_[0]


# What was learned


def test_views_predict_what_the_estimator_predicts(X, mixed):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame(mixed, columns=["price", "size", "sold"])
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    predicted, proba = net.predict(X), net.predict_proba(X)

    assert list(net.named_estimators_) == ["price", "size", "sold"]
    for t, (view, name) in enumerate(zip(net.estimators_, y, strict=True)):
        assert_array_equal(view.predict(X), predicted[name].to_numpy())
        assert_array_equal(net.named_estimators_[name].predict(X), view.predict(X))
        assert is_regressor(view) == (t == 0)
        assert is_classifier(view) == (t > 0)
        assert view.n_features_in_ == 4
        if t:
            assert_array_equal(view.predict_proba(X), proba[t])
            assert_array_equal(view.classes_, net.classes_[t])
            assert set(view.predict(X)) <= set(view.classes_)


def test_view_cannot_be_fitted(X, number):
    view = MultiTaskNetRegressor(**SMALL).fit(X, number).estimators_[0]
    with pytest.raises(TypeError, match="view"):
        view.fit(X, number)


def test_history_has_one_row_an_epoch(X, mixed):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame(mixed, columns=list("abc"))
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)

    history = pd.DataFrame(net.history_)

    assert history["epoch"].tolist() == [1, 2, 3]
    assert net.n_iter_ == 3
    assert set(history) == {
        "epoch",
        "seconds",
        "learning_rate",
        "train_loss",
        "valid_loss",
        *[f"{part}_loss/{name}" for part in ("train", "valid") for name in "abc"],
    }
    assert (history["seconds"] > 0).all()
    assert (history["learning_rate"] == net.learning_rate_init).all()
    columns = history[["train_loss/a", "train_loss/b", "train_loss/c"]]
    assert_allclose(history["train_loss"], columns.mean(axis=1), rtol=1e-5)


def test_losses_start_near_the_prior_whatever_the_unit(X, number, word):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"a": number * 1e6, "b": word, "c": number > 1})
    row = MultiTaskNetEstimator(**{**FULL_BATCH, "max_iter": 1}).fit(X, y).history_[0]
    for name in "abc":
        assert row[f"train_loss/{name}"] == pytest.approx(1, abs=0.15)


def test_names_and_numbers_of_columns(X, mixed):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=["b", "a", "d", "c"])
    net = MultiTaskNetEstimator(**SMALL).fit(table, mixed)
    assert net.feature_names_in_.tolist() == ["b", "a", "d", "c"]
    assert net.n_features_in_ == 4
    assert net.n_outputs_ == 3
    assert not hasattr(
        MultiTaskNetEstimator(**SMALL).fit(X, mixed), "feature_names_in_"
    )


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_nothing_is_there_before_fit(cls, X):
    net = cls()
    for name in ("predict", "score"):
        arguments = (X,) if name == "predict" else (X, X[:, 0])
        with pytest.raises(NotFittedError, match=cls.__name__):
            getattr(net, name)(*arguments)
    for name in ("history_", "estimators_", "named_estimators_", "n_features_in_"):
        assert not hasattr(net, name)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_html_representation(cls, X):
    net = cls(**SMALL)
    assert cls.__name__ in net._repr_html_()
    net.fit(X, np.arange(60) % 2)
    assert cls.__name__ in net._repr_html_()
    assert "Fitted" in net._repr_html_()
    assert cls.__name__ in net.estimators_[0]._repr_html_()


def test_metadata_requests():
    with config_context(enable_metadata_routing=True):
        net = MultiTaskNetEstimator()
        net.set_fit_request(sample_weight=True, X_val=True, y_val=True)
        net.set_score_request(sample_weight=True)
        net.set_partial_fit_request(sample_weight=True, classes=True)
        net.set_predict_request(return_std=True)
        routing = net.get_metadata_routing()
    requests = dict.fromkeys(("sample_weight", "X_val", "y_val"), True)
    assert routing.fit.requests == requests
    assert routing.score.requests == {"sample_weight": True}
    requests = dict.fromkeys(("sample_weight", "classes"), True)
    assert routing.partial_fit.requests == requests
    assert routing.predict.requests == {"return_std": True}


def test_weights_are_routed_through_a_pipeline(X, number):
    weight = np.where(number > 0, 10.0, 1.0)
    net = MultiTaskNetRegressor(**FULL_BATCH)
    expected = clone(net).fit(X, number, sample_weight=weight).predict(X)
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline("passthrough", net.set_fit_request(sample_weight=True))
        predicted = pipe.fit(X, number, sample_weight=weight).predict(X)
    assert_array_equal(predicted, expected)


def test_parameters_stay_what_they_were(X, mixed):
    weights, kinds, sizes = {1: 2.0}, {0: "regression"}, [8]
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=sizes,
        task_weights=weights,
        task_types=kinds,
        n_members=2,
        max_iter=2,
    )
    before = copy.deepcopy(net.get_params())
    net.fit(X, mixed)
    assert net.get_params() == before
    assert net.hidden_layer_sizes is sizes


# Silence and progress


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_silent_by_default(capfd, cls, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = cls(**SMALL).fit(X, np.arange(60) % 2)
        net.partial_fit(X, np.arange(60) % 2)
        net.predict(X)
        net.score(X, np.arange(60) % 2)
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == ""


def test_progress_bar(capfd, X, number):
    MultiTaskNetRegressor(**SMALL, verbose=1).fit(X, number)
    said = capfd.readouterr()
    assert "3/3" in said.err
    assert "train_loss" in said.err
    assert said.out == ""


# Randomness and devices


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_same_random_state_same_result(X, mixed, dropout):
    net = MultiTaskNetEstimator(**SMALL, dropout=dropout, batch_size=16)

    a = clone(net).fit(X, mixed).predict(X)

    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    assert_array_equal(clone(net).fit(X, mixed).predict(X), a)
    other = clone(net).set_params(random_state=1).fit(X, mixed).predict(X)
    assert (other[:, 0] != a[:, 0]).all()


def fit_and_predict(seed, X, y):
    torch.set_num_threads(1)
    net = MultiTaskNetRegressor(**SMALL, dropout=0.2, batch_size=16)
    return net.set_params(random_state=seed).fit(X, y).predict(X)


def test_threads_agree_with_processes(X, number):
    expected = [fit_and_predict(seed, X, number) for seed in range(4)]
    for backend in ("threading", "loky"):
        found = Parallel(n_jobs=2, backend=backend)(
            delayed(fit_and_predict)(seed, X, number) for seed in range(4)
        )
        assert_array_equal(found, expected)


def test_one_fitted_estimator_may_predict_in_several_threads(X, number, rng):
    """Web servers do, and joblib's threads in permutation_importance."""
    net = MultiTaskNetRegressor(**SMALL).set_params(hidden_layer_sizes=(64, 64))
    net.fit(X, number)
    rows = rng.normal(size=(5000, 4))
    expected = net.predict(rows)

    found = Parallel(n_jobs=8, backend="threading")(
        delayed(net.predict)(rows) for _ in range(200)
    )

    for one in found:
        assert_array_equal(one, expected)
    parameters = net.net_.module_.parameters()
    assert {parameter.dtype for parameter in parameters} == {torch.float32}


@pytest.mark.parametrize("random_state", [0, None])
def test_no_global_generator_is_touched(X, mixed, random_state):
    """None too: the documentation promises that none is read or seeded."""
    torch_before = torch.get_rng_state()
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    net = MultiTaskNetEstimator(**SMALL, dropout=0.2, batch_size=16)

    net.set_params(random_state=random_state).fit(X, mixed)
    net.partial_fit(X, mixed)
    net.predict(X)
    net.score(X, mixed)

    assert torch.equal(torch.get_rng_state(), torch_before)
    name_after, keys_after, *rest_after = np.random.get_state()  # noqa: NPY002
    assert name_after == name
    assert rest_after == rest
    assert_array_equal(keys_after, keys)


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_devices(X, number, device):
    net = MultiTaskNetRegressor(**SMALL, device=device).fit(X, number)
    assert net.predict(X).shape == (60,)
    found = next(net.net_.module_.parameters()).device.type
    if device == "cpu" or not torch.accelerator.is_available():
        assert found == "cpu"
    else:
        assert found == torch.accelerator.current_accelerator().type


# The engine stays in reach


class PressCtrlC(Callback):
    def on_batch_end(self, net, training=True, **kwargs):
        if len(net.history) == 4:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_was_learned(X, number):
    net = MultiTaskNetRegressor(**{**SMALL, "max_iter": 50}, callbacks=[PressCtrlC()])
    net.fit(X, number)

    assert len(net.history_) == 3
    assert np.isfinite(net.predict(X)).all()
    assert (net.best_epoch_ <= 3).all()


def test_arguments_for_skorch_win(X, number):
    net = MultiTaskNetRegressor(
        **SMALL, net_params={"optimizer": torch.optim.Adagrad, "optimizer__fused": None}
    ).fit(X, number)
    assert isinstance(net.net_.optimizer_, torch.optim.Adagrad)


def test_scoring_callback_of_skorch(X, number):
    """It is the documented way to follow a score over the epochs."""
    scored = EpochScoring(lambda net, X, y=None: 0.5, name="half")
    net = MultiTaskNetRegressor(**SMALL, callbacks=[scored]).fit(X, number)
    assert [row["half"] for row in net.net_.history] == [0.5] * 3


def test_first_part_of_one_row_does_not_decide_the_number_of_members(X, number):
    """partial_fit holds no row out, so members need no rows of their own."""
    net = MultiTaskNetRegressor(hidden_layer_sizes=(8,), n_members=3, random_state=0)
    net.partial_fit(X[:1], number[:1]).partial_fit(X, number)
    assert len(net.best_epoch_) == 3


def test_max_epochs_of_net_params_wins_over_max_iter(X, number):
    net = MultiTaskNetRegressor(**FULL_BATCH, net_params={"max_epochs": 7})
    assert net.fit(X, number).n_iter_ == 7
