"""Columns: what any container's cells are read as."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_mtl.tables import read_columns
from sklearn_mtl.tables._columns import as_frame
from tests.helpers import of_objects

PROPERTY = settings(deadline=None, max_examples=50, derandomize=True)


def only_column(data):
    (column,) = read_columns(data)
    return column


def content_and_gaps(column):
    return column.content, column.missing.tolist()


# What the cells mean


@pytest.mark.parametrize(
    ("array", "content", "missing"),
    [
        (np.array([1.5, np.nan]), "number", [False, True]),
        (np.array([1.5, np.nan], dtype=np.float16), "number", [False, True]),
        (np.array([1, 2], dtype=np.uint8), "number", [False, False]),
        (np.array([True, False]), "boolean", [False, False]),
        (np.array(["a", ""]), "category", [False, False]),
        (np.array([b"a", b"b"]), "category", [False, False]),
        (of_objects(1, None, 2.5), "number", [False, True, False]),
        (of_objects(True, 2), "number", [False, False]),
        (of_objects(True, np.nan, np.False_), "boolean", [False, True, False]),
        (of_objects("a", pd.NA, np.nan), "category", [False, True, True]),
        (of_objects("a", pd.NaT, 1), "category", [False, True, False]),
        (of_objects(None, None), "number", [True, True]),
        (of_objects("nan", "None"), "category", [False, False]),
    ],
)
def test_array_is_read_by_what_it_holds(array, content, missing):
    column = only_column(array)

    assert content_and_gaps(column) == (content, missing)
    assert len(column) == len(array)
    assert_array_equal(column.observed, array[~np.array(missing)])


@pytest.mark.parametrize(
    ("dtype", "cells", "content"),
    [
        ("Int8", [1, None, 3], "number"),
        ("float32", [1.5, None, 3.0], "number"),
        ("Float64", [1.5, None, 3.0], "number"),
        ("int64[pyarrow]", [1, None, 3], "number"),
        ("boolean", [True, None, False], "boolean"),
        ("bool[pyarrow]", [True, None, False], "boolean"),
        ("string", ["a", None, "b"], "category"),
        ("str", ["a", None, "b"], "category"),
        ("category", ["a", None, "b"], "category"),
        ("category", [1, None, 3], "category"),
        ("object", ["a", None, "b"], "category"),
        ("object", ["a", None, 1], "category"),
        ("object", [1, None, 2.5], "number"),
        ("object", [True, None, False], "boolean"),
    ],
)
def test_pandas_column_is_read_by_its_type(dtype, cells, content):
    frame = pd.DataFrame({"x": pd.Series(cells, dtype=dtype)})

    for column in (only_column(frame), only_column(frame["x"])):
        assert column.name == "x"
        assert content_and_gaps(column) == (content, [False, True, False])
        assert column.observed.tolist() == [cells[0], cells[2]]


@pytest.mark.parametrize(
    ("dtype", "cells", "content"),
    [
        (pl.UInt8, [1, None, 3], "number"),
        (pl.Float32, [1.5, None, 3.0], "number"),
        (
            pl.Decimal(8, 2),
            [decimal.Decimal("1.5"), None, decimal.Decimal(3)],
            "number",
        ),
        (pl.Boolean, [True, None, False], "boolean"),
        (pl.String, ["a", None, "b"], "category"),
        (pl.Categorical, ["a", None, "b"], "category"),
        (pl.Enum(["b", "c", "a"]), ["a", None, "b"], "category"),
    ],
)
def test_polars_column_is_read_by_its_type(dtype, cells, content):
    series = pl.Series("x", cells, dtype=dtype)

    for column in (only_column(series), only_column(series.to_frame())):
        assert column.name == "x"
        assert content_and_gaps(column) == (content, [False, True, False])
        assert column.observed.tolist() == [cells[0], cells[2]]


def test_polars_nan_is_missing_as_null_is():
    column = only_column(pl.Series([1.0, float("nan"), None]))

    assert column.missing.tolist() == [False, True, True]


@pytest.mark.parametrize(
    "column",
    [
        pl.DataFrame({"x": [None, None]}),
        pl.DataFrame({"x": pl.Series([None, None], dtype=pl.String)}),
        pd.DataFrame({"x": pd.Series([None, None], dtype=object)}),
        np.array([None, None], dtype=object),
    ],
    ids=["polars null", "polars string", "pandas object", "array"],
)
def test_column_without_any_cell_is_all_missing(column):
    assert only_column(column).missing.tolist() == [True, True]


def test_pyarrow_table_is_read():
    number, text = read_columns(pa.table({"a": [1, None], "b": ["x", None]}))

    assert (number.name, *content_and_gaps(number)) == ("a", "number", [False, True])
    assert (text.name, *content_and_gaps(text)) == ("b", "category", [False, True])


def test_columns_of_a_matrix_are_judged_one_by_one():
    y = np.array([[1.5, "a", True], [None, "b", None]], dtype=object)

    columns = list(read_columns(y))

    assert [column.name for column in columns] == [0, 1, 2]
    assert [column.content for column in columns] == ["number", "category", "boolean"]


# Declared categories


def declared(library):
    levels = ["low", "mid", "high"]
    cells = ["high", None, "low"]
    if library == "pandas":
        return pd.Series(pd.Categorical(cells, levels, ordered=True))
    return pl.Series(cells, dtype=pl.Enum(levels))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_declared_order_of_categories_is_kept(library):
    column = only_column(declared(library))

    assert column.ordered
    assert column.levels.tolist() == ["low", "mid", "high"]
    assert column.codes.tolist() == [2, -1, 0]
    codes, levels = column.factorize()
    assert (codes.tolist(), levels) == ([2, -1, 0], ["low", "mid", "high"])


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["b", "a"], dtype="category"),
        pl.Series(["b", "a"], dtype=pl.Categorical),
    ],
    ids=["pandas", "polars"],
)
def test_categories_are_in_no_order_unless_declared(series):
    assert not only_column(series).ordered


# Codes


LABELS = st.one_of(
    st.none(),
    st.just(float("nan")),
    st.sampled_from(["a", "b", "c"]),
    st.integers(2, 4),
)


@PROPERTY
@given(st.lists(LABELS, min_size=1, max_size=12))
def test_factorize_is_undone_by_its_levels(cells):
    column = only_column(of_objects(*cells))
    codes, levels = column.factorize()

    assert_array_equal(codes < 0, column.missing)
    assert [levels[code] for code in codes[codes >= 0]] == column.observed.tolist()
    assert len(set(levels)) == len(levels) == len(set(column.observed.tolist()))


@PROPERTY
@given(
    st.lists(st.sampled_from([None, "a", "b"]), min_size=2, max_size=8),
    st.data(),
)
def test_keep_takes_rows_and_forgets_labels_that_do_not_count(cells, data):
    counts = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells)))
    )
    rows = np.array(data.draw(st.lists(st.integers(0, len(cells) - 1), min_size=1)))
    kept_cells = [cells[i] if counts[i] else None for i in rows]

    for series in (
        of_objects(*cells),
        pd.Series(cells, dtype="category"),
        pl.Series(cells, dtype=pl.Enum(["b", "a"])),
    ):
        kept = only_column(series).keep(counts, rows)
        codes, levels = kept.factorize()
        read_back = [None if code < 0 else levels[code] for code in codes]
        assert read_back == kept_cells
        assert kept.missing.tolist() == [cell is None for cell in kept_cells]


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
@pytest.mark.parametrize("ordered", [False, True])
def test_arrow_dictionary_is_read_as_categories(library, ordered):
    cells = pa.chunked_array(
        [pa.DictionaryArray.from_arrays([1, 0, None], ["lo", "hi"], ordered=ordered)]
    )
    data = pa.table({"x": cells})
    if library == "pandas":
        data = pd.DataFrame({"x": pd.arrays.ArrowExtensionArray(cells)})

    column = only_column(data)

    assert content_and_gaps(column) == ("category", [False, False, True])
    assert column.observed.tolist() == ["hi", "lo"]
    assert column.ordered == ordered
    assert column.levels.tolist() == ["lo", "hi"]


def test_sparse_pandas_column_is_read_as_what_it_holds():
    numbers, flags = read_columns(
        pd.DataFrame(
            {
                "a": pd.arrays.SparseArray([0.0, 1.5, np.nan]),
                "b": pd.arrays.SparseArray([False, True, False]),
            }
        )
    )

    assert content_and_gaps(numbers) == ("number", [False, False, True])
    assert content_and_gaps(flags) == ("boolean", [False] * 3)


DAYS = pd.Series(pd.to_datetime(["2020-02-29", None]), name="day")


@pytest.mark.parametrize(
    ("data", "zone"),
    [
        (np.array(["2020-02-29", "NaT"], dtype="datetime64[D]"), None),
        (of_objects(datetime.date(2020, 2, 29), None), None),
        (DAYS, None),
        (DAYS.dt.to_period("D"), None),
        (DAYS.astype("timestamp[ns][pyarrow]"), None),
        (DAYS.dt.tz_localize("Europe/Rome"), "Europe/Rome"),
        (DAYS.dt.tz_localize("Europe/Rome").astype(object), "Europe/Rome"),
        (pl.from_pandas(DAYS.to_frame()), None),
    ],
)
def test_dates_are_read_as_clocks_show_them(data, zone):
    column = only_column(data)

    assert content_and_gaps(column) == ("date", [False, True])
    assert column.observed[0] == np.datetime64("2020-02-29")
    assert column.zone == zone


@pytest.mark.parametrize("gap", [decimal.Decimal("nan"), np.datetime64("NaT")])
def test_missing_cells_of_any_type_are_missing(gap):
    assert only_column(of_objects(1.5, gap)).missing.tolist() == [False, True]


@pytest.mark.parametrize("label", [2**53 + 1, 2**63 + 1, 2**80 + 1, -(2**62) - 1])
def test_integers_of_any_size_are_told_apart(label):
    column = only_column(of_objects(label, None, label + 2))

    assert column.content == "number"
    assert column.observed.tolist() == [label, label + 2]


# Errors


@pytest.mark.parametrize(
    "data",
    [
        np.array([1], dtype="timedelta64[D]"),
        np.array([1j]),
        pd.Series(pd.interval_range(0, 1), name="day"),
        pd.Series(pd.to_timedelta([1], unit="D"), name="day"),
        pl.DataFrame({"day": [datetime.timedelta(1)]}),
        pl.DataFrame({"day": [[1, 2]]}),
    ],
    ids=["timedelta64", "complex", "interval", "timedelta", "duration", "list"],
)
def test_unreadable_type_is_refused_with_a_remedy(data):
    name = "0" if isinstance(data, np.ndarray) else "'day'"

    with pytest.raises(TypeError, match=f"Column {name} has the type .* Drop it or"):
        list(read_columns(data))


def test_name_that_stands_twice_is_refused():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])

    with pytest.raises(ValueError, match=r"'a' stands more than once.*Rename"):
        as_frame(frame)


def test_cell_that_cannot_be_hashed_is_named():
    column = only_column(of_objects("a", [1, 2]))

    with pytest.raises(TypeError, match=r"Column 0 holds \[1, 2\], a list.*Drop"):
        column.factorize()
