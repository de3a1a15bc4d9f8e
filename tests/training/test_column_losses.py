"""Losses of columns in skorch's history, as its loggers read them."""

import numpy as np
import pytest

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.training import _cut
from sklearn_mtl.training._column_losses import history_keys

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, :2] + 1
SMALL = {
    "hidden_layer_sizes": (4,),
    "n_members": 3,
    "max_iter": 25,
    "n_iter_no_change": 1,
    "learning_rate_init": 0.05,
    "random_state": 0,
}


def test_names_that_become_alike_stay_apart():
    assert len(set(history_keys("train", ["a[", "a]", "a_"]))) == 3


@pytest.mark.filterwarnings("ignore:Column 'none' of y has no label")
@pytest.mark.parametrize("cut", [False, True])
def test_history_of_skorch_has_the_losses_of_columns(cut, monkeypatch):
    if cut:  # members are trained one by one
        monkeypatch.setattr(_cut, "MOST_BYTES", 1)
    y = np.c_[Y, np.full(60, np.nan)]
    names = ["age", "price [EUR]", "none"]
    pd = pytest.importorskip("pandas")
    net = MultiTaskNetRegressor(**SMALL).fit(X, pd.DataFrame(y, columns=names))
    for epoch, row in enumerate(net.net_.history):
        told = net.history_[epoch]
        for part in ("train", "valid"):
            assert row[f"{part}_loss/age"] == told[f"{part}_loss/age"]
            safe, name = f"{part}_loss/price _EUR_", f"{part}_loss/price [EUR]"
            assert row[safe] == told[name]
            assert f"{part}_loss/none" not in row
