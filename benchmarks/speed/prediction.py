"""Milliseconds of predicting one row, rows a second of predicting a million.

How long does a service wait for one row, and is a large table predicted as quickly, and
in less memory, than by scikit-learn's MLPRegressor of the same architecture? Rivals are
timed in turn, with equal threads; each peak of memory has a process of its own.
"""

import warnings
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.report import table
from benchmarks.timing import (
    MILLION_BYTES,
    in_turns,
    median_ratio,
    peak_above,
    seconds,
)
from sklearn_mtl import MultiTaskNetRegressor

CALLS = 200
ROWS = 1_000_000
FEATURES, TASKS, HIDDEN = 64, 4, (128, 128)
MEMBERS = (8, 1)
THREADS = (1, 2)
DTYPES = ("float32", "float64")
OURS, PEER = MODELS = ("ours", "MLPRegressor")


def made(n_rows: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, FEATURES), dtype=np.dtype(dtype).type)
    return X, np.tanh(X[:, :TASKS])


def fitted(model: str, dtype: str) -> Any:
    """Train for one epoch: predicting costs the same whatever was learned."""
    X, y = made(1000, dtype)
    if model == OURS:
        return MultiTaskNetRegressor(
            hidden_layer_sizes=HIDDEN,
            n_bins=0,
            n_members=1,
            max_iter=1,
            random_state=0,
            device="cpu",
        ).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MLPRegressor(hidden_layer_sizes=HIDDEN, max_iter=1, random_state=0).fit(
            X, y
        )


def one_row(plan: Plan, members: int) -> dict[str, list[float]]:
    """Milliseconds of calls for a row; hidden layers are the default ones."""
    X, y = made(500, "float64")
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(FEATURES)])
    figures = {}
    for name, X_like in (("array", X), ("data frame", frame)):
        model = MultiTaskNetRegressor(
            n_members=members, max_iter=2, random_state=0, device="cpu"
        ).fit(X_like, y)
        ask = partial(model.predict, X_like[:1])
        times = [seconds(ask) for _ in range(plan.fewer(CALLS))]
        figures[name] = [1e3 * float(np.median(times))]
    return figures


def many_rows(plan: Plan, dtype: str, threads: int) -> dict[str, Any]:
    """Seconds of predicting the table."""
    X, _ = made(plan.fewer(ROWS), dtype)
    rivals = {}
    for name in MODELS if plan.peers else [OURS]:
        rivals[name] = partial(seconds, partial(fitted(name, dtype).predict, X))
    return {"n_rows": len(X)} | in_turns(rivals, plan.rounds)


def memory(plan: Plan, dtype: str, memory_of: str) -> dict[str, list[float]]:
    """Peak bytes above the state with X and a model that has predicted before."""
    X, _ = made(plan.fewer(ROWS), dtype)
    predict = fitted(memory_of, dtype).predict
    predict(X[:1000])
    peak, _ = peak_above(lambda: predict(X))
    return {"peak": [peak]}


def cases(plan: Plan) -> list[Case]:
    models = MODELS if plan.peers else [OURS]
    return [
        *combined(members=MEMBERS),
        *combined(dtype=DTYPES, threads=THREADS),
        *combined(dtype=DTYPES, memory_of=models),
    ]


def measure(plan: Plan, **case: Any) -> dict[str, Any]:
    if "members" in case:
        return one_row(plan, **case)
    if "memory_of" in case:
        return memory(plan, **case)
    return many_rows(plan, **case)


def one_row_table(runs: list[Run]) -> str:
    kinds_of_X = ["array", "data frame"]
    rows = [
        [f"{run['members']} members", *(f"{run[name][0]:.2f}" for name in kinds_of_X)]
        for run in runs
    ]
    return table(["one row, ms", *kinds_of_X], rows)


def many_rows_table(runs: list[Run], peaks: dict[tuple[str, str], float]) -> str:
    rows = []
    for run in runs:
        n_threads, dtype = run["threads"], run["dtype"]
        speeds = [run["n_rows"] / 1e3 / np.median(run[name]) for name in MODELS]
        sizes = ["", ""]
        if n_threads == 1:
            found = [peaks.get((dtype, model), np.nan) for model in MODELS]
            sizes = [f"{peak / MILLION_BYTES:.0f}" for peak in found]
        rows.append(
            [
                f"{dtype}, {n_threads} thread{'s' * (n_threads > 1)}",
                *(f"{speed:.0f}" for speed in speeds),
                f"{median_ratio(run[PEER], run[OURS]):.2f}",
                *sizes,
            ]
        )
    speed_of = [f"{model}, 1000 rows/s" for model in MODELS]
    size_of = [f"{model}, MB" for model in MODELS]
    first = f"{runs[0]['n_rows']} x {FEATURES}"
    return table([first, *speed_of, "ratio", *size_of], rows)


def as_table(runs: list[Run]) -> list[str]:
    texts = []
    if ones := [run for run in runs if "members" in run]:
        texts += [one_row_table(ones)]
    if many := [run for run in runs if OURS in run]:
        found = [run for run in runs if "memory_of" in run]
        peaks = {(run["dtype"], run["memory_of"]): run["peak"][0] for run in found}
        texts += [many_rows_table(many, peaks)]
        texts += [f"Many rows: medians of {len(many[0][OURS])} rounds."]
    return texts


BENCHMARK = Benchmark("Predict", cases, measure, as_table, rounds=5, timed=True)
