"""A small table of a number and two words."""

import numpy as np
import pytest


@pytest.fixture
def X():
    pd = pytest.importorskip("pandas")
    numbers = np.random.default_rng(0).normal(size=(30, 3))
    return pd.DataFrame(numbers, columns=["a", "b", "c"])


@pytest.fixture
def y(X):
    pd = pytest.importorskip("pandas")
    words = np.where(X["b"] > 0, "hi", "lo")
    return pd.DataFrame({"price": 3 * X["a"], "size": words})
