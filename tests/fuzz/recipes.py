"""An input as a short value: it can be printed, drawn, made smaller, and made."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from tests.fuzz.containers import CONTAINERS, FOR_LABELS
from tests.fuzz.features import FEATURES
from tests.fuzz.labels import CLASSES, LABELS, NUMBERS
from tests.fuzz.parameters import ALLOWED, TINY

ESTIMATORS = {
    "MultiTaskNetEstimator": (MultiTaskNetEstimator, tuple(LABELS)),
    "MultiTaskNetRegressor": (MultiTaskNetRegressor, NUMBERS),
    "MultiTaskNetClassifier": (MultiTaskNetClassifier, CLASSES),
}
WEIGHTS = ("none", "none", "rows", "labels")
SIZES = (12, 30, 61)


class Recipe(NamedTuple):
    """What an input is made of; parameters are (name, position in `ALLOWED`)."""

    estimator: str = "MultiTaskNetEstimator"
    features: tuple = ("float",)
    labels: tuple = ("float",)
    X_in: str = "pandas"
    y_in: str = "pandas"
    weights: str = "none"
    parameters: tuple = ()
    n_rows: int = 30
    seed: int = 0

    @property
    def feature_names(self):
        return [f"x{j} {kind}" for j, kind in enumerate(self.features)]

    @property
    def label_names(self):
        return [f"y{j} {kind}" for j, kind in enumerate(self.labels)]


def drawn(rng):
    """Draw a recipe."""

    def one(choices):
        return choices[int(rng.integers(len(choices)))]

    estimator = one((*ESTIMATORS, "MultiTaskNetEstimator"))
    kinds = ESTIMATORS[estimator][1]
    names = rng.choice(list(ALLOWED), int(rng.integers(4)), replace=False)
    return Recipe(
        estimator,
        tuple(one(tuple(FEATURES)) for _ in range(rng.integers(1, 6))),
        tuple(one(kinds) for _ in range(rng.integers(1, 4))),
        one(tuple(CONTAINERS)),
        one(FOR_LABELS),
        one(WEIGHTS),
        tuple((str(name), int(rng.integers(len(ALLOWED[name])))) for name in names),
        one(SIZES),
        int(rng.integers(1000)),
    )


def frame_of(kinds, columns, names, rng, n_rows, index=None):
    values = [pd.Series(columns[kind](rng, n_rows), index=index) for kind in kinds]
    return pd.concat(values, axis=1, keys=names)


def made(recipe):
    """Make the estimator, X, y and what fit takes beside them."""
    rng, n = np.random.default_rng(recipe.seed), recipe.n_rows
    index = pd.RangeIndex(7, 7 + n)
    X = frame_of(recipe.features, FEATURES, recipe.feature_names, rng, n, index)
    y = frame_of(recipe.labels, LABELS, recipe.label_names, rng, n, index)
    more = {}
    if recipe.weights != "none":
        shape = n if recipe.weights == "rows" else (n, len(recipe.labels))
        more["sample_weight"] = rng.choice([0.0, 0.5, 1.0, 3.0], shape)
    parameters = {name: ALLOWED[name][at] for name, at in recipe.parameters}
    net = ESTIMATORS[recipe.estimator][0](**{**TINY, **parameters})
    return net, CONTAINERS[recipe.X_in](X), CONTAINERS[recipe.y_in](y), more


def repeats(recipe):
    """Tell whether a second fit is to give the same."""
    random = ("random_state", ALLOWED["random_state"].index(None))
    limited = any(name == "time_limit" for name, _ in recipe.parameters)
    return random not in recipe.parameters and not limited


def simpler(recipe):
    """Give recipes with one thing less."""
    for field in ("features", "labels", "parameters"):
        entries = getattr(recipe, field)
        for j in range(
            len(entries) if field == "parameters" or len(entries) > 1 else 0
        ):
            yield recipe._replace(**{field: entries[:j] + entries[j + 1 :]})
    for field in ("X_in", "y_in", "weights", "features", "labels"):
        plain = Recipe._field_defaults[field]
        if field in ("X_in", "y_in", "weights") and getattr(recipe, field) != plain:
            yield recipe._replace(**{field: plain})
