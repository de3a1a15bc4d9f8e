"""Rows without a label that counts: what their cells say, and what they may hold."""

from datetime import time

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.tables import FeatureEncoder, refuse_unreadable_rows

NUMBERS = [0.5, 1.5, 2.5, 3.5, 4.5]
WEIGHT = np.r_[1.0, 1, 1, 1, 1, 0]


def left_out_last(values):
    return pd.DataFrame({"a": pd.Series(values, dtype=object)})


def encoder_of(X):
    encoder = FeatureEncoder().fit(X, WEIGHT)
    refuse_unreadable_rows(encoder, X, np.flatnonzero(WEIGHT == 0))
    return encoder


@pytest.mark.filterwarnings("ignore:Column 'a'")
@pytest.mark.parametrize("cell", ["n/a", None, 7.5])
def test_what_is_accepted_can_be_predicted(cell):
    X = left_out_last([*NUMBERS, cell])
    encoder = encoder_of(X)
    assert len(encoder.transform(X)) == 6
    assert len(encoder.transform(X[5:])) == 1


@pytest.mark.parametrize("cell", [np.inf, [1], time(12)])
def test_what_predictions_would_refuse_is_refused(cell):
    with pytest.raises((TypeError, ValueError), match="'a'"):
        encoder_of(left_out_last([*NUMBERS, cell]))


def test_all_rows_say_what_a_column_is_and_the_others_what_is_learned():
    assert encoder_of(left_out_last([*NUMBERS, 7.5])).center_ == [2.5]
    with pytest.warns(UserWarning, match="Column 'a' of X holds 'n/a' among 5"):
        encoder = encoder_of(left_out_last([*NUMBERS, "n/a"]))
    assert encoder.levels_[0].kept == NUMBERS


def test_missing_category_of_a_row_that_is_left_out_has_no_column():
    assert encoder_of(left_out_last([*"abcde", None])).levels_[0].width == 5


def test_dates_count_from_the_first_that_is_learned_from():
    days = pd.date_range("2020-01-01", periods=6)[::-1]
    parts = encoder_of(pd.DataFrame({"a": days})).date_parts_[0]
    assert parts.origin == np.datetime64("2020-01-02")


def test_a_fit_that_goes_on_reads_them_too():
    X = pd.DataFrame({"a": [*NUMBERS, 1.0]})
    y = np.r_[NUMBERS, np.nan]
    net = MultiTaskNetRegressor(hidden_layer_sizes=(4,), n_members=2).partial_fit(X, y)
    X.loc[5, "a"] = np.inf
    with pytest.raises(ValueError, match="column 'a' holds inf"):
        net.partial_fit(X, y)
