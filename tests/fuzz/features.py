"""Kinds of columns that X may have, each drawn from a generator."""

from decimal import Decimal

import numpy as np
import pandas as pd

WORDS = np.array(["Ely", "Ayr", "Rye", "nan", "NA", "", "é", "7"])


def gaps(rng, values, share=0.2):
    """Return the values as objects, some of them missing."""
    missing = rng.random(len(values)) < share
    return [None if gap else value for gap, value in zip(missing, values, strict=True)]


def words(rng, n, n_levels=5):
    return rng.choice(WORDS[:n_levels], n)


def integers(rng, n):
    return rng.integers(-5, 20, n)


def with_one(rng, values, stray):
    values = np.asarray(values).astype(object)
    values[rng.integers(len(values))] = stray
    return values


def dates(rng, n):
    return pd.Timestamp("2020-02-29") + pd.to_timedelta(rng.integers(0, 900, n), "D")


FEATURES = {
    "float": lambda rng, n: rng.normal(size=n),
    "float32": lambda rng, n: rng.normal(size=n).astype(np.float32),
    "gaps": lambda rng, n: np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
    "skewed": lambda rng, n: np.exp(rng.normal(0, 4, n)),
    "huge": lambda rng, n: 1e15 + rng.normal(size=n),
    "one cell of 1e15": lambda rng, n: with_one(rng, rng.normal(size=n), 1e15).astype(
        float
    ),
    "constant": lambda rng, n: np.full(n, 3e9),
    "all missing": lambda rng, n: np.full(n, np.nan),
    "int": integers,
    "uint8": lambda rng, n: rng.integers(0, 256, n).astype(np.uint8),
    "bool": lambda rng, n: rng.random(n) < 0.5,
    "nullable int": lambda rng, n: pd.array(gaps(rng, integers(rng, n)), "Int64"),
    "nullable bool": lambda rng, n: pd.array(gaps(rng, rng.random(n) < 0.5), "boolean"),
    "words": words,
    "words with gaps": lambda rng, n: pd.array(gaps(rng, words(rng, n)), object),
    "category": lambda rng, n: pd.Categorical(gaps(rng, words(rng, n))),
    "ordered category": lambda rng, n: pd.Categorical(
        integers(rng, n), categories=range(-5, 20), ordered=True
    ),
    "dates": dates,
    "identifiers": lambda rng, n: np.array([f"id{i}" for i in rng.permutation(n)]),
    "stray word": lambda rng, n: with_one(rng, rng.normal(size=n), "n/a"),
    "numbers as words": lambda rng, n: np.array([f"{v:.3f}" for v in rng.random(n)]),
    "decimals": lambda rng, n: np.array(
        [Decimal(f"{v:.3f}") for v in rng.random(n)], dtype=object
    ),
}
