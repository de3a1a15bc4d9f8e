"""Calibration error and log-loss of class columns, with and without `calibrate`.

python benchmarks/bench_calibration.py
"""

import argparse

import numpy as np
import pandas as pd
from report import machine, write_section
from tables import is_number, load

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import task_scores

TABLES = ("adult", "thyroid_l7", "ml_yeast")
MAX_TRAIN, MAX_TEST = 3000, 6000


def measure(table: str, splits: int) -> list[tuple]:
    X, y = load(table)
    kinds = {name: "regression" for name in y if is_number(y[name])}
    rows = []
    for seed in range(splits):
        order = np.random.default_rng(seed).permutation(len(X))
        n_train = min(MAX_TRAIN, int(0.7 * len(X)))
        train, test = order[:n_train], order[n_train : n_train + MAX_TEST]
        for calibrate in (False, True):
            net = MultiTaskNetEstimator(
                task_types=kinds, calibrate=calibrate, random_state=seed
            )
            net.fit(X.iloc[train], y.iloc[train])
            for row in task_scores(y.iloc[test], net, X=X.iloc[test]):
                if row["name"] not in kinds:
                    error, cost = row["calibration_error"], row["log_loss"]
                    rows.append((table, row["name"], calibrate, error, cost))
    return rows


def as_markdown(results: pd.DataFrame) -> str:
    lines = [
        "| table | columns | calibration error: before | after | log-loss: before "
        "| after |",
        "|---" * 6 + "|",
    ]
    for table, group in results.groupby("table", sort=False):
        mean = group.groupby("calibrate")[["error", "log_loss"]].mean()
        cells = [
            f"{value:.4f}"
            for name in ("error", "log_loss")
            for value in (mean.loc[False, name], mean.loc[True, name])
        ]
        n_columns = group["column"].nunique()
        lines.append(f"| {table} | {n_columns} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=3)
    splits = parser.parse_args().splits
    rows = [row for table in TABLES for row in measure(table, splits)]
    names = ["table", "column", "calibrate", "error", "log_loss"]
    text = as_markdown(pd.DataFrame(rows, columns=names))
    write_section("Calibration", f"{text}\n\nMean of {splits} splits. {machine()}")
    print(text)


if __name__ == "__main__":
    main()
