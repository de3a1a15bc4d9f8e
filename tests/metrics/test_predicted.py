"""Predictions as they are passed: containers, matching of columns, wrong calls."""

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import average_rrmse, task_scores
from tests.metrics.helpers import NAMES, SMALL

Y = np.array([[1.5, 2.5], [3.5, 1.0], [2.0, 0.5]])


def frame(*names):
    return pd.DataFrame(Y, columns=list(names))


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [(Y, frame("a", "b")), (frame("a", "b"), Y), (frame("a", "b"), frame("a", "b"))],
    ids=["frame for array", "array for frame", "frames"],
)
def test_columns_without_names_are_compared_by_position(y_true, y_pred):
    assert [row["r2"] for row in task_scores(y_true, y_pred)] == [1, 1]
    assert average_rrmse(y_true, y_pred, y_train=y_pred) == 0


@pytest.mark.parametrize(
    ("y_pred", "message"),
    [
        (frame("b", "a"), "columns of y_pred .*: 'b' stands where y_true has 'a'"),
        (frame("a", "c"), r"'c' stands where y_true has 'b'.* to \['a', 'b'\]"),
        (Y[:, :1], r"y_pred has 1 columns, but y_true has 2: \['a', 'b'\]"),
    ],
)
def test_other_columns_are_refused(y_pred, message):
    for score in (task_scores, average_rrmse):
        with pytest.raises(ValueError, match=message):
            score(frame("a", "b"), y_pred)
    with pytest.raises(ValueError, match=message.replace("y_pred", "y_train")):
        average_rrmse(frame("a", "b"), Y, y_train=y_pred)


@pytest.mark.parametrize(
    "container", ["array", "list", "polars"], ids=lambda name: f"y is {name}"
)
def test_containers_of_y(table, container):
    X, y = table
    y = y[["price", "sold", "visits"]]
    reference = MultiTaskNetEstimator(**SMALL).fit(X, y)
    wanted = task_scores(y, reference, X=X)
    if container == "polars":
        polars = pytest.importorskip("polars")
        cells = y.astype(object).where(y.notna(), None)
        other = polars.DataFrame({name: cells[name].tolist() for name in y})
    else:
        other = y.astype(object).where(y.notna(), None).to_numpy()
        other = other.tolist() if container == "list" else other
    net = MultiTaskNetEstimator(**SMALL).fit(X, other)
    for rows in (
        task_scores(other, net, X=X),
        task_scores(
            other, net.predict(X), y_proba=net.predict_proba(X), task_types=net.tasks_
        ),
    ):
        for row, expected in zip(rows, wanted, strict=True):
            numbers = {k: v for k, v in expected.items() if k != "name"}
            assert {k: row[k] for k in numbers} == pytest.approx(numbers)


# -- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y_true", "y_pred", "options", "message"),
    [
        ([1.5, 2], [1.5, np.nan], {}, r"Column 0 has no prediction in row 1.* 2\.0"),
        ([1.5, 2], [1.5], {}, "y_true has 2 rows, but there are 1 predictions"),
        ([1.5, 2], [[1.5, 2], [2, 3]], {}, "y_pred has 2 columns, but y_true has 1"),
        ([1.5, 2], ["a", "b"], {}, "Column 0 of y_pred holds 'a', which is no number"),
        ([1.5, np.inf], [1, 2], {}, "Column 0 of y_true holds inf"),
        ([0, 1], [0.3, 0.8], {}, r"y_pred holds 0\.3 in column 0.*'regression'"),
        ([0, 1], [0, 1], {"y_proba": [0.2, 1.2]}, r"of column 0 are .*1\.2\] in row 1"),
        ([1.5, 2], [1.5, 2], {"y_proba": [0.2, 0.8]}, "entry for column 0, which is"),
        ([1.5, 2], [1.5, 2], {"X": [[1], [2]]}, "X is passed, but y_pred holds"),
        ([1, 2], [1, 2], {"sample_weight": [1, -1]}, r"-1\.0 in row 1, column 0"),
        ([1, 2], [1, 2], {"sample_weight": [1]}, r"sample_weight\.shape == \(1,\)"),
        ([1, -2], [1, 2], {"task_types": "count"}, "Column 0 of y_true holds -2"),
        ([1, 2], [1, 2], {"task_types": "nonsense"}, "'nonsense' for column 0"),
    ],
)
def test_errors_name_column_value_and_remedy(y_true, y_pred, options, message):
    with pytest.raises(ValueError, match=message):
        task_scores(y_true, y_pred, **options)


def test_errors_of_estimators(table, net):
    X, y = table
    with pytest.raises(ValueError, match="but X is None"):
        task_scores(y, net)
    with pytest.raises(ValueError, match="cannot change what a fitted"):
        task_scores(y, net, X=X, task_types="count")
    with pytest.raises(ValueError, match="'sold' stands where fit saw 'price'"):
        task_scores(y[["sold", "price", *NAMES[2:]]], net, X=X)
    with pytest.raises(ValueError, match="'sold' stands where y_true has 'price'"):
        task_scores(y[["price"]], y[["sold"]])
