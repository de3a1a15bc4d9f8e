"""Tables to encode, and their encoding."""

import numpy as np
import pandas as pd

from sklearn_mtl.tables import FeatureEncoder


def encode(X, X_new=None, weight=None, **params):
    """Fit on X and encode X, or X_new, in float64."""
    weight = np.ones(X.shape[0]) if weight is None else weight
    encoder = FeatureEncoder(**params).fit(X, weight)
    return encoder.transform(X if X_new is None else X_new, dtype=np.float64)


def some_numbers(n_rows=50, n_columns=4, gaps=True, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(5, [0.1, 1, 10, 1000][:n_columns], size=(n_rows, n_columns))
    if gaps:
        X[rng.random(X.shape) < 0.2] = np.nan
        X[:, 0] = rng.normal(size=n_rows)
    return X


def some_frame(n_rows=60, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(some_numbers(n_rows, seed=seed), columns=list("abcd"))
    frame["count"] = rng.integers(0, 9, n_rows)
    frame["flag"] = rng.random(n_rows) < 0.5
    frame["town"] = rng.choice(["Ulm", "Bonn", "Jena"], n_rows)
    frame.loc[::7, "town"] = None
    frame["size"] = pd.Categorical(rng.choice(["S", "M"], n_rows), ["S", "M", "L"])
    return frame
