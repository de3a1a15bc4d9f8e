"""Few labels a row: the shared net against the same net, and a ridge, for each task.

`sarcos_sparse`: seven torques of a robot arm, of which a training row carries one to
three. `school`: examination scores of the pupils of 139 schools, each school a task, so
that a row carries one label. All nets are of one size; those of one task are trained
on the rows that have its label. The test rows of `sarcos_sparse` are given; of
`school`, a random quarter of each task is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from report import machine, write_section
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import data_folder

from sklearn_mtl import MultiTaskNetRegressor

RESULTS = Path(__file__).parent / "results" / "sparse_labels.json"
SEEDS = 3
NET = {"hidden_layer_sizes": (64, 64), "n_members": 4}
"""Smaller than the defaults: there are 146 nets of one task a seed."""
SHARED, SINGLE, RIDGE = "shared net", "one net a task", "ridge a task"
TABLES = "sarcos_sparse", "school"


def read(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """X, y with NaN where there is no label, and the split where one is given."""
    folder = data_folder()
    if folder is None:
        raise SystemExit(f"Set SKLEARN_MTL_DATA to a folder that holds {name}.npz.")
    arrays = np.load(folder / f"{name}.npz")
    X, y = arrays["X"].astype(float), arrays["Y"].astype(float)
    return X, y, arrays.get("split")


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


def predict_shared(X, y, X_test, seed: int) -> np.ndarray:
    return MultiTaskNetRegressor(**NET, random_state=seed).fit(X, y).predict(X_test)


def predict_each(new_model: Callable, X, y, X_test, wanted) -> np.ndarray:
    """One model a task: fitted to the rows that have its label, asked where wanted."""
    predictions = np.full(wanted.shape, np.nan)
    for t, labels in enumerate(y.T):
        rows, asked = ~np.isnan(labels), wanted[:, t]
        model = new_model().fit(X[rows], labels[rows])
        predictions[asked, t] = model.predict(X_test[asked])
    return predictions


def score(y: np.ndarray, predictions: np.ndarray) -> dict:
    known = ~np.isnan(y)
    labels, predicted = y[known], predictions[known]
    return {
        "r2": [
            r2_score(column[rows], guess[rows])
            for column, guess, rows in zip(y.T, predictions.T, known.T, strict=True)
        ],
        "explained": 1 - np.mean((labels - predicted) ** 2) / np.var(labels),
    }


def measure(name: str) -> list[dict]:
    X, y, given = read(name)
    runs = []
    for seed in range(SEEDS):
        split = split_within_tasks(y, seed) if given is None else given
        train, test = split == 0, split == 1
        parts = X[train], y[train], X[test]
        wanted = ~np.isnan(y[test])
        models = {
            SHARED: lambda p=parts, s=seed: predict_shared(*p, s),
            SINGLE: lambda p=parts, w=wanted, s=seed: predict_each(
                lambda: MultiTaskNetRegressor(**NET, random_state=s), *p, w
            ),
            RIDGE: lambda p=parts, w=wanted: predict_each(ridge, *p, w),
        }
        for model, predict in models.items():
            start = perf_counter()
            predictions = predict()
            seconds = perf_counter() - start
            result = {"table": name, "model": model, "seed": seed, "seconds": seconds}
            runs.append(result | score(y[test], predictions))
            print(
                f"{name}, {model}: R2 {np.mean(runs[-1]['r2']):.4f}, explained "
                f"{runs[-1]['explained']:.4f} ({seconds:.0f} s)",
                flush=True,
            )
    return runs


def as_markdown(runs: list[dict]) -> str:
    lines = [
        "| table | model | mean R² of tasks | explained variance of all labels "
        "| tasks where the shared net is ahead | s |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for name in TABLES:
        chosen = pd.DataFrame([run for run in runs if run["table"] == name])
        per_task = {
            model: np.mean(np.stack(group["r2"]), axis=0)
            for model, group in chosen.groupby("model")
        }
        for model, group in chosen.groupby("model", sort=False):
            means = np.stack(group["r2"]).mean(axis=1)
            ahead = (per_task[SHARED] > per_task[model]).sum()
            wins = "" if model == SHARED else f"{ahead} of {len(per_task[model])}"
            explained = group["explained"]
            lines.append(
                f"| {name} | {model} | {means.mean():.3f} ± {means.std(ddof=1):.3f} "
                f"| {explained.mean():.3f} ± {explained.std(ddof=1):.3f} | {wins} "
                f"| {group['seconds'].mean():.1f} |"
            )
    return "\n".join(lines)


def main() -> None:
    runs = [run for name in TABLES for run in measure(name)]
    RESULTS.write_text(json.dumps(runs) + "\n")
    note = (
        f"Nets of two layers of 64 units, {NET['n_members']} members, all else at its "
        f"default. Mean of {SEEDS} seeds, ± their standard deviation; a seed is also a "
        "split of `school`. Seconds of a seed, fits and predictions of all tasks. The "
        "explained variance is 1 - mean squared error / variance over the test labels "
        "of all tasks together."
    )
    write_section("Few labels a row", f"{as_markdown(runs)}\n\n{note} {machine()}")
    print(as_markdown(runs))


if __name__ == "__main__":
    main()
