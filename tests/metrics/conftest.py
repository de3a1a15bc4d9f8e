"""A table of six kinds, and a net that was fitted to it."""

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl import MultiTaskNetEstimator
from tests.metrics.helpers import KINDS, SMALL


def mixed_table(n_rows=160, missing=0.3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4))
    grade = pd.cut(X[:, 1], [-np.inf, -1, 0, 1, np.inf], labels=[1, 2, 3, 4])
    y = pd.DataFrame(
        {
            "price": X[:, 0] + 0.1 * rng.normal(size=n_rows),
            "sold": np.where(X[:, 0] > 0, "yes", "no"),
            "city": pd.Categorical(np.array(list("abc"))[np.arange(n_rows) % 3]),
            "grade": grade,
            "visits": rng.poisson(np.exp(X[:, 2])).astype(float),
            "load": X[:, 3] * rng.normal(size=n_rows),
        }
    )
    return X, y.mask(rng.random(y.shape) < missing)


@pytest.fixture(scope="module")
def table():
    return mixed_table()


@pytest.fixture(scope="module")
def net(table):
    return MultiTaskNetEstimator(**SMALL, task_types=KINDS).fit(*table)


@pytest.fixture(scope="module")
def label_weight(table):
    return np.random.default_rng(1).integers(0, 4, size=table[1].shape).astype(float)
