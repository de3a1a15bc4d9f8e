"""Tables that cannot be read: the message names column, value and remedy."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_mtl import MultiTaskNetEstimator
from tests.bad_input.helpers import SMALL, refuses, refuses_before_and_after_fit

pd = pytest.importorskip("pandas")


# Shapes


def test_lengths_that_differ(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["30 rows", "y has 29", "Pass one row"],
        X,
        y[1:],
    )


@pytest.mark.parametrize("shape", [(), (30, 2, 2)])
def test_y_of_wrong_dimension(X, shape):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        [rf"{len(shape)} dimensions", r"\(n_rows, n_tasks\)"],
        X,
        np.zeros(shape),
    )


@pytest.mark.parametrize("shape", [(30,), (30, 2, 2)])
def test_X_of_wrong_dimension(shape):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["Expected 2D array|Found array with dim 3"],
        np.zeros(shape),
        np.arange(30.0),
    )


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_X_without_rows_or_columns(kind):
    make = pd.DataFrame if kind == "frame" else np.asarray
    net = MultiTaskNetEstimator(**SMALL)
    refuses(net, [r"0 sample\(s\)"], make(np.zeros((0, 3))), np.zeros(0))
    refuses(net, [r"0 feature\(s\)"], make(np.zeros((30, 0))), np.arange(30.0))


def test_y_without_columns(X):
    for y in (X[[]], np.zeros((30, 0))):
        refuses(MultiTaskNetEstimator(**SMALL), ["y has no column", "Pass"], X, y)


def test_no_y(X):
    refuses(MultiTaskNetEstimator(**SMALL), ["requires y", "None"], X, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": [1.0] * 30, "b": [2.0] * 30},
        sparse.csr_matrix(np.eye(30)),
        (value for value in range(30)),
        "price",
    ],
)
def test_y_in_a_container_that_is_not_read(X, wrong):
    """The message says what came and what to pass instead."""
    name = type(wrong).__name__
    refuses(
        MultiTaskNetEstimator(**SMALL),
        [name, "[Pp]ass"],
        X,
        wrong,
        (ValueError, TypeError),
    )


def test_rows_of_a_list_that_differ_in_length(X):
    y = [[1.0, "a"]] * 29 + [[1.0]]
    refuses(MultiTaskNetEstimator(**SMALL), ["differ in length", "None"], X, y)


def test_names_that_stand_twice(X, y):
    twice = pd.concat([y, y], axis=1)
    refuses(MultiTaskNetEstimator(**SMALL), ["'price'", "more than once"], X, twice)
    twice = pd.concat([X, X], axis=1)
    refuses(MultiTaskNetEstimator(**SMALL), ["'a'", "more than once"], twice, y)


# Values


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_in_y(X, y, value):
    y.loc[7, "price"] = value
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["infinity", "'price'", f"{value}", "Replace"],
        X,
        y,
    )


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_in_X(X, y, value):
    X.loc[7, "b"] = value
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["infinity", "'b'", f"{value}", "Replace"],
        X,
        y,
    )


def test_row_that_a_message_names_is_the_row_of_the_table_passed(X, y):
    """Rows without labels are left out first; counting must not start after them."""
    y.loc[:9, "price"], y.loc[:9, "size"] = np.nan, None
    X.loc[20, "b"] = np.inf
    refuses(MultiTaskNetEstimator(**SMALL), [r"'b'(?!.*row (?!20))"], X, y)
    X.loc[20, "b"], y.loc[20, "price"] = 0.0, np.inf
    refuses(MultiTaskNetEstimator(**SMALL), [r"'price'(?!.*row (?!20))"], X, y)


def test_infinity_at_predict(X, y):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    X.loc[7, "b"] = np.inf
    with pytest.raises(ValueError, match=r"'b' holds inf"):
        net.predict(X)


def test_infinity_in_a_sparse_X():
    X = np.random.default_rng(0).integers(0, 2, size=(30, 3)).astype(float)
    for value, said in ((np.inf, "infinity"), (np.nan, "NaN")):
        X[7, 1] = value
        words = ["column 1", said] if value == np.inf else ["column 1", said, "dense"]
        net, table = MultiTaskNetEstimator(**SMALL), sparse.csr_array(X)
        refuses(net, words, table, np.arange(30.0))


def test_no_label_at_all(X, y):
    for labels in (y.astype(object).mask(y.notna()), np.full(30, np.nan), [None] * 30):
        refuses_before_and_after_fit(
            MultiTaskNetEstimator(**SMALL),
            ["every label is missing", "at least one label"],
            X,
            labels,
        )


def test_column_of_y_that_cannot_be_read(X, y):
    y["day"] = pd.date_range("2020-01-01", periods=30)
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["'day'", "[Dd]atetime", "Drop it"],
        X,
        y,
        TypeError,
    )


def test_column_of_X_that_cannot_be_read(X, y):
    X["day"] = pd.to_timedelta(np.arange(30), unit="D")
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["'day'", "[Dd]uration", "Drop it"],
        X,
        y,
        TypeError,
    )


def test_cell_that_is_a_list(X, y):
    X["tags"] = [["x", "y"]] * 30
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL), ["'tags'", "list", "Drop"], X, y, TypeError
    )
    y["tags"] = X.pop("tags")
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL), ["'tags'", "MultiLabelBinarizer"], X, y
    )
