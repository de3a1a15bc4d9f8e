"""Levels that splits balance."""

import numpy as np
import pandas as pd
from numpy.testing import assert_array_equal

from tests.model_selection.helpers import levels_of


def test_levels():
    y = pd.DataFrame(
        {
            "number": [*range(18), np.nan, np.nan],
            "few": [0, 7] * 10,
            "class": ["a"] * 12 + ["b"] * 5 + ["c", "d", None],
            "constant": "x",
        }
    )
    levels = levels_of(y, n_bins=3, n_splits=2)
    assert_array_equal(levels[:, 0], [0] * 6 + [1] * 6 + [2] * 6 + [3] * 2)
    assert_array_equal(levels[:, 1], [4, 5] * 10)
    assert_array_equal(levels[:, 2], [6] * 12 + [7] * 5 + [8] * 3)
    assert levels.shape == (20, 3)


def test_frequent_number_keeps_a_bin_of_its_own():
    y = np.r_[np.zeros(60), np.arange(1, 41)]
    levels = levels_of(y)
    assert len(np.unique(levels)) == 5
    assert set(levels[:60, 0]).isdisjoint(levels[60:, 0])


def test_no_more_bins_than_each_fold_can_have_a_row_of():
    assert levels_of(np.arange(12.0), n_splits=4).max() == 2
    assert levels_of(np.arange(1000.0), n_bins=7).max() == 6
