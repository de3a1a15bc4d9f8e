"""One token is another one, and what results can be compiled."""

import pytest

from tests.mutants.changes import changes_of, compiles


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("a < b\n", ["a <= b\n"]),
        ("a = b and c\n", ["a = b or c\n"]),
        ("a = b is not None\n", []),
        ("a = not b\n", ["a =  b\n"]),
        ("f(*a, **b)\n", []),
        ("a = -1\n", ["a = -0\n"]),
        ("a = b[0] * 2\n", ["a = b[1] * 2\n", "a = b[0] / 2\n"]),
        ("a = '0 < 1'  # True\n", []),
        (
            "a = f(min(b), c=True)\n",
            ["a = f(max(b), c=True)\n", "a = f(min(b), c=False)\n"],
        ),
    ],
)
def test_changes(source, changed):
    assert [change.applied(source) for change in changes_of(source)] == changed


def test_what_compiles():
    assert compiles("a = b\n")
    assert not compiles("a = * b\n")
