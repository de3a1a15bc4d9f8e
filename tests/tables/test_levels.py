"""Levels of categories, and the columns that stand for them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.preprocessing import StandardScaler

from sklearn_mtl.tables import FeatureEncoder
from sklearn_mtl.training import TaskTable
from tests.tables.helpers import encode, some_frame


def names_out(X, **params):
    return FeatureEncoder(**params).fit(X, np.ones(X.shape[0])).feature_names_out_


# Categories


def test_level_not_seen_in_fit_becomes_zeros():
    X = pd.DataFrame({"town": ["Ulm", "Bonn"]})
    X_new = pd.DataFrame({"town": ["Jena", "Ulm", None]})

    encoded = encode(X, X_new, scale_inputs=False)

    assert_array_equal(encoded, [[0, 0], [0, 1], [0, 0]])


def test_missing_category_seen_in_fit_has_a_column_of_its_own():
    X = pd.DataFrame({"town": ["Ulm", None, "Bonn"]})

    assert names_out(X) == ["town_Bonn", "town_Ulm", "town_missing"]
    assert_array_equal(encode(X), np.eye(3)[[1, 2, 0]])


@pytest.mark.parametrize("rarest", ["w", "x"])
def test_rare_levels_share_a_column_beyond_max_categories(rarest):
    often = "x" if rarest == "w" else "w"
    X = pd.DataFrame({"k": ["b"] * 4 + [often] * 3 + [rarest] * 2 + ["a", None]})
    X_new = pd.DataFrame({"k": ["b", often, rarest, "a", None, "new"]})

    assert names_out(X, max_categories=2) == [
        *sorted([f"k_{often}", "k_b"]),
        "k_infrequent",
        "k_missing",
    ]
    first, second = (0, 1) if often > "b" else (1, 0)
    assert_array_equal(
        encode(X, X_new, max_categories=2),
        np.vstack([np.eye(4)[[first, second, 2, 2, 3]], np.zeros(4)]),
    )


def test_no_column_is_shared_where_all_levels_fit():
    X = pd.DataFrame({"k": ["a", "b", "b"]})

    assert names_out(X, max_categories=2) == ["k_a", "k_b"]


def test_declared_categories_without_a_row_get_no_column():
    X = pd.DataFrame({"size": pd.Categorical(["S", "M"], ["S", "M", "L"])})

    assert names_out(X) == ["size_M", "size_S"]


def test_categories_may_be_declared_otherwise_in_later_tables():
    X = pd.DataFrame({"size": pd.Categorical(["S", "M"], ["S", "M", "L"])})
    expected = [[0, 1], [1, 0]]

    for cells in (
        pd.Categorical(["S", "M"], ["M", "S"]),
        pd.Series(["S", "M"], dtype="string"),
        pd.Series(["S", "M"], dtype=object),
    ):
        later = pd.DataFrame({"size": cells})
        assert_array_equal(encode(X, later, scale_inputs=False), expected)


@pytest.mark.parametrize(
    "chosen",
    [["zip"], [1], [-1], (1,), np.array([False, True]), [False, True]],
    ids=["name", "position", "from the end", "tuple", "mask", "list of bool"],
)
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_chosen_columns_of_numbers_are_read_as_categories(chosen, make):
    X = make({"age": [1.0, 2.0, 3.0], "zip": [10, 9, 10]})

    encoded = encode(X, categorical_features=chosen)

    z = StandardScaler().fit_transform([[1.0], [2.0], [3.0]])
    height = 1.5  # that of shares of 1/3 and 2/3
    places = np.array([[0, 1], [1, 0], [0, 1]])
    assert_allclose(encoded, np.hstack([z, height * places]))


@pytest.mark.parametrize("share", [0.5, 0.3, 0.02, 0.01])
def test_two_levels_vary_as_much_as_a_number_of_these_cells(share):
    rng = np.random.default_rng(0)
    cells = rng.random(500) < share
    X = pd.DataFrame({"rare": np.where(cells, "yes", "no")})
    weight = rng.uniform(0.5, 2, 500)

    encoded = encode(X, weight=weight)

    mean = np.average(encoded, axis=0, weights=weight)
    variance = np.average((encoded - mean) ** 2, axis=0, weights=weight)
    number = encode(cells[:, np.newaxis] * 1.0, weight=weight)
    assert_allclose(variance.sum(), np.average(number[:, 0] ** 2, weights=weight))
    assert_array_equal(encode(X, scale_inputs=False).max(axis=0), [1, 1])


@pytest.mark.parametrize(
    "cells", [["a", None, "a", "a"], ["a"] * 4, ["a", "b", "c", "a"]]
)
def test_height_of_one_three_and_missing_levels(cells):
    X = pd.DataFrame({"c": cells})

    tallest = encode(X).max()

    expected = (0.5 / (0.25 * 0.75)) ** 0.5 if None in cells else 1.0
    assert_allclose(tallest, expected)


@pytest.mark.parametrize("chosen", [[1], np.array([False, True])])
def test_chosen_columns_of_an_array_are_read_as_categories(chosen):
    X = np.array([[1.0, 10.0], [2.0, 9.0], [3.0, np.nan]])

    encoded = encode(X, categorical_features=chosen)

    assert_array_equal(encoded[:, 1:], [[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    assert names_out(X, categorical_features=chosen) == [
        "0",
        "1_9.0",
        "1_10.0",
        "1_missing",
    ]


def test_name_goes_before_position():
    X = pd.DataFrame({1: [0.5, 1.5], 0: [2.5, 3.5]})

    assert names_out(X, categorical_features=[0]) == ["1", "0_2.5", "0_3.5"]


def test_columns_not_chosen_must_be_numbers():
    X = pd.DataFrame({"a": ["x", "y"]})

    for chosen in (None, []):
        with pytest.raises(ValueError, match=r"'a' of X holds 'x', .*categorical"):
            encode(X, categorical_features=chosen)


# Errors


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (["size"], "names 'size', which is no column of X. The columns are 'a'"),
        ([7], "names 7, which is no column of X"),
        ([True], "mask over 1 columns, but X has 2. Pass one entry a column"),
    ],
)
def test_choice_that_is_no_column_is_refused(chosen, message):
    with pytest.raises(ValueError, match=message):
        encode(pd.DataFrame({"a": [1], "b": [2]}), categorical_features=chosen)


def test_sparse_columns_cannot_be_categories():
    with pytest.raises(ValueError, match="sparse X cannot be categorical_features"):
        encode(sparse.csr_array(np.eye(3)), categorical_features=[0])


# Rows whose categories are not yet spread


@pytest.mark.parametrize("with_numbers", [True, False])
def test_places_spread_batch_by_batch_are_the_encoded_matrix(with_numbers):
    X = some_frame() if with_numbers else some_frame()[["town", "size"]].copy()
    encoder = FeatureEncoder().fit(X, np.ones(len(X)))
    X.loc[len(X) - 1, "town"] = "a town that fit did not see"
    whole = encoder.transform(X)
    places = encoder.transform_compact(X)
    assert places.ones.min() == -1
    table = TaskTable(places, np.zeros((len(X), 1)), np.ones((len(X), 1)))
    index = torch.arange(len(X)).reshape(2, -1)

    features, _, _ = table.rows(index)

    assert whole[:, 0].any()
    assert_array_equal(places.to_dense(), whole)
    assert_array_equal(features.numpy(), whole[index])
