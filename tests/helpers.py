"""What tests of several rooms share."""

import re

import numpy as np
import pytest
import torch

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.datasets import make_multitask

ESTIMATORS = (MultiTaskNetEstimator, MultiTaskNetRegressor, MultiTaskNetClassifier)
SMALL_NET = {
    "hidden_layer_sizes": (32,),
    "n_members": 2,
    "max_iter": 40,
    "learning_rate_init": 0.01,
    "random_state": 0,
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def of_objects(*cells):
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def two_groups(n_rows, seed=0):
    """Three columns that show one score, and three that show another one."""
    X, _, scores = make_multitask(
        n_rows, 8, n_tasks=2, relatedness=0, return_scores=True, random_state=seed
    )
    noise = np.random.default_rng(seed).normal(size=(n_rows, 6))
    return X, scores[:, [0, 0, 0, 1, 1, 1]] + noise


def homes(n_rows=120, seed=0):
    """Numbers with gaps, integers, booleans, categories with gaps and rare levels."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(seed)
    size = rng.normal(50, 20, n_rows)
    X = pd.DataFrame(
        {
            "size": np.where(rng.random(n_rows) < 0.2, np.nan, size),
            "rooms": np.round(size / 10).astype(int),
            "garden": size + rng.normal(0, 10, n_rows) > 50,
            "town": pd.Categorical(rng.choice(["Ely", "Ayr", "Rye"], n_rows)),
            "street": rng.choice([f"s{i}" for i in range(9)], n_rows),
            "unit": "m",
        },
        index=np.arange(n_rows) + 7,
    )
    X.loc[X.index % 5 == 0, "town"] = np.nan
    return X


def sales_of(X):
    """Return a price and whether it was sold, for each home."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    price = X["rooms"] * 3.0 + rng.normal(size=len(X))
    sold = pd.Categorical(np.where(X["garden"], "yes", "no"))
    return pd.DataFrame({"price": price, "sold": sold}, index=X.index)


def id_of(value):
    """Name a value the same in each process: without addresses, and sets in order."""
    if isinstance(value, set):
        return str(sorted(value, key=str))
    return re.sub(" at 0x[0-9a-f]+", "", str(value))
