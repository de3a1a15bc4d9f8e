"""Few labels a row: the shared net against the same net, and a ridge, for each task.

`sarcos_sparse`: seven torques of a robot arm, of which a training row carries one to
three. `school`: examination scores of the pupils of 139 schools, each school a task, so
that a row carries one label. All nets are of one size; those of one task are trained
on the rows that have its label. The test rows of `sarcos_sparse` are given; of
`school`, a random quarter of each task is.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.benchmark import Benchmark, Case, Plan, Run
from benchmarks.data import arrays
from benchmarks.report import table
from sklearn_mtl import MultiTaskNetRegressor

NET = {"hidden_layer_sizes": (64, 64), "n_members": 4}
"""Smaller than the defaults: there are 146 nets of one task a seed."""
SHARED, SINGLE, RIDGE = MODELS = ("shared net", "one net a task", "ridge a task")
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
    return [
        {"table": name, "model": model, "seed": seed}
        for name in TABLES
        for seed in range(plan.rounds)
        for model in MODELS
    ]


def measure(plan: Plan, table: str, model: str, seed: int) -> dict[str, Any]:
    X, y, given = read(table, plan.shorten)
    split = split_within_tasks(y, seed) if given is None else given
    train, test = split == 0, split == 1
    parts = X[train], y[train], X[test]
    start = perf_counter()
    if model == SHARED:
        net = MultiTaskNetRegressor(**NET, random_state=seed).fit(X[train], y[train])
        predictions = net.predict(X[test])
    elif model == SINGLE:
        predictions = predict_each(
            lambda: MultiTaskNetRegressor(**NET, random_state=seed),
            *parts,
            ~np.isnan(y[test]),
        )
    else:
        predictions = predict_each(ridge, *parts, ~np.isnan(y[test]))
    seconds = perf_counter() - start
    return {"seconds": seconds} | score(y[test], predictions)


def as_table(runs: list[Run]) -> str:
    rows = []
    for name, chosen in pd.DataFrame(runs).groupby("table", sort=False):
        per_task = {
            model: np.mean(np.stack(group["r2"]), axis=0)
            for model, group in chosen.groupby("model")
        }
        for model, group in chosen.groupby("model", sort=False):
            means = np.stack(group["r2"]).mean(axis=1)
            ahead = (per_task[SHARED] > per_task[model]).sum()
            wins = "" if model == SHARED else f"{ahead} of {len(per_task[model])}"
            explained = group["explained"]
            rows.append(
                [
                    name,
                    model,
                    f"{means.mean():.3f} ± {means.std(ddof=1):.3f}",
                    f"{explained.mean():.3f} ± {explained.std(ddof=1):.3f}",
                    wins,
                    f"{group['seconds'].mean():.1f}",
                ]
            )
    header = ["table", "model", "mean R² of tasks", "explained variance of all labels"]
    header += ["tasks where the shared net is ahead", "s"]
    n_seeds = len({run["seed"] for run in runs})
    return (
        f"{table(header, rows, text=2)}\n\nNets of two layers of 64 units, "
        f"{NET['n_members']} members, all else at its default. Mean of {n_seeds} "
        "seeds, ± their standard deviation; a seed is also a split of `school`. Seconds of a "
        "seed, fits and predictions of all tasks. The explained variance is 1 - mean "
        "squared error / variance over the test labels of all tasks together."
    )


BENCHMARK = Benchmark(
    title="Few labels a row",
    cases=cases,
    measure=measure,
    table=as_table,
    rounds=3,
)
