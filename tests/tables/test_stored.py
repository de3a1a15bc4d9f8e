"""Frames, indexes and types of columns, taken apart and put together."""

import datetime as dt

import numpy as np
import pytest

from sklearn_mtl.files import read_value, write_value

pd = pytest.importorskip("pandas")

STAMPS = pd.to_datetime(["2026-01-31 12:30", None, "2026-03-29 01:59"])


def again(value):
    written = write_value(value)
    return read_value(written.node, written.tensors, {})


CELLS = {
    "float": np.array([0.5, np.nan, 1.0]),
    "int": np.array([1, 2, 3], dtype=np.int8),
    "object": np.array(["a", None, 3], dtype=object),
    "str": pd.array(["a", None, "c"], dtype="str"),
    "string": pd.array(["a", None, "c"], dtype="string"),
    "Int64": pd.array([2**62 + 1, None, 3], dtype="Int64"),
    "Float32": pd.array([0.5, None, 3], dtype="Float32"),
    "boolean": pd.array([True, None, False], dtype="boolean"),
    "category": pd.Categorical(["a", None, "b"], ["b", "a", "c"], ordered=True),
    "numbers": pd.Categorical([1.5, 2.5, None]),
    "days": pd.Categorical(STAMPS),
    "dates": STAMPS,
    "zone": STAMPS.tz_localize("Europe/Berlin").as_unit("ms"),
    "lasting": STAMPS - pd.Timestamp("2026-01-01"),
    "periods": pd.array(["2026-01", None], dtype="period[M]"),
    "intervals": pd.array([pd.Interval(0, 1), None, pd.Interval(2, 4)]),
    "bins": pd.cut([0.5, 9.0, np.nan], [0, 1, 5, 10], right=False),
    "days of bins": pd.Categorical([pd.Interval(STAMPS[0], STAMPS[2], "both")] * 2),
}


@pytest.mark.parametrize("name", CELLS)
def test_columns_of_pandas(name):
    series = pd.Series(CELLS[name], name=(name, 1))
    pd.testing.assert_series_equal(again(series), series)
    frame = series.to_frame()
    pd.testing.assert_frame_equal(again(frame), frame)


def test_what_is_not_stored_is_named():
    offsets = pd.Series([pd.offsets.BDay()])
    with pytest.raises(ValueError, match=r"cannot be stored"):
        again(offsets)


INDEXES = {
    "range": pd.RangeIndex(3, 9, 2, name="row"),
    "names": pd.Index(["a", "b", None], name="n"),
    "several": pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["x", None]),
    "days": pd.date_range("2026-01-01", periods=3, tz="UTC"),
    "irregular": pd.DatetimeIndex(STAMPS),
    "category": pd.CategoricalIndex(["a", "b", "a"]),
    "nothing": pd.Index([]),
    "intervals": pd.interval_range(0.0, 3.0, 3, closed="left"),
    "periods": pd.period_range("2026-01", periods=3, freq="Q-NOV"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_indexes_of_pandas(name):
    index = INDEXES[name]
    pd.testing.assert_index_equal(again(index), index, exact=True)
    assert getattr(again(index), "freq", None) == getattr(index, "freq", None)


def test_cells_of_pandas():
    for cell in (
        pd.Timestamp("2026-03-29 03:00:00.000000001", tz="Europe/Berlin"),
        pd.Timestamp("1500-01-01").as_unit("s"),
        pd.Timedelta("1D 00:00:01"),
    ):
        assert again(cell) == cell
        assert again(cell).unit == cell.unit
    days = pd.Interval(*pd.to_datetime(["2026-01-01", "2026-03-01"]), closed="neither")
    for cell in (pd.Interval(0, 1.5), days, pd.Period("2026-02", freq="2M")):
        assert again(cell) == cell
        assert repr(again(cell)) == repr(cell)
    assert again(pd.NaT) is pd.NaT
    assert again(pd.NA) is pd.NA


def test_columns_of_arrow_in_pandas():
    pa = pytest.importorskip("pyarrow")
    dtype = pd.ArrowDtype(pa.dictionary(pa.int8(), pa.large_string(), ordered=True))
    assert again(dtype) == dtype
    series = pd.Series([1.5, None], dtype=pd.ArrowDtype(pa.float32()))
    pd.testing.assert_series_equal(again(series), series)


def test_tables_of_arrow():
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": [1, None], "b": pa.array(["x", "y"]).dictionary_encode()})
    assert again(table).equals(table)
    assert again(pa.timestamp("us", tz="UTC")) == pa.timestamp("us", tz="UTC")


def test_frames_of_polars():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "a": [1.5, None],
            "b": ["x", None],
            "c": [dt.datetime(2026, 1, 1), None],
            "d": pl.Series(["lo", "hi"], dtype=pl.Enum(["lo", "hi"])),
        }
    )
    found = again(frame)
    assert found.equals(frame)
    assert found.schema == frame.schema
    with pytest.raises(ValueError, match="cannot be stored"):
        again(pl.DataFrame({"a": [[1], [2]]}))
