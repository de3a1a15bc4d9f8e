"""Folds that balance all columns of y, against folds drawn at random.

How far the share of a label in a fold differs from its share in the table, and the
same for the share of rows that have a label at all. Numbers are cut into ten parts.
Then the seconds that a large made table takes.
"""

import time
from functools import cache

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import is_number, load
from benchmarks.report import n_seeds, table
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold

TABLES = ("thyroid_l7", "ml_yeast", "tox21")
SPLITTERS = {cls.__name__: cls for cls in (KFold, MultiTaskStratifiedKFold)}
LARGE = "made, 300,000 rows"
N_SPLITS = 5
DISTANCES = ["worst", "mean", "worst_present", "mean_present"]

Columns = list[tuple[np.ndarray, np.ndarray]]


@cache
def targets(name: str, every: int) -> tuple[pd.DataFrame, Columns]:
    """Y, and for each column which rows have a label, and which of them which."""
    y = large_table(every) if name == LARGE else load(name, every)[1]
    columns = []
    for _, labels in y.items():
        present = labels.notna().to_numpy()
        if is_number(labels):
            codes = pd.qcut(labels, 10, labels=False, duplicates="drop").fillna(-1)
        else:
            codes = pd.factorize(labels)[0]
        columns.append((present, np.asarray(codes).astype(int)))
    return y, columns


def large_table(every: int) -> pd.DataFrame:
    _, y = make_multitask(
        300_000 // every,
        n_features=5,
        n_tasks=["regression", "binary", "multiclass", "count"] * 5,
        n_classes=6,
        missing=0.3,
        as_frame=True,
        random_state=0,
    )
    return y


def deviations(columns: Columns, tests: list) -> tuple[list[float], list[float]]:
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


def cases(plan: Plan) -> list[Case]:
    small = combined(table=TABLES, folds=SPLITTERS, seed=range(plan.rounds))
    return small + combined(table=[LARGE], folds=SPLITTERS, seed=[0])


def measure(plan: Plan, table: str, folds: str, seed: int) -> dict[str, float]:
    y, columns = targets(table, plan.shorten)
    cv = SPLITTERS[folds](N_SPLITS, shuffle=True, random_state=seed)
    begin = time.perf_counter()
    tests = [test for _, test in cv.split(y, y)]
    seconds = time.perf_counter() - begin
    distances = [
        float(f(part)) for part in deviations(columns, tests) for f in (np.max, np.mean)
    ]
    return dict(zip(DISTANCES, distances, strict=True)) | {"seconds": seconds}


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    groups = pd.DataFrame(runs).groupby(["table", "folds"], sort=False)
    for (name, folds), group in groups:
        # Four digits for the large table, where balanced shares hardly differ.
        digits = 4 if name == LARGE else 2
        mean = group[[*DISTANCES, "seconds"]].mean()
        cells = [f"{mean[distance]:.{digits}f}" for distance in DISTANCES]
        rows.append([name, f"`{folds}`", *cells, f"{mean['seconds']:.2f}"])
    header = ["table", "folds", "share of a label: worst", "mean"]
    header += ["share of labels present: worst", "mean", "s"]
    note = f"Mean of {n_seeds(runs)} seeds (one for the made table)."
    return [table(header, rows, text=2), note]


BENCHMARK = Benchmark(
    "Splits",
    cases,
    measure,
    as_table,
    rounds=10,
    needs=lambda case: None if case["table"] == LARGE else case["table"],
)
