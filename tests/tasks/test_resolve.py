"""Which kind a column is."""

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl.tasks import Binary, Multiclass, Regression, per_column, resolve_tasks
from tests.helpers import of_objects
from tests.tasks.helpers import columns_of


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (np.array([0.5, 2.0]), Regression),
        (np.array([1, 2, 3]), Regression),
        (np.array([0, 1, 2]), Regression),
        (np.array([0, 2]), Regression),
        (np.array([-1, 1]), Regression),
        (np.array([0, 1, 1]), Binary),
        (np.array([0.0, np.nan, 1.0]), Binary),
        (np.array([1.0, np.nan]), Binary),
        (np.array([0, 0]), Binary),
        (np.array([np.nan, np.nan]), Regression),
        (np.array([True, False]), Binary),
        (np.array(["a", "b"]), Binary),
        (np.array(["a", "b", "c"]), Multiclass),
        (np.array(["0", "1", "2"]), Multiclass),
        (of_objects(1, None, 2.5), Regression),
        (of_objects(0, None, 1), Binary),
        (of_objects(True, None, False), Binary),
        (of_objects("a", 1, 2.5), Multiclass),
        (pd.Series([1, 2, 3], dtype="category"), Multiclass),
        (pd.Series([1, None, 2], dtype="Int64"), Regression),
        (pd.Series([1, None, 0], dtype="Int64"), Binary),
        (pd.Series([True, None], dtype="boolean"), Binary),
        (pd.Series(["x", None, "y"], dtype="string"), Binary),
    ],
)
def test_kind_of_a_column_follows_from_its_type_and_labels(y, kind):
    (task,) = resolve_tasks(columns_of(y), None)

    assert type(task) is kind


def test_kind_of_a_number_is_that_of_the_estimator_where_it_has_one():
    columns = columns_of(np.array([[0, 7], [1, 8], [0, 9]]))

    as_numbers = resolve_tasks(columns, None, default="regression")
    as_classes = resolve_tasks(columns, None, default="classes")

    assert [type(task) for task in as_numbers] == [Regression, Regression]
    assert [type(task) for task in as_classes] == [Binary, Multiclass]


@pytest.mark.parametrize(
    ("task_types", "kinds"),
    [
        ("multiclass", [Multiclass, Multiclass, Multiclass]),
        (Multiclass(), [Multiclass, Multiclass, Multiclass]),
        (["regression", None, Multiclass()], [Regression, Regression, Multiclass]),
        (np.array(["regression"] * 3), [Regression, Regression, Regression]),
        ({"b": "multiclass"}, [Binary, Multiclass, Binary]),
        ({}, [Binary, Regression, Binary]),
    ],
    ids=["name", "object", "list", "array", "some columns", "none"],
)
@pytest.mark.parametrize("default", ["auto", "classes"])
def test_task_types_win_over_the_rule(task_types, kinds, default):
    frame = pd.DataFrame({"a": [0, 1], "b": [2.0, 3.0], "c": [1, 0]})

    tasks = resolve_tasks(columns_of(frame), task_types, default=default)

    if default == "classes":  # where task_types says nothing, two classes are binary
        wanted = per_column(task_types, ["a", "b", "c"], "task_types")
        kinds = [
            kind if want is not None else Binary
            for kind, want in zip(kinds, wanted, strict=True)
        ]
    assert [type(task) for task in tasks] == kinds


def test_one_task_object_for_all_columns_is_cloned_for_each():
    kind = Multiclass(classes=[0, 1, 2])

    first, second = resolve_tasks(columns_of(np.eye(2)), kind)

    assert len({id(task) for task in (kind, first, second)}) == 3
    assert first.classes == second.classes == [0, 1, 2]


@pytest.mark.parametrize(
    ("task_types", "error", "message"),
    [
        ("ordinal2", ValueError, "'ordinal2' for column 'a'. Known kinds are 'regr"),
        ({"b": 3}, TypeError, "says 3 for column 'b'. Pass the name of a kind"),
        ([Regression, None], TypeError, "for column 'a'. Pass the name of a kind"),
        ({"c": "binary"}, ValueError, "names 'c', which is no column of y.*'a', 'b'"),
        (["binary"], ValueError, "has 1 entries, but y has 2 columns"),
    ],
)
def test_unknown_kind_or_column_is_refused(task_types, error, message):
    frame = pd.DataFrame({"a": [0, 1], "b": [2.0, 3.0]})

    with pytest.raises(error, match=message):
        resolve_tasks(columns_of(frame), task_types)
