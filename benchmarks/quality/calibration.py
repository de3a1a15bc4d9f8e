"""Calibration error and log-loss of class columns, with and without `calibrate`."""

import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import kinds, load, split
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import task_scores

TABLES = ("adult", "thyroid_l7", "ml_yeast")
MAX_TRAIN, MAX_TEST = 3000, 6000
COLUMNS = ["column", "calibrate", "error", "log_loss"]


def cases(plan: Plan) -> list[Case]:
    return combined(table=TABLES, seed=range(plan.rounds))


def measure(plan: Plan, table: str, seed: int) -> dict[str, list]:
    X, y = load(table, every=plan.shorten)
    train, test = split(len(X), seed, MAX_TRAIN, MAX_TEST)
    rows = []
    for calibrate in (False, True):
        net = MultiTaskNetEstimator(
            task_types=kinds(y), calibrate=calibrate, random_state=seed
        ).fit(X.iloc[train], y.iloc[train])
        for row in task_scores(y.iloc[test], net, X=X.iloc[test]):
            if row["name"] not in kinds(y):
                error, cost = row["calibration_error"], row["log_loss"]
                rows.append((row["name"], calibrate, error, cost))
    return {"scores": rows}


def as_table(runs: list[Run]) -> list[str]:
    frames = [
        pd.DataFrame(run["scores"], columns=COLUMNS).assign(table=run["table"])
        for run in runs
    ]
    rows = []
    for name, group in pd.concat(frames).groupby("table", sort=False):
        mean = group.groupby("calibrate")[["error", "log_loss"]].mean()
        cells = [f"{mean.loc[c, s]:.4f}" for s in mean for c in (False, True)]
        rows.append([name, str(group["column"].nunique()), *cells])
    header = ["table", "columns", "calibration error: before", "after"]
    header += ["log-loss: before", "after"]
    return [table(header, rows), f"Mean of {n_seeds(runs)} splits."]


BENCHMARK = Benchmark("Calibration", cases, measure, as_table, rounds=3)
