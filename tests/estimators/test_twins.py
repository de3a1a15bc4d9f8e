"""Rows of X that stand there more than once."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.datasets import load_energy_efficiency, load_student_performance
from sklearn_mtl.estimators._twins import share_of_twins

SMALL = {"hidden_layer_sizes": (4,), "max_iter": 1, "random_state": 0}
pd = pytest.importorskip("pandas")


def repeated(times, noise=0.0):
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(40, 5)), times, axis=0)
    return rng.permutation(X + noise * rng.normal(size=X.shape))


def frame(times):
    X = pd.DataFrame(repeated(times), columns=list("abcde"))
    return X.assign(word=X["a"].map("{:.3f}".format).astype("category"))


@pytest.mark.parametrize(
    "X",
    [
        repeated(2),
        repeated(9),
        repeated(3, noise=1e-9),
        frame(3),
        sparse.csr_matrix(np.where((x := repeated(4)) > 0, x, 0.0)),
    ],
    ids=["twice", "often", "but for rounding", "frame", "sparse"],
)
def test_twins_are_warned_of_with_the_remedy(X):
    y = np.random.default_rng(1).normal(size=(X.shape[0], 2))
    with pytest.warns(UserWarning, match=r"stand there more than once.*groups.*cv"):
        MultiTaskNetRegressor(**SMALL).fit(X, y)


@pytest.mark.parametrize(
    "how",
    [
        {"cv": 3},
        {"early_stopping": False},
    ],
)
def test_not_where_no_random_rows_are_held_out(how):
    X = repeated(3)
    y = X[:, :2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MultiTaskNetRegressor(**how, **SMALL).fit(X, y)
        MultiTaskNetRegressor(**SMALL).fit(
            X, y, groups=np.unique(X[:, 0], return_inverse=True)[1]
        )


def false_alarms():
    rng = np.random.default_rng(0)
    factors = np.array(np.meshgrid(*[range(3)] * 4)).reshape(4, -1).T
    age = rng.integers(18, 90, 3000)
    yield "continuous", rng.normal(size=(2000, 3))
    yield "one column of steps", rng.integers(0, 50, size=(2000, 1))
    yield "categories alone", rng.integers(0, 3, size=(2000, 4))
    yield "a design with repeats", np.repeat(factors, 5, axis=0)
    yield "columns that say the same", np.column_stack([age, age // 10, age > 65])
    yield "one line", np.column_stack([x := rng.normal(size=2000), 2 * x, -x])
    yield "constant", np.ones((50, 3))
    yield "half of the rows twice", np.vstack([x := rng.normal(size=(100, 3)), x[:40]])
    yield "few rows", np.ones((5, 2))
    yield "sparse", sparse.csr_array(np.eye(30))
    yield "sparse and few", sparse.random_array((500, 9), density=0.1, rng=rng)
    yield "energy", load_energy_efficiency(return_X_y=True)[0]
    yield "student", load_student_performance(return_X_y=True, as_frame=True)[0]


@pytest.mark.parametrize("X", [pytest.param(X, id=name) for name, X in false_alarms()])
def test_no_false_alarm(X):
    assert share_of_twins(X) < 0.9
