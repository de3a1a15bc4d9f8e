"""Tables of predictions beside tables of labels."""

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl.metrics import average_rrmse, task_scores

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
