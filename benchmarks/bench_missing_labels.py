"""Labels removed at random from SARCOS: one shared net against one net a column.

Seven torques of a robot arm are learned from 21 joint states. A share of the training
labels is removed at random, each by itself; test rows keep theirs. Both contenders are
MultiTaskNetEstimator at its defaults, fitted on all columns or on each alone.

    python benchmarks/bench_missing_labels.py
"""

import argparse
import time

import numpy as np
import pandas as pd
from report import machine, write_section
from sklearn.metrics import r2_score
from tables import folds, load

from sklearn_mtl import MultiTaskNetEstimator

SHARES = (0.0, 0.5, 0.9)


def fit_and_predict(X_train, y_train, X_test, *, shared: bool, seed: int) -> np.ndarray:
    columns = [list(y_train)] if shared else [[name] for name in y_train]
    return np.column_stack(
        [
            MultiTaskNetEstimator(task_types="regression", random_state=seed)
            .fit(X_train, y_train[names])
            .predict(X_test)
            for names in columns
        ]
    )


def measure(seeds: int) -> pd.DataFrame:
    X, y = load("sarcos_test4449")
    rows = []
    for seed in range(seeds):
        ((train, test),) = folds(len(X), seed)
        for share in SHARES:
            hidden = (
                np.random.default_rng(seed).random((len(train), y.shape[1])) < share
            )
            y_train = y.iloc[train].mask(hidden)
            for name, shared in (("shared net", True), ("one net a column", False)):
                begin = time.perf_counter()
                predictions = fit_and_predict(
                    X.iloc[train], y_train, X.iloc[test], shared=shared, seed=seed
                )
                scores = r2_score(y.iloc[test], predictions, multioutput="raw_values")
                seconds = time.perf_counter() - begin
                rows.append((share, name, seed, seconds, *scores))
                print(f"{share:.0%} {name}: {scores.mean():.4f} ({seconds:.0f} s)")
    return pd.DataFrame(rows, columns=["removed", "model", "seed", "seconds", *y])


def as_markdown(results: pd.DataFrame) -> str:
    targets = [name for name in results if name not in ("removed", "model", "seed")]
    targets.remove("seconds")
    lines = [
        "| labels removed | model | mean R² |" + " | ".join(targets) + " | fit, s |"
    ]
    lines.append("|---" * (len(targets) + 4) + "|")
    for (share, model), group in results.groupby(["removed", "model"], sort=False):
        per_column = group[targets].mean()
        spread = group[targets].mean(axis=1).std() if len(group) > 1 else 0.0
        mean = f"{per_column.mean():.4f} ± {spread:.4f}"
        cells = " | ".join(f"{value:.3f}" for value in per_column)
        lines.append(
            f"| {share:.0%} | {model} | {mean} | {cells} "
            f"| {group['seconds'].mean():.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    table = as_markdown(measure(seeds))
    write_section("Missing labels", f"{table}\n\nMean of {seeds} splits. {machine()}")
    print(table)
