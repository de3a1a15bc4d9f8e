"""The warning where one column gets worse while the others get better."""

import warnings

import numpy as np
import pytest

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.exceptions import NegativeTransferWarning
from sklearn_mtl.inspection import compare_single_task
from sklearn_mtl.training._negative_transfer import NegativeTransfer

SETTINGS = {
    "hidden_layer_sizes": (64,),
    "n_members": 5,
    "learning_rate_init": 0.01,
    "dropout": 0.0,
    "random_state": 0,
}


def table(noisy):
    """Give rows of a column that can be learned, and one that is noise or not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 10))
    slow = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    other = rng.normal(size=150) if noisy else X[:, 0] + 0.1 * rng.normal(size=150)
    return X, np.column_stack([slow, slow, slow, other])


def test_a_column_that_overfits_while_the_others_learn_is_named():
    with pytest.warns(
        NegativeTransferWarning, match="column 3 rose to 1.*task_weights"
    ):
        MultiTaskNetRegressor(**SETTINGS | {"random_state": 1}).fit(*table(noisy=True))


def test_related_columns_warn_of_nothing():
    X, y = table(noisy=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MultiTaskNetRegressor(**SETTINGS).fit(X, y)
        MultiTaskNetRegressor(**SETTINGS).fit(X, y[:, :1])


def test_members_that_do_not_learn_a_column_are_not_asked():
    """Single networks never see the other columns, so that these may be anything."""
    X, y = table(noisy=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", NegativeTransferWarning)
        compare_single_task(MultiTaskNetRegressor(**SETTINGS, max_iter=10), X, y, cv=2)


def test_losses_that_are_not_finite_name_no_column():
    watcher = NegativeTransfer(["a", "b"])
    watcher._learns = np.ones((2, 2), dtype=bool)
    loss = np.array([[np.inf, 3.0], [np.inf, 3.1]])
    best = np.array([[np.inf, 0.5], [np.inf, 0.6]])
    with np.errstate(invalid="raise"):
        assert watcher._worse_than_the_prior(loss, best) == {1}
