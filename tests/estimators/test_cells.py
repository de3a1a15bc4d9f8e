"""Cells that are extreme, masked or written otherwise, through a whole fit."""

import re
import warnings

import numpy as np
import pytest
from scipy import sparse

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from tests.helpers import SMALL_NET, of_objects

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(200, 2))


@pytest.mark.parametrize("far", [1e12, -1e12, 1e9])
def test_targets_far_from_zero_are_predicted_in_their_units(X, far):
    y = far + X[:, 0]
    net = MultiTaskNetRegressor(**SMALL_NET).fit(X, y)

    predicted = net.predict(X)

    assert predicted.dtype == np.float64
    assert net.score(X, y) > 0.8
    np.testing.assert_allclose(predicted - far, X[:, 0], atol=1.5)


@pytest.mark.parametrize("factor", [2.0**-166, 2.0**123])
def test_weights_of_any_size_train_as_those_of_usual_size(X, factor):
    weight = np.random.default_rng(1).choice([1.0, 2.0], len(X))
    one, other = (
        MultiTaskNetRegressor(**SMALL_NET).fit(X, X[:, 0], sample_weight=w)
        for w in (weight, weight * factor)
    )

    np.testing.assert_allclose(one.predict(X), other.predict(X), atol=0.05)


def test_huge_cell_at_predict_leaves_other_rows_alone(X):
    net = MultiTaskNetRegressor(**SMALL_NET).fit(X, X[:, 0])
    later = X.copy()
    later[3, 1] = 1e15

    predicted, usual = net.predict(later), net.predict(X)

    assert np.isfinite(predicted).all()
    np.testing.assert_allclose(np.delete(predicted, 3), np.delete(usual, 3), rtol=1e-5)


def test_masked_cells_of_X_are_missing(X):
    gaps = np.zeros(X.shape, dtype=bool)
    gaps[::4, 0] = True
    hidden = np.ma.masked_array(np.where(gaps, -9999.0, X), gaps)
    shown = np.where(gaps, np.nan, X)
    one, other = (
        MultiTaskNetRegressor(**SMALL_NET).fit(table, X[:, 1])
        for table in (hidden, shown)
    )

    np.testing.assert_array_equal(one.predict(hidden), other.predict(shown))


@pytest.mark.parametrize("dtype", [float, int])
def test_masked_labels_are_missing(X, dtype):
    labels = np.round(X * 10).astype(dtype)
    gaps = np.zeros(X.shape, dtype=bool)
    gaps[::4, 0] = True
    hidden = np.ma.masked_array(np.where(gaps, -9999, labels), gaps)
    shown = np.where(gaps, np.nan, labels)
    one, other = (
        MultiTaskNetRegressor(**SMALL_NET).fit(X, table) for table in (hidden, shown)
    )

    np.testing.assert_allclose(one.predict(X), other.predict(X))


def test_masked_weights_are_refused(X):
    weight = np.ma.masked_array(np.ones(len(X)), np.arange(len(X)) == 3)
    with pytest.raises(ValueError, match=r"masked .*filled"):
        MultiTaskNetRegressor(**SMALL_NET).fit(X, X[:, 0], sample_weight=weight)


def test_decimal_commas_are_told_of_and_the_remedy_works(X):
    table = pd.DataFrame({"size": [f"{v:.3f}".replace(".", ",") for v in X[:, 0]]})
    net = MultiTaskNetRegressor(**SMALL_NET)
    with pytest.warns(UserWarning, match="Column 'size' of X holds numbers") as caught:
        net.fit(table, X[:, 0])

    remedy = str(caught[0].message).split("numbers: ")[1].split(". Where")[0]
    exec(remedy, {"X": table, "pd": pd})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert net.fit(table, X[:, 0]).score(table, X[:, 0]) > 0.8


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_arrow_dictionary_of_y_comes_back(X, library, ordered):
    codes = pa.array((X[:, 0] > 0).astype(np.int8))
    words = pa.DictionaryArray.from_arrays(codes, ["lo", "hi"], ordered=ordered)
    y = pa.table({"size": words})
    if library == "pandas":
        cells = pa.chunked_array([words])
        y = pd.DataFrame({"size": pd.arrays.ArrowExtensionArray(cells)})

    rows = pd.DataFrame(X)
    predicted = MultiTaskNetEstimator(**SMALL_NET).fit(rows, y).predict(rows)

    assert type(predicted) is type(y)
    if library == "pandas":
        assert predicted["size"].dtype == y["size"].dtype
        cells = predicted["size"].tolist()
    else:
        assert predicted.schema == y.schema
        cells = predicted["size"].to_pylist()
    assert np.mean(np.array(cells) == np.where(X[:, 0] > 0, "hi", "lo")) > 0.8


@pytest.mark.parametrize("label", [2**53 + 1, 2**63 + 1, 2**80 + 1])
def test_class_labels_of_any_integer_come_back(X, label):
    y = of_objects(*(label + 2 * (X[:, 0] > 0).astype(object)))
    net = MultiTaskNetEstimator(task_types="multiclass", **SMALL_NET).fit(X, y)

    assert set(net.predict(X).tolist()) == {label, label + 2}
    assert np.mean(net.predict(X) == y) > 0.8


@pytest.mark.parametrize("cell", [1e15, -1e9, 1e200])
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, sparse.csr_matrix])
def test_extreme_cell_of_X_is_told_of(X, container, cell):
    y = X[:, 0].copy()
    X[7, 1] = cell
    with pytest.warns(UserWarning, match=re.escape(f"Column 1 of X holds {cell:g}")):
        MultiTaskNetRegressor(**SMALL_NET).fit(container(X), y)


@pytest.mark.parametrize("cell", [1e15, -1e9])
def test_extreme_label_is_told_of(X, cell):
    y = pd.DataFrame(X, columns=["a", "b"])
    y.loc[7, "b"] = cell
    with pytest.warns(UserWarning, match=r"Column 'b' of y holds .*e\+.* NaN"):
        MultiTaskNetRegressor(**SMALL_NET).fit(X, y)


def test_long_tails_rare_events_and_cells_that_do_not_count_are_no_extremes(X):
    rng = np.random.default_rng(0)
    some_pixels = np.r_[100.0, 0.004, np.zeros(198)]  # zero nearly everywhere
    tails, rare = np.exp(3 * X[:, 0]), rng.permutation(200) == 0
    table = np.c_[X, tails, rare, X[:, 0], some_pixels]
    table[5, 4] = 1e15
    weight = (np.arange(200) != 5).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MultiTaskNetRegressor(**SMALL_NET).fit(table, table, sample_weight=weight)


@pytest.mark.parametrize("later", ["score", "X_val"])
def test_count_that_showed_0_and_1_only_leads_to_its_kind(X, later):
    y = pd.DataFrame({"visits": (X[:, 0] > 0).astype(int)})
    net = MultiTaskNetEstimator(**SMALL_NET).fit(X, y)
    more = y + (X[:, [0]] > 1)

    if later == "score":
        with pytest.warns(
            UserWarning, match=r"'visits'.* label 2.*'count'.*task_types"
        ):
            net.score(X, more)
    else:
        with pytest.raises(
            ValueError, match=r"'visits'.* label 2.*'count'.*task_types"
        ):
            net.fit(X, y, X_val=X, y_val=more)
    counts = MultiTaskNetEstimator(task_types="count", **SMALL_NET).fit(X, y)
    assert np.isfinite(counts.score(X, more))


def test_word_that_fit_did_not_see_is_no_number(X):
    y = pd.DataFrame({"size": np.where(X[:, 0] > 0, "hi", "lo")})
    later = y.replace("hi", "top")
    with pytest.raises(
        ValueError, match=r"'size'.* label 'top'.*\(\.\.\., classes"
    ) as said:
        MultiTaskNetEstimator(**SMALL_NET).fit(X, y, X_val=X, y_val=later)
    assert "task_types" not in str(said.value)
