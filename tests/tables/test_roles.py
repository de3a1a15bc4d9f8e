import numpy as np
import pandas as pd
import pytest

from sklearn_mtl.tables import Roles, TargetTable, read_roles


@pytest.mark.parametrize(
    ("auxiliary", "positions"),
    [
        (None, ()),
        ([], ()),
        ("b", (1,)),
        (2, (2,)),
        (["c", 0], (0, 2)),
        (np.array(["b"], dtype=object), (1,)),
        ((-1,), (2,)),
    ],
)
def test_columns_are_named_or_told_by_position(auxiliary, positions):
    roles = read_roles(auxiliary, ["a", "b", "c"])
    assert roles.auxiliary == positions
    assert list(roles.predicted) == [t for t in range(3) if t not in positions]


@pytest.mark.parametrize(
    ("auxiliary", "said"),
    [
        ("z", "'z', which is no column of y. The columns are 'a', 'b'"),
        ([0, 7], "7, which is no column of y.*positions below 2"),
        ([True], "True, which is no column"),
        (["a", 0], "column 'a' of y twice"),
        (["b", "a"], "every column of y, so that none is left to be predicted"),
    ],
)
def test_other_columns_are_refused(auxiliary, said):
    with pytest.raises(ValueError, match=f"auxiliary.*{said}"):
        read_roles(auxiliary, ["a", "b"])


FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None], "c": [5, 6]})


@pytest.mark.parametrize(
    ("y", "positions"),
    [
        (FRAME, [0, 2]),
        (FRAME[["a", "c"]], [0, 1]),
        (FRAME[["b", "a", "c"]], [1, 2]),
        (FRAME.to_numpy(), [0, 2]),
        (FRAME[["a", "c"]].to_numpy(), [0, 1]),
    ],
)
def test_auxiliary_columns_may_be_there_or_not(y, positions):
    names = ["a", "b", "c"] if isinstance(y, pd.DataFrame) else [0, 1, 2]
    roles, table = Roles(names, (1,)), TargetTable(y)
    assert list(roles.check_predicted(table, name="y")) == positions
    blank = roles.with_blanks(table, name="y").columns
    assert [column.name for column in blank] == names
    assert not blank[0].missing.any()
    assert blank[1].missing.all() == (len(table.columns) == 2)


@pytest.mark.parametrize("y", [FRAME[["b", "c", "a"]], FRAME[["a", "b"]]])
def test_predicted_columns_must_be_there_in_order(y):
    roles = Roles(["a", "b", "c"], (1,))
    with pytest.raises(ValueError, match=r"(?s)^y.*fit predicts.*\['a', 'c'\]|stands"):
        roles.check_predicted(TargetTable(y), name="y")


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_what_is_left_keeps_its_container(library):
    pytest.importorskip(library)
    y = FRAME
    if library == "polars":
        import polars

        y = polars.DataFrame({"a": [1.0, 2.0], "b": ["x", None], "c": [5, 6]})
    elif library == "pyarrow":
        import pyarrow

        y = pyarrow.table({"a": [1.0, 2.0], "b": ["x", None], "c": [5, 6]})
    table = TargetTable(y).select([1, 2])
    rebuilt = table.container.rebuild([c.values for c in table.columns], None)
    assert type(rebuilt) is type(y)
    assert TargetTable(rebuilt).names == ["b", "c"]
