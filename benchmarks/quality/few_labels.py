"""Few labels a row: the shared net against the same net, and a ridge, for each task.

`sarcos_sparse`: seven torques of a robot arm, of which a training row carries one to
three. `school`: examination scores of the pupils of 139 schools, each school a task, so
that a row carries one label. All nets are of one size; those of one task are trained
on the rows that have its label. One more net is made for labels like these: heads read
three linear factors of one layer, nothing is dropped, and there are 16 members, so that
each holds few labels out. The test rows of `sarcos_sparse` are given; of `school`, a
random quarter of each task is.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import arrays
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.nn import SharedFactors

NET = {"hidden_layer_sizes": (64, 64), "n_members": 4}
"""Smaller than the defaults: there are 146 nets of one task a seed."""
NET_OF_FACTORS = {"hidden_layer_sizes": (64,), "n_members": 16, "dropout": 0.0}
MODELS = "shared net", "one net a task", "ridge a task", "shared factors"
SHARED, SINGLE, RIDGE, FACTORS = MODELS
TABLES = "sarcos_sparse", "school"


def read(name: str, every: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """X, y with NaN where there is no label, and the split where one is given."""
    held = arrays(name)
    X, y = (held[part][::every].astype(float) for part in ("X", "Y"))
    return X, y, held["split"][::every] if "split" in held else None


def split_within_tasks(y: np.ndarray, seed: int) -> np.ndarray:
    """1 for a random quarter of the rows of each task, else 0."""
    rng = np.random.default_rng(seed)
    split = np.zeros(len(y), dtype=int)
    for labels in y.T:
        rows = rng.permutation(np.flatnonzero(~np.isnan(labels)))
        split[rows[: round(len(rows) / 4)]] = 1
    return split


def ridge():
    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))


def predict_each(new_model: Callable, X, y, X_test, wanted) -> np.ndarray:
    """One model a task: fitted to the rows that have its label, asked where wanted."""
    predictions = np.full(wanted.shape, np.nan)
    for t, labels in enumerate(y.T):
        rows, asked = ~np.isnan(labels), wanted[:, t]
        model = new_model().fit(X[rows], labels[rows])
        predictions[asked, t] = model.predict(X_test[asked])
    return predictions


def score(y: np.ndarray, predictions: np.ndarray) -> dict[str, Any]:
    known = ~np.isnan(y)
    labels, predicted = y[known], predictions[known]
    return {
        "r2": [
            r2_score(column[rows], guess[rows])
            for column, guess, rows in zip(y.T, predictions.T, known.T, strict=True)
        ],
        "explained": 1 - np.mean((labels - predicted) ** 2) / np.var(labels),
    }


def cases(plan: Plan) -> list[Case]:
    return combined(table=TABLES, model=MODELS, seed=range(plan.rounds))


def measure(plan: Plan, table: str, model: str, seed: int) -> dict[str, Any]:
    X, y, given = read(table, plan.shorten)
    split = split_within_tasks(y, seed) if given is None else given
    train, test = split == 0, split == 1

    def net() -> MultiTaskNetRegressor:
        return MultiTaskNetRegressor(**NET, random_state=seed)

    def net_of_factors() -> MultiTaskNetRegressor:
        return MultiTaskNetRegressor(
            **NET_OF_FACTORS, sharing=SharedFactors(3), random_state=seed
        )

    of_all = {SHARED: net, FACTORS: net_of_factors}
    start = perf_counter()
    if model in of_all:
        predictions = of_all[model]().fit(X[train], y[train]).predict(X[test])
    else:
        new_model = net if model == SINGLE else ridge
        wanted = ~np.isnan(y[test])
        predictions = predict_each(new_model, X[train], y[train], X[test], wanted)
    seconds = perf_counter() - start
    return {"seconds": seconds} | score(y[test], predictions)


def plus_minus(values: Any) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    for name, chosen in pd.DataFrame(runs).groupby("table", sort=False):
        models = {model: group for model, group in chosen.groupby("model", sort=False)}
        per_task = {m: np.mean(np.stack(g["r2"]), axis=0) for m, g in models.items()}
        for model, group in models.items():
            means = np.stack(group["r2"]).mean(axis=1)
            ahead = (per_task[SHARED] > per_task[model]).sum()
            wins = "" if model == SHARED else f"{ahead} of {len(per_task[model])}"
            cells = [plus_minus(means), plus_minus(group["explained"]), wins]
            rows.append([name, model, *cells, f"{group['seconds'].mean():.1f}"])
    header = ["table", "model", "mean R² of tasks", "explained variance of all labels"]
    header += ["tasks where the shared net is ahead", "s"]
    note = f"Mean of {n_seeds(runs)} seeds, ± their standard deviation."
    return [table(header, rows, text=2), note]


BENCHMARK = Benchmark("Few labels a row", cases, measure, as_table, rounds=3)
