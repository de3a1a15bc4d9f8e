"""Quantile bins of numeric columns, and the encoding that they stand for."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_mtl.nn import PiecewiseLinear
from sklearn_mtl.tables import FeatureEncoder, _bins, learn_bins
from sklearn_mtl.tables._bins import number_of_bins


def learned(X, n_bins="auto", weight=None):
    weight = np.ones(X.shape[0]) if weight is None else weight
    encoder = FeatureEncoder().fit(X, weight)
    return learn_bins(encoder, X, weight, n_bins), encoder


def bent(bins, features):
    """Return what the layer appends to the features."""
    layer = PiecewiseLinear(bins)
    found = layer(torch.from_numpy(np.asarray(features))).numpy()
    assert_array_equal(found[:, : features.shape[1]], features)
    return found[:, features.shape[1] :]


def test_a_column_by_hand():
    """Five values, two bins: the z-scores of 0, 1, 2, 3, 4 cut at 2."""
    X = np.arange(5.0)[:, None]
    bins, encoder = learned(X, n_bins=2)

    found = bent(bins, encoder.transform(X, np.float64))

    # Before being standardised: how far a value has come within each bin.
    within = np.array([[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1]])
    assert_allclose(found, (within - within.mean(axis=0)) / within.std(axis=0))


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.integers(0, 10_000), st.integers(2, 20))
def test_bins_are_standardised_and_add_up_to_the_column(seed, n_bins):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=200) ** 3, rng.integers(0, 9, 200)])
    bins, encoder = learned(X, n_bins)
    features = encoder.transform(X, np.float64)

    found = bent(bins, features)

    assert_allclose(found.mean(axis=0), 0, atol=1e-9)
    assert_allclose(found.std(axis=0), 1)
    for j in range(2):
        own = bins.feature == j
        assert 2 <= own.sum() <= n_bins
        total = found[:, own] / bins.slope[own]
        rise = np.ptp(total.sum(axis=1) - features[:, j])
        assert_allclose(rise, 0, atol=1e-9)


def test_outermost_bins_go_on_beyond_the_table():
    X = np.linspace(0, 1, 50)[:, None]
    bins, encoder = learned(X, n_bins=4)
    outside = encoder.transform(np.array([[-10.0], [11.0]]), np.float64)
    inside = bent(bins, encoder.transform(X, np.float64))

    below, above = bent(bins, outside)

    assert below[0] < inside.min() - 5
    assert above[-1] > inside.max() + 5
    assert_allclose(below[1:], inside.min(axis=0)[1:])
    assert_allclose(above[:-1], inside.max(axis=0)[:-1])


def test_weight_two_is_a_row_twice():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    weight = rng.integers(1, 4, 60)
    once, _ = learned(X, 5, weight.astype(float))
    repeated, _ = learned(np.repeat(X, weight, axis=0), 5)

    for found, expected in zip(once, repeated, strict=True):
        assert_allclose(found, expected, atol=1e-12)


def test_what_has_no_bins():
    rng = np.random.default_rng(0)
    two_values = (rng.random((100, 2)) < 0.5).astype(float)
    words = pd.DataFrame({"town": ["Ulm", "Bonn"] * 50})
    assert learned(two_values)[0] is None
    assert learned(words)[0] is None
    assert learned(sparse.csr_array(rng.normal(size=(100, 2))))[0] is None
    assert learned(rng.normal(size=(100, 2)), n_bins=0)[0] is None


def test_only_numbers_have_bins():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"town": ["Ulm", "Bonn"] * 50, "a": rng.normal(size=100)})
    X.loc[::5, "a"] = np.nan
    X["constant"] = 1.0
    bins, encoder = learned(X)

    assert encoder.feature_names_out_[0] == "a"
    assert set(bins.feature) == {0}
    assert np.isfinite(bent(bins, encoder.transform(X, np.float64))).all()


@pytest.mark.parametrize(
    ("n_numeric", "n_rows", "expected"),
    [(5, 1000, 16), (5, 100, 10), (5, 39, 0), (100, 1000, 5), (150, 1000, 0)],
)
def test_number_of_bins_follows_from_the_table(n_numeric, n_rows, expected):
    assert number_of_bins("auto", n_numeric, n_rows) == expected
    assert number_of_bins(3, n_numeric, n_rows) == 3


def test_quantiles_of_large_tables_come_from_evenly_spaced_rows(monkeypatch):
    X = np.random.default_rng(0).normal(size=(1000, 1))
    every_third = X[::3]
    monkeypatch.setattr(_bins, "MOST_ROWS", 334)
    encoder = FeatureEncoder().fit(X, np.ones(1000))

    some = learn_bins(encoder, X, np.ones(1000), 8)
    monkeypatch.undo()

    expected = learn_bins(encoder, every_third, np.ones(334), 8)
    for found, wanted in zip(some, expected, strict=True):
        assert_allclose(found, wanted)
