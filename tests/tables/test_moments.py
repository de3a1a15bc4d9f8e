"""Moments of numeric columns, and the scale that follows from them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse, stats

from sklearn_mtl.tables._moments import (
    dense_moments,
    kurtosis_of_two,
    sparse_moments,
)

RNG = np.random.default_rng(0)
WEIGHT = RNG.uniform(0.5, 2, size=4000)
COLUMNS = {
    "normal": RNG.normal(5, 3, size=4000),
    "even": np.arange(4000) % 2.0,
    "rare": np.arange(4000) < 8,
    "high counts": RNG.poisson(0.02, size=4000) * RNG.integers(1, 40, size=4000),
    "constant": np.full(4000, 7.0),
}
TABLE = np.column_stack(list(COLUMNS.values())).astype(float)


def of_blocks(table, weight):
    third = len(table) // 3
    slices = [slice(0, third), slice(third, len(table))]
    return dense_moments(
        lambda: ((table[rows], rows) for rows in slices), weight, table.shape[1]
    )


def test_moments_are_those_of_numpy_whether_dense_or_sparse():
    away = TABLE - np.average(TABLE, axis=0, weights=WEIGHT)
    dense = of_blocks(TABLE, WEIGHT)

    for found in (dense, sparse_moments(sparse.csr_array(TABLE), WEIGHT)):
        for name, power in (("variance", 2), ("fourth", 4)):
            expected = np.average(away**power, axis=0, weights=WEIGHT)
            assert_allclose(getattr(found, name), expected, rtol=1e-8, atol=1e-9)
        assert_allclose(found.scale()[:4], dense.scale()[:4], rtol=1e-8)


def test_missing_cells_do_not_count():
    table = np.vstack([TABLE, np.full((1000, TABLE.shape[1]), np.nan)])
    found = of_blocks(table, np.ones(5000))

    assert_allclose(found.fourth, of_blocks(TABLE, np.ones(4000)).fourth)
    assert_allclose(found.known, 0.8)


def test_a_column_is_standardised_unless_a_few_cells_make_its_variance():
    found = of_blocks(TABLE, np.ones(4000))
    normal, even, rare, counts, constant = found.scale()

    assert_allclose([normal, even], np.sqrt(found.variance[:2]), rtol=0.02)
    assert_allclose(rare, 1 / np.sqrt(6), rtol=0.01)
    assert np.abs(TABLE[:, 3]).max() / counts < 6
    assert constant == 0


def test_scale_does_not_leap_where_columns_turn_from_light_to_heavy():
    shares = np.linspace(0.08, 0.2, 30)
    scales = [
        of_blocks((np.arange(1e4) < s * 1e4)[:, None] * 1.0, np.ones(10_000)).scale()
        for s in shares
    ]

    assert np.abs(np.diff(np.ravel(scales))).max() < 0.02


@pytest.mark.parametrize("far", [1e80, 1e200])
def test_numbers_whose_powers_overflow_are_standardised_as_far_as_that_goes(far):
    table = np.append(np.zeros(99), far)[:, None]
    found = of_blocks(table, np.ones(100))

    assert_allclose(found.scale(), np.sqrt(found.variance))


def test_kurtosis_of_two_values():
    for ones in (1, 20, 50):
        column = np.arange(100) < ones
        assert_allclose(
            kurtosis_of_two(ones / 100), stats.kurtosis(column, fisher=False)
        )
