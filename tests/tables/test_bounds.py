"""Labels that are only bounds: how they are read, and when they are taken for such."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_mtl.tables import (
    TargetTable,
    are_bounds,
    bounds_of,
    doubts_of_labels,
    may_be_bounds,
    warn_of_labels,
)
from tests.helpers import of_objects

INF = np.inf
FRACTIONS = [str(n + 0.25) for n in range(5)]


def column_of(*cells):
    return TargetTable(of_objects(*cells)).columns[0]


@pytest.mark.parametrize(
    ("cell", "bounds"),
    [
        (1.5, (1.5, 1.5)),
        (np.int64(3), (3, 3)),
        ("1.5", (1.5, 1.5)),
        (" -2e-3 ", (-2e-3, -2e-3)),
        ("<0.5", (-INF, 0.5)),
        ("<= .5", (-INF, 0.5)),
        ("≤0.5", (-INF, 0.5)),
        (">1000", (1000, INF)),
        (" >= 1e3", (1000, INF)),
        ("≥-1", (-1, INF)),
        (b">1", (1, INF)),
        ("[0.5, 2]", (0.5, 2)),
        ("(0.5,2]", (0.5, 2)),
        ("(-inf, 2)", (-INF, 2)),
        (pd.Interval(1, 2), (1, 2)),
        (pd.Interval(2, 2, closed="both"), (2, 2)),
        (pd.Interval(2.0, INF), (2, INF)),
        (None, (np.nan, np.nan)),
    ],
)
def test_cell_is_read_as_bounds(cell, bounds):
    assert_array_equal(bounds_of(column_of(cell, "<9")), [bounds, (-INF, 9)])


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("<0,5", "holds '<0,5', which is neither a number nor a bound. Write"),
        ("low", "holds 'low', which is neither"),
        ("007", "holds '007', which is neither"),
        (True, "holds True, which is neither"),
        (pd.Interval(pd.Timestamp(0), pd.Timestamp(1)), "neither a number nor"),
        ("[2, 1]", "wrong way round"),
        (pd.Interval(-INF, INF), "tells nothing"),
        (INF, "tells nothing|infinity"),
    ],
)
def test_cell_that_is_no_bound_is_refused(cell, words):
    with pytest.raises(ValueError, match=rf"Column 0 of y .*{words}"):
        bounds_of(column_of(cell, "<9"))


def test_numbers_of_any_type_are_their_own_bounds():
    for numbers in (np.arange(3), pd.Series([1.0, None], dtype="Float64")):
        lower, upper = bounds_of(TargetTable(numbers).columns[0]).T
        assert_array_equal(lower, upper)
    with pytest.raises(ValueError, match="infinity: column 0 holds inf"):
        bounds_of(TargetTable(np.array([1.0, INF])).columns[0])


def test_intervals_of_pandas_are_read_in_series_and_frames():
    low, high = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, INF])
    intervals = pd.arrays.IntervalArray.from_arrays(low, high, closed="both")
    for y in (intervals, pd.Series(intervals), pd.DataFrame({"a": intervals})):
        (column,) = TargetTable(y).columns
        assert_array_equal(bounds_of(column), np.column_stack([low, high]))
        assert are_bounds(column)
    days = pd.interval_range(pd.Timestamp(0), periods=2)
    with pytest.raises(TypeError, match="Column 'a' has the type interval"):
        TargetTable(pd.DataFrame({"a": days}))


@pytest.mark.parametrize(
    ("cells", "surely", "maybe"),
    [
        ([1.5, 2, "<0.5"], True, True),
        ([*FRACTIONS, ">9"], True, True),
        ([pd.Interval(0, 1), pd.Interval(1, 5)], True, True),
        (["<18", "18", ">65"], False, True),
        (["<18", ">=18"], False, True),
        ([1.5, 2, "low"], False, False),
        ([*FRACTIONS, ">9", "?"], False, False),
        (FRACTIONS, False, False),
        ([1.0, None, 2.0], False, False),
        ([None, None], False, False),
    ],
)
def test_what_is_taken_for_bounds(cells, surely, maybe):
    column = column_of(*cells)

    assert (are_bounds(column), may_be_bounds(column)) == (surely, maybe)


def test_declared_categories_are_no_bounds_by_themselves():
    binned = pd.Series(pd.cut(np.arange(9.0), 3))

    assert not are_bounds(TargetTable(binned).columns[0])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["<18", "18", ">65"], "bounds, such as '<18', beside 1 .*'censored' for it"),
        ([*FRACTIONS, ">9", "?"], r"'\?' among 5 .*such as '>9'.*replace\('\?', None"),
        (
            ["<0,5", *"abc"[:1], "0,7", "1,5"],
            r"bounds and decimal commas, such as '<0,5'.*replace",
        ),
        (
            ["<0,5", "0.7", "1.5", "2.5"],
            r"'<0,5', .*str\.replace\(',', '\.'\)\.",
        ),
    ],
)
def test_bounds_that_are_read_as_classes_are_told_of(cells, words):
    with pytest.warns(UserWarning, match=f"Column 0 of y holds .*{words}.* Keep"):
        warn_of_labels(column_of(*cells), "Keep.")


def test_no_advice_turns_bounds_into_missing_labels():
    for cells in (["<0,5", "0,7"], ["<0.5", "~0.7", *FRACTIONS], ["<0,5", *FRACTIONS]):
        said = [doubt.text for doubt in doubts_of_labels(column_of(*cells))]
        assert not any("coerce" in text for text in said)
        assert said


@pytest.mark.parametrize("cells", [["<18", ">=18"], list("abc")])
def test_classes_pass_in_silence(cells):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_labels(column_of(*cells), "Keep.")
