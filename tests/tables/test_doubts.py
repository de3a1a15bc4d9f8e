"""Strings that are likely something else are told of."""

import warnings

import numpy as np
import pytest

from sklearn_mtl.tables import read_columns, warn_of_strings
from tests.helpers import of_objects

NUMBERS = [float(n) + 0.25 for n in range(20)]


def warned(*cells, table="X"):
    (column,) = read_columns(of_objects(*cells))
    warn_of_strings(column, table, "Or say so.")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([*NUMBERS, "?"], r"'\?' among 20 .*to_numeric"),
        ([str(n) for n in NUMBERS], "written as strings.*to_numeric"),
        ([str(n).replace(".", ",") for n in NUMBERS], r"str\.replace.*"),
        ([f"2020-01-{d:02}" for d in range(1, 20)], "dates.*to_datetime"),
        ([f"ref {n}" for n in range(60)], "60 different.*skrub"),
        ([f"{n} uM" for n in NUMBERS], r"a unit, .*'0.25 uM'.*removesuffix\(' uM'\)"),
        ([f"{n}%" for n in NUMBERS], r"a unit, .*removesuffix\('%'\)"),
        (["yes", "no", "yes "], r"'yes' and 'yes ', .*str\.strip\(\)\.str\.lower"),
        (["Yes", "no", "YES"], r"'Yes' and 'YES', .*alike"),
    ],
)
def test_cells_that_look_like_something_else(cells, words):
    with pytest.warns(UserWarning, match=f"Column 0 of X holds .*{words}"):
        warned(*cells)


def test_word_for_a_missing_label():
    with pytest.warns(UserWarning, match="'nan'.*missing label"):
        warned("a", "nan", table="y")


@pytest.mark.parametrize(
    "cells", [["1", "2", 3], list("abc"), ["007", "012"], ["5 km", "5 m"], ["q1", "q2"]]
)
def test_categories_pass_in_silence(cells):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warned(*np.repeat(np.array(cells, dtype=object), 3))
