"""Milliseconds of predicting one row, rows a second of predicting a million.

How long does a service wait for one row, and is a large table predicted as quickly, and
in less memory, than by scikit-learn's MLPRegressor of the same architecture? Rivals are
timed in turn, with equal threads; each peak of memory has a process of its own.

    python benchmarks/bench_predict.py [--rows 1000000] [--rounds 5]
"""

import argparse
import warnings
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from report import machine, write_section
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from timing import (
    MILLION_BYTES,
    in_child,
    in_turns,
    markdown,
    median_ratio,
    peak_above,
    seconds,
)

from sklearn_mtl import MultiTaskNetRegressor

CALLS = 200
FEATURES, TASKS, HIDDEN = 64, 4, (128, 128)
THREADS = (1, 2)
DTYPES = ("float32", "float64")
MODELS = ("ours", "MLPRegressor")


def made(n_rows: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, FEATURES), dtype=np.dtype(dtype).type)
    return X, np.tanh(X[:, :TASKS])


def one_row(n_members: Any) -> dict[str, float]:
    """Median milliseconds of predicting a row; hidden layers are the default ones."""
    X, y = made(500, "float64")
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(FEATURES)])
    figures = {}
    for name, table in (("array", X), ("data frame", frame)):
        model = MultiTaskNetRegressor(
            n_members=n_members, max_iter=2, random_state=0, device="cpu"
        ).fit(table, y)
        row = table[:1]
        times = [seconds(lambda m=model, r=row: m.predict(r)) for _ in range(CALLS)]
        figures[name] = 1e3 * float(np.median(times))
    return figures


def fitted(model: str, dtype: str) -> Any:
    """Train for one epoch: predicting costs the same whatever was learned."""
    X, y = made(1000, dtype)
    if model == "ours":
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


def throughput(n_rows: int, dtype: str, n_rounds: int) -> dict[str, np.ndarray]:
    """Rows a second."""
    X, _ = made(n_rows, dtype)
    rivals = {name: partial(rows_a_second, fitted(name, dtype), X) for name in MODELS}
    return in_turns(rivals, n_rounds)


def rows_a_second(model: Any, X: np.ndarray) -> float:
    return len(X) / seconds(lambda: model.predict(X))


def memory(model: str, n_rows: int, dtype: str) -> float:
    """Peak bytes above the state with X and a model that has predicted before."""
    X, _ = made(n_rows, dtype)
    predict = fitted(model, dtype).predict
    predict(X[:1000])
    peak, _ = peak_above(lambda: predict(X))
    return peak


def one_row_table() -> str:
    rows = []
    for n_members in ("auto", 1):
        found = in_child(one_row, n_members)
        count = 8 if n_members == "auto" else n_members
        rows.append([f"{count} members", *(f"{ms:.2f}" for ms in found.values())])
        print(*rows[-1], flush=True)
    return markdown(["one row, ms", "array", "data frame"], rows)


def many_rows_table(n_rows: int, n_rounds: int) -> str:
    rows = []
    for dtype in DTYPES:
        peaks = [
            f"{in_child(memory, name, n_rows, dtype) / MILLION_BYTES:.0f}"
            for name in MODELS
        ]
        for n_threads in THREADS:
            speeds = in_child(throughput, n_rows, dtype, n_rounds, threads=n_threads)
            ours, theirs = (speeds[name] for name in MODELS)
            rows.append(
                [
                    f"{dtype}, {n_threads} thread{'s' * (n_threads > 1)}",
                    *(f"{np.median(speed) / 1e3:.0f}" for speed in (ours, theirs)),
                    f"{median_ratio(ours, theirs):.2f}",
                    *(peaks if n_threads == 1 else ["", ""]),
                ]
            )
            print(*rows[-1], flush=True)
    header = [
        f"{n_rows} x {FEATURES}",
        *(f"{name}, 1000 rows/s" for name in MODELS),
        "ratio",
        *(f"{name}, MB" for name in MODELS),
    ]
    return markdown(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    text = "\n\n".join(
        [
            one_row_table(),
            many_rows_table(arguments.rows, arguments.rounds),
            f"One row of {FEATURES} features: hidden 256x2, one thread, median of "
            f"{CALLS} calls. Many rows: hidden 128x2, one member, {TASKS} columns; "
            f"medians of {arguments.rounds} rounds, peak memory above X with one "
            f"thread. {machine(threads='1 and 2')}",
        ]
    )
    write_section("Predict", text)
    print(text)


if __name__ == "__main__":
    main()
