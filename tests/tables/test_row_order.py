"""Rows are matched by position, and an index that says otherwise is told of."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl import MultiTaskNetRegressor
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
