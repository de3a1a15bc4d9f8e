"""Labels removed at random from SARCOS: one shared net against one net a column.

Seven torques of a robot arm are learned from 21 joint states. A share of the training
labels is removed at random, each by itself; test rows keep theirs. Both contenders are
MultiTaskNetEstimator at its defaults, fitted on all columns or on each alone.
"""

import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import folds, load
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator

TABLE = "sarcos_test4449"
SHARES = (0.0, 0.5, 0.9)
SHARED, EACH = "shared net", "one net a column"


def cases(plan: Plan) -> list[Case]:
    seeds = range(plan.rounds)
    return combined(removed=SHARES, model=(SHARED, EACH), seed=seeds)


def measure(plan: Plan, removed: float, model: str, seed: int) -> dict[str, Any]:
    X, y = load(TABLE, every=plan.shorten)
    train, test = folds(len(X), seed)[0]
    hidden = np.random.default_rng(seed).random((len(train), y.shape[1])) < removed
    y_train = y.iloc[train].mask(hidden)
    begin = time.perf_counter()
    predictions = [
        MultiTaskNetEstimator(task_types="regression", random_state=seed)
        .fit(X.iloc[train], y_train[names])
        .predict(X.iloc[test])
        for names in ([list(y)] if model == SHARED else [[name] for name in y])
    ]
    seconds = time.perf_counter() - begin
    scores = r2_score(
        y.iloc[test], np.column_stack(predictions), multioutput="raw_values"
    )
    return {"seconds": seconds, "r2": dict(zip(y, scores.tolist(), strict=True))}


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    for (share, model), group in pd.DataFrame(runs).groupby(
        ["removed", "model"], sort=False
    ):
        scores = pd.DataFrame(list(group["r2"]))
        spread = scores.mean(axis=1).std() if len(group) > 1 else 0.0
        rows.append(
            [f"{share:.0%}", model, f"{scores.mean().mean():.4f} ± {spread:.4f}"]
            + [f"{mean:.3f}" for mean in scores.mean()]
            + [f"{group['seconds'].mean():.0f}"]
        )
    header = ["labels removed", "model", "mean R²", *runs[0]["r2"], "fit, s"]
    return [table(header, rows, text=2), f"Mean of {n_seeds(runs)} splits."]


BENCHMARK = Benchmark(
    "Missing labels", cases, measure, as_table, rounds=3, needs=lambda case: TABLE
)
