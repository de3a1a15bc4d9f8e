"""Reading X, y and weights: missing labels, weights of zero, types of cells."""

from decimal import Decimal

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from tests.estimators.helpers import FULL_BATCH, SMALL, learner

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
    X = pd.DataFrame(X)
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
    X = pd.DataFrame(X)
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


# Features of any type


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


@pytest.mark.parametrize("shape", [(60,), (60, 1), (60, 3)])
def test_a_list_of_one_array_an_output_leads_to_column_stack(X, shape):
    net = MultiTaskNetEstimator(**SMALL)
    with pytest.raises(ValueError, match=r"np\.column_stack\(y\)"):
        net.fit(X, [np.zeros(shape), np.ones(60)])


def test_sparse_rows_after_a_dense_fit_are_read_as_dense_ones(X, number):
    net = MultiTaskNetRegressor(**SMALL).fit(X, number)
    assert_allclose(net.predict(sparse.csr_matrix(X)), net.predict(X))
    other = clone(net).fit(X, number)
    net.partial_fit(sparse.csr_matrix(X), number)
    assert_allclose(net.predict(X), other.partial_fit(X, number).predict(X))
