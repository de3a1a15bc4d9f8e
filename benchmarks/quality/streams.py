"""Rows that come in batches: skill against `fit`, and memory and speed of many rows.

Tables that memory holds are learned from as a whole and batch by batch, a sixth of
their rows in memory, and scored on the same rows. Made rows come from a generator, so
that no file is read; peak memory is that of the fit above what the process holds
before it.
"""

import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import folds, kinds, load
from benchmarks.quality._models import predict_of
from benchmarks.quality.peers import scored
from benchmarks.report import n_seeds, table
from benchmarks.timing import MILLION_BYTES, peak_above, seconds
from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor

TABLES = "bike_hourly", "wine", "thyroid_l7", "adult"
SHARE = 6
"""A window is this part of the rows of a table."""
BATCH = 50_000
FEATURES, COLUMNS = 20, 4
MADE = "made rows"
MOST_ROWS = 50_000_000
SECONDS = 150
"""Bound of the fit to made rows."""
WAYS = "fit", "fit_batches"


def cases(plan: Plan) -> list[Case]:
    of_tables = combined(table=TABLES, way=WAYS, seed=range(plan.rounds))
    return [*of_tables, {"table": MADE, "way": "fit_batches", "seed": 0}]


def measure(plan: Plan, table: str, way: str, seed: int) -> dict[str, Any]:
    if table == MADE:
        return of_made_rows(MOST_ROWS // plan.shorten)
    X, y = load(table, plan.shorten)

    def fit(X_train: pd.DataFrame, y_train: pd.DataFrame) -> Any:
        net = MultiTaskNetEstimator(task_types=kinds(y), random_state=seed)
        if way == "fit":
            net.fit(X_train, y_train)
        else:
            # What the sample may not show, as that of the rare weather of bikes.
            classes = {name: labels.dropna().unique() for name, labels in y.items()}
            net.fit_batches(
                in_batches(X_train, y_train),
                classes={name: classes[name] for name in y if name not in kinds(y)},
                rows_in_memory=len(X_train) // SHARE,
            )
        return predict_of(net, y)

    return scored(X, y, folds(len(X))[:1], fit) | {"rows": len(X)}


def in_batches(X: pd.DataFrame, y: pd.DataFrame) -> Callable[[], Iterator[Any]]:
    return lambda: (
        (X[start : start + 500], y[start : start + 500])
        for start in range(0, len(X), 500)
    )


def made(n_rows: int, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of float32 rows whose columns hang on the same few functions."""
    weights = np.random.default_rng(0).normal(size=(FEATURES, 8)).astype(np.float32)
    heads = np.random.default_rng(1).normal(size=(8, COLUMNS)).astype(np.float32)
    rng = np.random.default_rng([2, seed])
    for start in range(0, n_rows, BATCH):
        rows = min(BATCH, n_rows - start)
        X = rng.standard_normal((rows, FEATURES), dtype=np.float32)
        shared = np.tanh(X @ weights / 2)
        noise = rng.standard_normal((rows, COLUMNS), dtype=np.float32)
        yield X, shared @ heads + 0.5 * noise


def of_made_rows(n_rows: int) -> dict[str, Any]:
    reading = seconds(lambda: deque(made(n_rows), maxlen=0))
    net = MultiTaskNetRegressor(time_limit=SECONDS, random_state=0)
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the limit
        peak, _ = peak_above(lambda: net.fit_batches(lambda: made(n_rows)))
    fitting = time.perf_counter() - begin
    epochs = sum(row["seconds"] for row in net.history_)
    return {
        "rows": n_rows,
        "skill": float(net.score(*next(made(BATCH, seed=1)))),
        "megabytes": peak / MILLION_BYTES,
        "reading_seconds": reading,
        "fit_seconds": fitting,
        "epochs": len(net.history_),
        "epoch_seconds": epochs,
    }


def as_table(runs: list[Run]) -> list[str]:
    found = pd.DataFrame([run for run in runs if run["table"] != MADE])
    paragraphs = []
    if len(found):
        means = found.pivot_table("skill", "table", "way", sort=False)
        spread = found.groupby(["table", "way"])["skill"].std().groupby("table").max()
        rows = [
            [
                *(str(name), *(f"{row[way]:.3f}" for way in WAYS)),
                *(f"{row[WAYS[1]] - row[WAYS[0]]:+.3f}", f"{spread[name]:.3f}"),
            ]
            for name, row in means.iterrows()
        ]
        header = ["skill", *WAYS, "difference", "standard deviation of seeds"]
        paragraphs += [table(header, rows), f"Mean of {n_seeds(runs)} seeds."]
    rows = [
        [
            *(f"{run['rows'] / 1e6:.0f}", f"{run['skill']:.3f}"),
            *(f"{run['megabytes']:.0f}", f"{run['reading_seconds']:.0f}"),
            *(f"{run['fit_seconds']:.0f}", f"{run['epochs']}"),
            f"{run['epochs'] * 131_072 / run['epoch_seconds'] / 1000:.0f}",
        ]
        for run in runs
        if run["table"] == MADE
    ]
    if rows:
        header = [
            "million rows",
            "R²",
            "peak, MB",
            "s to make them once",
            "s of the fit",
        ]
        header += ["epochs", "thousand rows trained on a second"]
        paragraphs.append(table(header, rows))
    return paragraphs


BENCHMARK = Benchmark(
    "Streams",
    cases,
    measure,
    as_table,
    rounds=3,
    threads=2,
    needs=lambda case: None if case["table"] == MADE else case["table"],
)
