"""One parameter's values, all measured on the same rows of the same tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run
from benchmarks.data import is_number
from benchmarks.quality._held_out import CENSUS, LARGER, MADE, SMALL, hold_out
from benchmarks.quality._models import Predict, Predictions
from benchmarks.quality._study_tables import EXPLANATION, Compared
from benchmarks.quality.peers import auc, skill

NET_OF_SMALL: dict[str, Any] = {"n_members": 4}
NET: dict[str, Any] = {"n_members": 2, "hidden_layer_sizes": (64, 64)}
EPOCHS = 200
SEEDS = {name: 3 for name in LARGER} | {CENSUS: 5}
SEEDS_OF_OTHERS = 5


@dataclass(frozen=True)
class Study:
    """Values of one parameter, compared with the first of them.

    Parameters
    ----------
    parameter : str
    title : str
        Of the section of the page.
    values : tuple of str
    fit : callable
        Called with X, y, a value and the settings of the net.
    fewer : mapping from a table to a tuple of str
        Values that are measured on it, instead of all.
    census_rows : int
        Rows of `census_kdd` that are drawn to learn from.
    published : mapping from str to (float, float)
        AUC of both columns of `census_kdd`, as others report it.
    """

    parameter: str
    title: str
    values: tuple[str, ...]
    fit: Callable[..., Predict]
    census_rows: int
    fewer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    published: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def benchmark(self) -> Benchmark:
        return Benchmark(
            self.title,
            self.cases,
            self.measure,
            self.as_table,
            rounds=max(*SEEDS.values(), SEEDS_OF_OTHERS),
            needs=lambda case: None if case["table"] in MADE else case["table"],
        )

    def cases(self, plan: Plan) -> list[Case]:
        return [
            {"table": name, self.parameter: value, "seed": seed}
            for name in (*SMALL, *MADE, *LARGER)
            for seed in range(min(SEEDS.get(name, SEEDS_OF_OTHERS), plan.rounds))
            for value in self.fewer.get(name, self.values)
        ]

    def measure(
        self, plan: Plan, table: str, seed: int, **value: str
    ) -> dict[str, Any]:
        X, y, train, test = hold_out(table, seed, plan.shorten, self.census_rows)
        settings = (NET_OF_SMALL if table in SMALL else NET) | {
            "own_nets": "never",
            "max_iter": plan.fewer(EPOCHS),
            "random_state": seed,
        }
        begin = process_time()
        predict = self.fit(
            X.iloc[train], y.iloc[train], value[self.parameter], **settings
        )
        predictions = predict(X.iloc[test])
        seconds = process_time() - begin
        truth = y.iloc[test].reset_index(drop=True)
        return scores(truth, predictions) | {"seconds": seconds}

    def as_table(self, runs: list[Run]) -> list[str]:
        found = Compared(runs, self.parameter, self.values)
        texts = [found.small(), found.larger(), found.of_literature(self.published)]
        return [*texts, EXPLANATION]


def scores(truth: pd.DataFrame, predictions: Predictions) -> dict[str, Any]:
    """Skill and AUC of each column, and what all labels together explain."""
    told = [name for name in truth if truth[name].nunique() > 1]
    columns = {name: skill(truth[name], predictions[name]) for name in told}
    aucs = {name: auc(truth[name], predictions[name]) for name in told}
    return {
        "skill": float(np.mean(list(columns.values()))),
        "worst": min(columns.values()),
        "columns": columns,
        "aucs": {name: value for name, value in aucs.items() if not np.isnan(value)},
        "explained": explained(truth, predictions),
    }


def explained(truth: pd.DataFrame, predictions: Predictions) -> float | None:
    """1 - mean squared error / variance, of the labels of all columns of numbers."""
    if not all(is_number(truth[name]) for name in truth):
        return None
    labels = truth.to_numpy(float)
    known = ~np.isnan(labels)
    said = np.column_stack([predictions[name] for name in truth])
    error = labels[known] - said[known]
    return float(1 - np.mean(error**2) / labels[known].var())
