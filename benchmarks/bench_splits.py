"""Folds that balance all columns of y, against folds drawn at random.

How far the share of a label in a fold differs from its share in the table, and the
same for the share of rows that have a label at all. Numbers are cut into ten parts.
Then the seconds that a large made table takes.

    python benchmarks/bench_splits.py
"""

import argparse
import time

import numpy as np
import pandas as pd
from report import machine, write_section
from sklearn.model_selection import KFold
from tables import SHIPPED, data_folder, is_number, load

from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold

TABLES = ("thyroid_l7", "ml_yeast", "tox21")
SPLITTERS = (KFold, MultiTaskStratifiedKFold)
LARGE = "made, 300,000 rows"
COLUMNS = ["table", "folds", "worst", "mean", "worst present", "mean present", "s"]


def indicators(y: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each column which rows have a label, and which of them have which label."""
    columns = []
    for _, labels in y.items():
        present = labels.notna().to_numpy()
        if is_number(labels):
            codes = pd.qcut(labels, 10, labels=False, duplicates="drop").fillna(-1)
        else:
            codes = pd.factorize(labels)[0]
        columns.append((present, np.asarray(codes).astype(int)))
    return columns


def deviations(columns, tests) -> tuple[list[float], list[float]]:
    """Differences between shares in a fold and in the table, in percentage points."""
    of_labels, of_presence = [], []
    for present, codes in columns:
        n_labels = codes.max() + 1
        overall = np.bincount(codes[present], minlength=n_labels) / present.sum()
        for test in tests:
            found = codes[test][present[test]]
            share = np.bincount(found, minlength=n_labels) / max(len(found), 1)
            of_labels.extend(100 * np.abs(share - overall))
            of_presence.append(100 * abs(present[test].mean() - present.mean()))
    return of_labels, of_presence


def measure(table: str, y: pd.DataFrame, n_splits: int, repeats: int) -> list[tuple]:
    columns = indicators(y)
    rows = []
    for splitter in SPLITTERS:
        results = []
        for seed in range(repeats):
            cv = splitter(n_splits, shuffle=True, random_state=seed)
            begin = time.perf_counter()
            tests = [test for _, test in cv.split(y, y)]
            seconds = time.perf_counter() - begin
            of_labels, of_presence = deviations(columns, tests)
            results.append(
                (
                    np.max(of_labels),
                    np.mean(of_labels),
                    np.max(of_presence),
                    np.mean(of_presence),
                    seconds,
                )
            )
        rows.append((table, splitter.__name__, *np.mean(results, axis=0)))
        print(*rows[-1])
    return rows


def large_table() -> pd.DataFrame:
    _, y = make_multitask(
        300_000,
        n_features=5,
        n_tasks=["regression", "binary", "multiclass", "count"] * 5,
        n_classes=6,
        missing=0.3,
        as_frame=True,
        random_state=0,
    )
    return y


def as_markdown(results: pd.DataFrame) -> str:
    lines = [
        "| table | folds | share of a label: worst | mean "
        "| share of labels present: worst | mean | s |",
        "|---" * len(COLUMNS) + "|",
    ]
    for row in results.itertuples(index=False):
        # Four digits for the large table, where balanced shares hardly differ.
        cells = " | ".join(
            f"{value:.{4 if row[0] == LARGE else 2}f}" for value in row[2:6]
        )
        lines.append(f"| {row[0]} | `{row[1]}` | {cells} | {row[6]:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-splits", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    rows = []
    for name in TABLES if data_folder() else SHIPPED:
        rows += measure(name, load(name)[1], options.n_splits, options.repeats)
    rows += measure(LARGE, large_table(), options.n_splits, 1)
    table = as_markdown(pd.DataFrame(rows, columns=COLUMNS))
    note = (
        f"Percentage points; {options.n_splits} shuffled folds, mean of "
        f"{options.repeats} seeds (one for the made table). {machine()}"
    )
    write_section("Splits", f"{table}\n\n{note}")
    print(table)
