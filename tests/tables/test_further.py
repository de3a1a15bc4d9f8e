"""A y with further columns beside those of an earlier one."""

import numpy as np
import pytest

from sklearn_mtl.tables import TargetTable, place_columns

pd = pytest.importorskip("pandas")
LIBRARIES = ["pandas", "polars", "pyarrow"]


def frame(library, **columns):
    module = pytest.importorskip(library)
    return {
        "pandas": lambda: pd.DataFrame(columns),
        "polars": lambda: module.DataFrame(columns),
        "pyarrow": lambda: module.table(columns),
    }[library]()


def placed(y, before):
    earlier = TargetTable(before)
    return place_columns(TargetTable(y), earlier.names, earlier.container)


def rebuilt(container, n_columns):
    return container.rebuild([np.arange(2)] * n_columns, None)


@pytest.mark.parametrize("library", LIBRARIES)
def test_columns_of_frames_are_found_by_name(library):
    before = frame(library, a=[1, 2], b=[0.5, 1.5])
    beside = placed(frame(library, c=[1.5, 2.5], b=[1.0, 2.0], a=[3, 4]), before)
    alone = placed(frame(library, c=[1.5, 2.5]), before)

    assert beside.table.names == alone.table.names == ["a", "b", "c"]
    assert beside.position.tolist() == [2, 1, 0]
    assert alone.position.tolist() == [-1, -1, 0]
    assert [column.missing.all() for column in alone.table.columns] == [
        True,
        True,
        False,
    ]
    weight = np.array([[1.0, 2.0, 3.0]])
    assert beside.place(weight).tolist() == [[3.0, 2.0, 1.0]]
    assert alone.place(weight[:, :1]).tolist() == [[0.0, 0.0, 1.0]]
    both = [rebuilt(found.table.container, 3) for found in (beside, alone)]
    assert str(both[0]) == str(both[1])
    dtypes = getattr(both[0], "dtypes", None)
    if library == "pandas":
        assert [dtype.kind for dtype in dtypes] == ["i", "f", "f"]


def test_a_table_without_further_columns_is_as_before():
    table = TargetTable(np.ones((2, 3)))
    found = place_columns(table, [0, 1, 2], table.container)
    assert found.table is table
    weight = np.ones((2, 3))
    assert found.place(weight) is weight
    with pytest.raises(ValueError, match="y has 3 columns, but fit saw 4"):
        place_columns(table, [0, 1, 2, 3], table.container)


def test_a_series_becomes_the_first_column():
    before = pd.Series([1.0, 2.0], name="a")
    assert placed(pd.DataFrame({"b": [1, 2], "a": [1, 2]}), before).table.names == [
        "a",
        "b",
    ]
    of_array = placed(np.ones((2, 2)), before).table
    assert of_array.names == ["a", 1]
    assert of_array.container.ndim == 2
    with pytest.raises(ValueError, match="further column 'b', but not 'a'"):
        placed(pd.DataFrame({"b": [1, 2]}), before)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (lambda: pd.DataFrame({"a": [1, 2], "z": [1, 2]}), "but not 'b', which fit"),
        (lambda: np.ones((2, 3)), "so that further columns have names"),
        (lambda: frame("polars", z=[1, 2]), "of another library"),
    ],
)
def test_what_has_no_place_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        placed(y(), pd.DataFrame({"a": [1, 2], "b": [3, 4]}))


def test_a_frame_of_another_library_may_bring_all_columns():
    before = pd.DataFrame({"a": [1, 2]})
    found = placed(frame("polars", z=[1, 2], a=[3, 4]), before)
    assert rebuilt(found.table.container, 2).columns == ["a", "z"]
