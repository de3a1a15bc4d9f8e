"""y in and out: predictions come back in the container that y was."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.tables import TargetTable, array_from_rows, rebuild_beside
from sklearn_mtl.tasks import resolve_tasks

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True)


def predictions_of(table, kinds):
    """Return what a network says that is right wherever a label is observed."""
    predictions = []
    for task, column in zip(
        resolve_tasks(table.columns, kinds), table.columns, strict=True
    ):
        task.fit(column, (~column.missing).astype(float))
        codes = np.nan_to_num(task.encode(column))
        if task.is_classifier:
            classes = np.arange(len(task.classes_))
            response = (codes[:, None] == classes).astype(float)
        else:
            response = task.response(codes[:, None])
        predictions.append(task.predict(response))
    return predictions


def there_and_back(y, kinds, X=None):
    table = TargetTable(y)
    rows = y if X is None else X
    columns = predictions_of(table, kinds)
    return table, rebuild_beside(table.container, columns, rows, labels=True)


def assert_same_where_observed(table, columns):
    for column, back in zip(table.columns, columns, strict=True):
        observed = back[~column.missing]
        if column.content == "number":
            expected = column.observed.astype(float)
            assert_allclose(observed.astype(float), expected, rtol=1e-5, atol=1e-6)
        else:
            assert observed.tolist() == column.observed.tolist()


# Cells of each dtype, the kind that they are read as, and whether gaps are possible


WORDS = st.sampled_from(["a", "b", "cc"])

WHOLE = st.integers(0, 100)

REAL = st.floats(-100, 100, width=32)

TRUTH = st.booleans()

PANDAS = {
    "int8": (WHOLE, "multiclass", False),
    "int64": (WHOLE, "multiclass", False),
    "bool": (TRUTH, "binary", False),
    "float32": (REAL, "regression", True),
    "float64": (REAL, "regression", True),
    "Int8": (WHOLE, "multiclass", True),
    "UInt16": (WHOLE, "multiclass", True),
    "Float32": (REAL, "regression", True),
    "int64[pyarrow]": (WHOLE, "multiclass", True),
    "boolean": (TRUTH, "binary", True),
    "string": (WORDS, "multiclass", True),
    "str": (WORDS, "multiclass", True),
    "object": (WORDS | WHOLE, "multiclass", True),
    "category": (WORDS, "multiclass", True),
    "ordered": (WORDS, "multiclass", True),
}

POLARS = {
    pl.Int64: (WHOLE, "multiclass", True),
    pl.UInt8: (WHOLE, "multiclass", True),
    pl.Float32: (REAL, "regression", True),
    pl.Float64: (REAL, "regression", True),
    pl.Boolean: (TRUTH, "binary", True),
    pl.String: (WORDS, "multiclass", True),
    pl.Categorical: (WORDS, "multiclass", True),
    pl.Enum(["cc", "b", "a"]): (WORDS, "multiclass", True),
}


@st.composite
def labelled_columns(draw, dtypes):
    """Columns of a frame: dtype, kind, and cells of which one at least is observed."""
    n_rows = draw(st.integers(1, 8))
    chosen = draw(st.lists(st.sampled_from(list(dtypes)), min_size=1, max_size=4))
    columns = []
    for dtype in chosen:
        cells, kind, gaps = dtypes[dtype]
        rest = st.none() | cells if gaps else cells
        drawn = draw(st.lists(rest, min_size=n_rows - 1, max_size=n_rows - 1))
        columns.append((dtype, kind, draw(st.permutations([draw(cells), *drawn]))))
    return columns


def pandas_series(dtype, cells):
    if dtype == "ordered":
        return pd.Series(pd.Categorical(cells, ["cc", "b", "a"], ordered=True))
    return pd.Series(cells, dtype=dtype)


@PROPERTY
@given(labelled_columns(PANDAS), st.randoms(use_true_random=False))
def test_pandas_frame_comes_back(columns, random):
    y = pd.DataFrame(
        {f"y{t}": pandas_series(dtype, c) for t, (dtype, _, c) in enumerate(columns)}
    )
    index = [f"row {i}" for i in random.sample(range(100), len(y))]
    X = pd.DataFrame({"x": np.zeros(len(y))}, index=index)

    table, back = there_and_back(y, [kind for _, kind, _ in columns], X)

    assert isinstance(back, pd.DataFrame)
    pd.testing.assert_index_equal(back.index, X.index, exact=True)
    pd.testing.assert_index_equal(back.columns, y.columns, exact=True)
    pd.testing.assert_series_equal(back.dtypes, y.dtypes)
    assert table.names == list(y.columns)
    assert_same_where_observed(table, [back[name].to_numpy() for name in back])


@PROPERTY
@given(labelled_columns(POLARS))
def test_polars_frame_comes_back(columns):
    y = pl.DataFrame(
        [pl.Series(f"y{t}", c, dtype=d) for t, (d, _, c) in enumerate(columns)]
    )

    table, back = there_and_back(y, [kind for _, kind, _ in columns])

    assert isinstance(back, pl.DataFrame)
    assert back.schema == y.schema
    assert_same_where_observed(table, [one.to_numpy() for one in back.iter_columns()])


@PROPERTY
@given(
    st.sampled_from(
        [
            (np.float64, "regression"),
            (np.float32, "multiclass"),
            (np.int64, "multiclass"),
            (np.uint8, "multiclass"),
            (np.bool_, "binary"),
            ("U3", "multiclass"),
            ("S3", "multiclass"),
        ]
    ),
    st.tuples(st.integers(1, 8)) | st.tuples(st.integers(1, 8), st.integers(1, 3)),
    st.data(),
)
def test_array_comes_back(dtype_and_kind, shape, data):
    dtype, kind = dtype_and_kind
    elements = {
        "f": st.integers(0, 9).map(float) | st.just(np.nan),
        "i": st.integers(-9, 9),
        "u": st.integers(0, 9),
        "b": st.booleans(),
        "U": WORDS,
        "S": WORDS.map(str.encode),
    }[np.dtype(dtype).kind]
    y = data.draw(arrays.arrays(dtype, shape, elements=elements))
    y[0] = data.draw(elements.filter(lambda cell: cell == cell))

    table, back = there_and_back(y, kind)

    assert isinstance(back, np.ndarray)
    assert back.shape == y.shape
    # Regression in float32 is predicted in float64; labels keep their type.
    assert back.dtype == y.dtype
    assert_same_where_observed(table, back.reshape(len(y), -1).T)


@PROPERTY
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(2, 5),
            st.none() | WORDS,
            st.none() | TRUTH,
            st.just(float("nan")) | WORDS,
        ),
        max_size=6,
    ),
    st.sampled_from([list, tuple]),
    st.booleans(),
)
def test_mixed_rows_come_back_as_objects(rows, row_type, as_array):
    rows = [row_type(row) for row in [*rows, (2, "a", True, "b")]]
    y = np.array(rows, dtype=object) if as_array else rows

    table, back = there_and_back(y, "multiclass")

    assert (back.shape, back.dtype) == ((len(rows), 4), object)
    assert [column.content for column in table.columns] == [
        "number",
        "category",
        "boolean",
        "category",
    ]
    for row, row_back in zip(rows, back.tolist(), strict=True):
        for cell, cell_back in zip(row, row_back, strict=True):
            if cell is not None and cell == cell:
                assert cell_back == cell
                assert isinstance(cell_back, bool) == isinstance(cell, bool)


@pytest.mark.parametrize(
    "y",
    [
        ["no", "yes", None],
        np.array(["no", "yes", None], dtype=object),
        pd.Series(["no", "yes", None]),
        pd.Series(["no", "yes", None], dtype="category"),
        pl.Series(["no", "yes", None]),
        pl.Series(["no", "yes", None], dtype=pl.Categorical),
    ],
    ids=["list", "array", "pandas", "pandas category", "polars", "polars category"],
)
def test_one_column_without_name_comes_back_in_one_dimension(y):
    table, back = there_and_back(y, None)

    assert isinstance(back, np.ndarray)
    assert back.shape == (3,)
    assert table.container.ndim == 1
    assert back[:2].tolist() == ["no", "yes"]


# Frames


def test_rows_without_an_index_come_back_as_an_array():
    y = pd.DataFrame({"a": [1.0, 2.0]}, index=["u", "v"])

    _, back = there_and_back(y, None, np.zeros((2, 1)))

    assert_array_equal(back, [[1.0], [2.0]])


@pytest.mark.parametrize(
    "names",
    [
        pd.Index(["a", "b"], name="target"),
        pd.Index([10, 20]),
        pd.MultiIndex.from_tuples([("u", 1), ("u", 2)], names=["kind", "number"]),
    ],
    ids=["named", "numbers", "two levels"],
)
def test_header_of_a_pandas_frame_comes_back(names):
    y = pd.DataFrame([[1.0, 2.0], [3.0, 5.0]], columns=names)

    table, back = there_and_back(y, None)

    assert table.names == list(names)
    pd.testing.assert_index_equal(back.columns, names, exact="equiv")


def test_numbers_between_integers_are_not_forced_into_them():
    y = pd.DataFrame({"a": [1, 2], "b": pd.Series([1, None], dtype="Int8")})
    container = TargetTable(y).container

    numbers = [np.array([1.5, 2.0]), np.array([0.5, np.nan])]
    back = container.rebuild(numbers, None, labels=[False, False])

    assert back.dtypes.tolist() == [float, float]
    assert_array_equal(back, [[1.5, 0.5], [2.0, np.nan]])


@pytest.mark.parametrize(
    "y",
    [
        pd.DataFrame({"a": [1, 2], "b": [True, False], "c": ["u", "v"]}),
        pl.DataFrame({"a": [1, 2], "b": [True, False], "c": ["u", "v"]}),
    ],
    ids=["pandas", "polars"],
)
def test_numbers_that_are_no_labels_have_a_type_of_their_own(y):
    container = TargetTable(y).container
    std = [np.array([0.25, 2.0]), np.full(2, np.nan), np.array([1.0, 2.0])]

    back = container.rebuild(std, None, labels=False)

    assert type(back) is type(y)
    assert list(back.columns) == ["a", "b", "c"]
    assert_array_equal(back.to_numpy(), np.column_stack(std))


@pytest.mark.parametrize(
    "dtype", ["float64", "Int64", "boolean", "string", "str", "object", "category"]
)
def test_pandas_column_without_any_label_comes_back_missing(dtype):
    y = pd.DataFrame({"a": pd.Series([None, None], dtype=dtype), "b": [1.0, 2.0]})

    _, back = there_and_back(y, None)

    assert back["a"].isna().all()
    assert back.dtypes["a"] == y.dtypes["a"]


@pytest.mark.parametrize(
    "dtype",
    [pl.Float64, pl.Int64, pl.Boolean, pl.String, pl.Enum(["u"]), pl.Null],
    ids=str,
)
def test_polars_column_without_any_label_comes_back_missing(dtype):
    y = pl.DataFrame({"a": pl.Series([None, None], dtype=dtype), "b": [1.0, 2.0]})

    table, back = there_and_back(y, None)

    assert table.columns[0].missing.all()
    assert back.schema["b"] == pl.Float64
    assert all(cell is None or cell != cell for cell in back["a"].to_list())


def test_polars_objects_come_back():
    y = pl.DataFrame({"a": pl.Series([1, "x", None], dtype=pl.Object)})

    _, back = there_and_back(y, None)

    assert back["a"].to_list()[:2] == [1, "x"]


def test_pyarrow_table_comes_back():
    y = pa.table({"a": [1.5, None, 2.5], "b": ["x", None, "y"]})

    _, back = there_and_back(y, None)

    assert back.schema == y.schema
    assert back["b"].to_pylist()[::2] == ["x", "y"]


# Lists


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([[1, 2], [3, 4]], "i"),
        ([[1, 2.5], [3, 4]], "f"),
        ([[1, None], [3, 4]], "O"),
        ([["a", "b"], ["c", "d"]], "U"),
        ([["a", None], ["c", "d"]], "O"),
        ([["a", 1], ["c", 2]], "O"),
        (["a", float("nan")], "O"),
        ([True, False], "b"),
    ],
)
def test_list_becomes_an_array_of_the_same_cells(rows, kind):
    array = array_from_rows(rows)

    assert array.dtype.kind == kind
    expected = np.array(rows, dtype=object)
    for cell, original in zip(array.ravel().tolist(), expected.ravel(), strict=True):
        assert cell == original or cell != cell


# Errors


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y=None: this estimator requires y to be passed"),
        (np.zeros((3, 0)), "y has no column. Pass at least one"),
        (pd.DataFrame(index=[0, 1]), "y has no column. Pass at least one"),
        (np.float64(1.0), "y has 0 dimensions. Pass labels of shape"),
        (np.zeros((2, 2, 2)), "y has 3 dimensions. Pass labels of shape"),
        (np.array([1j, 2j]), "Complex data not supported"),
        (np.zeros(2, dtype=[("a", float)]), "structured array. Pass a data frame"),
        ([[1, 2], [3]], "rows of the list differ in length. Pass one cell"),
        ([["a", "b"], ["c"]], "rows of the list differ in length. Pass one cell"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' stands more than once"),
    ],
)
def test_y_that_cannot_be_read_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        TargetTable(y)


@pytest.mark.parametrize(
    "y",
    [
        [["red", "big"], ["big"]],
        [{"red", "big"}, {"big"}],
        pd.Series([["red"], ["big"]]),
        pd.Series([{"red"}, {"big"}]),
        pd.Series([("red",), ("big",)]),
        pd.DataFrame({"a": [1, 2], "tags": [["red"], ["big"]]}),
        pl.Series([["red"], ["big"]]),
        pa.table({"tags": [["red"], ["big"]]}),
    ],
    ids=lambda y: type(y).__module__,
)
def test_several_labels_in_one_cell_lead_to_the_binarizer(y):
    with pytest.raises(ValueError, match="MultiLabelBinarizer"):
        TargetTable(y)


def test_a_dict_of_columns_leads_to_a_data_frame():
    with pytest.raises(ValueError, match=r"dict.*pandas.DataFrame\(y\)"):
        TargetTable({"a": [1, 2]})
