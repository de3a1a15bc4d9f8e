"""Weights of rows or labels, matched with the columns of y."""

import numpy as np
import pytest

from sklearn_mtl.tables import read_weight


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_a_frame_of_weights_are_matched_by_name(library):
    frames = pytest.importorskip(library)
    weight = frames.DataFrame({"b": [0.0, 1.0], "a": [2.0, 3.0]})
    np.testing.assert_array_equal(read_weight(weight, 2, ["a", "b"]), [[2, 0], [3, 1]])


def test_a_frame_of_weights_with_another_column_is_refused():
    pd = pytest.importorskip("pandas")
    weight = pd.DataFrame({"a": [1.0], "c": [1.0]})
    with pytest.raises(ValueError, match=r"sample_weight has the column 'c'.*'b'"):
        read_weight(weight, 1, ["a", "b"])


def test_a_frame_of_weights_goes_by_position_where_y_has_no_names():
    pd = pytest.importorskip("pandas")
    weight = pd.DataFrame({"b": [0.0], "a": [2.0]})
    np.testing.assert_array_equal(read_weight(weight, 1, [0, 1]), [[0, 2]])


def test_one_column_of_weights_may_have_any_name():
    pd = pytest.importorskip("pandas")
    weight = pd.DataFrame({"how much": [0.5]})
    np.testing.assert_array_equal(read_weight(weight, 1, ["price"]), [[0.5]])


def test_weights_whose_sum_is_infinite_are_refused():
    with pytest.raises(ValueError, match=r"sample_weight sums to infinity.*1e\+308"):
        read_weight(np.full(60, 1e308), 60, ["a"])


@pytest.mark.parametrize("factor", [1e-300, 1e-50, 1e37, 1e200])
def test_only_ratios_of_weights_count_however_small_or_large(factor):
    weight = np.array([1.0, 2.0, 0.0, 3.5])

    read = read_weight(weight * factor, 4, ["a"])[:, 0]

    assert 0.1 < read.max() <= 1
    np.testing.assert_allclose(read / read[0], weight)
