"""Which columns move together beyond what X explains."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.inspection import residual_dependence
from tests.helpers import SMALL_NET


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(200, 2)), rng.normal(size=200)
    y = np.empty((200, 3), dtype=object)
    y[:, 0] = X[:, 0] + noise
    y[:, 1] = X[:, 0] - noise
    y[:, 2] = rng.choice(["a", "b", "c"], 200)
    y[:50, 2] = None
    return residual_dependence(MultiTaskNetEstimator(**SMALL_NET).fit(X, y))


def test_columns_that_x_moves_together_may_move_in_turns_beyond(found):
    assert found.task_names == [0, 1, 2]
    assert found.correlation[0, 1] == found.correlation[1, 0] < -0.8
    assert (found.correlation[2, :2] >= 0).all()
    assert (found.correlation[2, :2] < 0.4).all()
    assert found.is_signed.tolist() == [[True, True, False]] * 2 + [[False] * 3]
    assert found.n_rows[0, 2] < found.n_rows[0, 1]


def test_what_is_no_network():
    X = np.eye(3)
    for wrong in (
        LinearRegression().fit(X, X),
        make_pipeline(MultiTaskNetEstimator()),
    ):
        with pytest.raises(TypeError, match="Pass a fitted MultiTaskNetEstimator"):
            residual_dependence(wrong)
