"""Rows are matched by position, and an index that says otherwise is told of."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.inspection import check_columns
from sklearn_mtl.inspection._teams import rows_of_folds
from sklearn_mtl.model_selection import StackedGridSearchCV, cross_val_predict
from sklearn_mtl.tables import warn_of_another_order

X = pd.DataFrame({"a": np.arange(20.0)}, index=[f"r{n}" for n in range(20)])
Y = X["a"].rename("b")
BACKWARDS = Y[::-1]


@pytest.mark.parametrize("name", ["y", "groups"])
def test_another_order_is_told_of(name):
    net = MultiTaskNetRegressor(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    how = {"y": BACKWARDS} if name == "y" else {"y": Y, "groups": BACKWARDS // 2}

    with pytest.warns(UserWarning, match=rf"'r0' by its index.* {name} is 'r19'.*loc"):
        net.fit(X, **how)

    if name == "y":
        with pytest.warns(UserWarning, match="another order"):
            net.score(X, BACKWARDS)


@pytest.mark.parametrize("name", ["y", "groups"])
@pytest.mark.parametrize(
    "call",
    [
        lambda net, **how: check_columns(X, **how),
        lambda net, **how: cross_val_predict(net, X, cv=2, **how),
        lambda net, y, groups: rows_of_folds(net, X, y, 2, groups),
        lambda net, **how: StackedGridSearchCV(
            net, {"alpha": [0.1]}, cv=GroupKFold(2), refit=False
        ).fit(X, **how),
    ],
    ids=["check_columns", "cross_val_predict", "comparisons", "searches"],
)
def test_another_order_is_told_of_where_rows_are_split(call, name):
    net = MultiTaskNetRegressor(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    how = {"y": Y, "groups": Y // 2} | {name: BACKWARDS // 2}

    with pytest.warns(UserWarning, match=f"that of {name} is 'r19'"):
        call(net, **how)


@pytest.mark.parametrize(
    "others",
    [
        Y,
        Y.reset_index(drop=True),
        Y.to_numpy(),
        Y.rename(lambda label: f"{label}s"),
        BACKWARDS.set_axis(list("ab") * 10),
    ],
)
def test_positions_pass_in_silence(others):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_another_order(X, others, "y")
        warn_of_another_order(X.to_numpy(), others, "y")
        warn_of_another_order(X[::-1].reset_index(drop=True), others, "y")
