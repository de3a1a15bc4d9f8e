"""Kinds of columns that y may have, each drawn from a generator."""

import numpy as np
import pandas as pd

from tests.fuzz.features import gaps, integers, with_one, words

LABELS = {
    "float": lambda rng, n: rng.normal(size=n),
    "float with gaps": lambda rng, n: np.where(
        rng.random(n) < 0.4, np.nan, rng.normal(size=n)
    ),
    "far from zero": lambda rng, n: 1e12 + rng.normal(size=n),
    "skewed": lambda rng, n: np.exp(rng.normal(0, 3, n)),
    "int": integers,
    "uint8": lambda rng, n: rng.integers(0, 256, n).astype(np.uint8),
    "nullable int": lambda rng, n: pd.array(gaps(rng, integers(rng, n)), "Int64"),
    "beyond 2**53": lambda rng, n: 2**53 + rng.integers(0, 9, n),
    "constant": lambda rng, n: np.full(n, 2.5),
    "zero or one": lambda rng, n: rng.integers(0, 2, n),
    "zero or one with gaps": lambda rng, n: np.where(
        rng.random(n) < 0.4, np.nan, rng.integers(0, 2, n)
    ),
    "bool": lambda rng, n: rng.random(n) < 0.5,
    "nullable bool": lambda rng, n: pd.array(gaps(rng, rng.random(n) < 0.5), "boolean"),
    "words": words,
    "words with gaps": lambda rng, n: pd.array(gaps(rng, words(rng, n, 3)), object),
    "rare word": lambda rng, n: with_one(rng, np.full(n, "often"), "once"),
    "category": lambda rng, n: pd.Categorical(gaps(rng, words(rng, n, 3))),
    "ordered category": lambda rng, n: pd.Categorical(
        words(rng, n, 3), categories=["Ely", "Ayr", "Rye", "never"], ordered=True
    ),
    "stray word": lambda rng, n: with_one(rng, rng.normal(size=n), "n/a"),
    "bounds": lambda rng, n: np.where(
        rng.random(n) < 0.4, "<0.1", rng.normal(size=n).astype(object)
    ),
    "unlabelled": lambda rng, n: np.full(n, np.nan),
    "few labels": lambda rng, n: np.where(np.arange(n) < 3, rng.normal(size=n), np.nan),
}
NUMBERS = (
    "float",
    "float with gaps",
    "far from zero",
    "skewed",
    "int",
    "uint8",
    "nullable int",
    "constant",
    "zero or one",
    "few labels",
)
CLASSES = (
    "zero or one",
    "zero or one with gaps",
    "bool",
    "nullable bool",
    "words",
    "words with gaps",
    "rare word",
    "category",
    "ordered category",
)
