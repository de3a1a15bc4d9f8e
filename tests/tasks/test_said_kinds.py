"""What `task_types` says of columns, each by itself and together."""

import pytest

from sklearn_mtl.tasks import (
    ClassTree,
    Regression,
    Simplex,
    relatives,
    said_kinds,
)
from sklearn_mtl.tasks._simplex import Part

NAMES = ["a", "b", "c", ("d", "e"), "d"]


def test_groups_become_one_task_a_column():
    said = {("c", "a"): "simplex", ("d", "b"): ClassTree(), ("d", "e"): "count"}
    kinds = said_kinds(said, NAMES)

    assert [getattr(kind, "kind", kind) for kind in kinds] == [
        "simplex",
        "class_tree",
        "simplex",
        "count",
        "class_tree",
    ]
    assert [kinds[t].position for t in (2, 0, 4, 1)] == [0, 1, 0, 1]
    assert kinds[0].columns == ("c", "a")
    assert kinds[0].group is kinds[2].group
    assert relatives(said, NAMES) == [[0], [4, 1], [2], [3], [4]]


def test_group_of_all_columns():
    kinds = said_kinds(Simplex(total=5), [0, 1])

    assert repr(kinds) == "[Simplex(total=5) of column 0, Simplex(total=5) of column 1]"
    assert all(isinstance(kind, Part) for kind in kinds)


WRONG = {
    "unknown": ({("a", "x"): "simplex"}, ValueError, "names 'x', which is no column"),
    "one": ({("a",): "simplex"}, ValueError, "two columns or more"),
    "twice": ({("a", "a"): Simplex()}, ValueError, "each once"),
    "two groups": (
        {("a", "b"): "simplex", ("b", "c"): "simplex"},
        ValueError,
        "column 'b' more than once",
    ),
    "group and kind": (
        {("a", "b"): "simplex", "b": "count"},
        ValueError,
        "column 'b' more than once",
    ),
    "plain kind": ({("a", "b"): "count"}, TypeError, "belong together, as 'simplex'"),
    "object": ({("a", "b"): Regression()}, TypeError, "each by itself"),
    "alone": ({"a": "simplex"}, ValueError, "several columns together"),
    "in a list": (["simplex"] * 5, ValueError, "several columns together"),
}


@pytest.mark.parametrize(("said", "kind", "message"), WRONG.values(), ids=list(WRONG))
def test_wrong_groups_are_told(said, kind, message):
    with pytest.raises(kind, match=message):
        said_kinds(said, NAMES)
