"""Columns that are known in training only: dropped, auxiliary, or targets like others.

One column is predicted and scored. What else the table has of the same kind is known of
training rows alone, and in no column of X. Labels of the predicted column are known of
all training rows, or of 60 of them.
"""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import load, split
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetRegressor

PREDICTED = {
    "student_por": ("G3", 2, [0, 1]),
    "mtr_jura": ("Cd", 0, [1, 2]),
    "mtr_scpf": ("num_comments", 2, [0, 1]),
    "mtr_enb": ("Y2", 1, [0]),
    "sarcos_test4449": ("torque1", 0, list(range(1, 7))),
}
"""The column that is scored, its position, and those of what training alone knows."""
DROPPED, AUXILIARY, TARGETS = WAYS = "dropped", "auxiliary", "targets"
FEW = 60
LABELS = "all", "few"
MOST_ROWS, MOST_TEST = 600, 3000
NET: dict[str, Any] = {"n_members": 4, "hidden_layer_sizes": (64, 64)}


def cases(plan: Plan) -> list[Case]:
    return combined(
        table=PREDICTED, labels=LABELS, seed=range(plan.rounds), columns=WAYS
    )


def measure(
    plan: Plan, table: str, labels: str, seed: int, columns: str
) -> dict[str, Any]:
    X, y = load(table, plan.shorten)
    _, scored, beside = PREDICTED[table]
    name, others = y.columns[scored], y.columns[beside].tolist()
    train, test = split(len(X), seed, MOST_ROWS, MOST_TEST)
    known = y.loc[train, [name, *others]].copy()
    if labels == "few":
        known.iloc[FEW:, 0] = np.nan
    if columns == DROPPED:
        known = known[[name]]
    net = MultiTaskNetRegressor(
        **NET,
        auxiliary=others if columns == AUXILIARY else None,
        max_iter=plan.fewer(200),
        random_state=seed,
    )
    predicted = net.fit(X.iloc[train], known).predict(X.iloc[test])[name]
    return {"r2": float(r2_score(y.loc[test, name], predicted))}


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    groups = pd.DataFrame(runs).groupby(["table", "labels"], sort=False)
    for (name, labels), chosen in groups:
        by_way = chosen.pivot(index="seed", columns="columns", values="r2")
        gains = [
            _gain(by_way[way] - by_way[DROPPED]) if way in by_way else ""
            for way in (AUXILIARY, TARGETS)
        ]
        means = [f"{by_way[way].mean():.3f}" if way in by_way else "" for way in WAYS]
        rows.append([name, PREDICTED[name][0], labels, *means, *gains])
    header = ["table", "predicted", "its labels", *WAYS]
    header += [f"{way} - {DROPPED}" for way in (AUXILIARY, TARGETS)]
    note = (
        f"R² of the predicted column, mean of {n_seeds(runs)} splits; differences of "
        "the same splits, ± their standard error."
    )
    return [table(header, rows, text=3), note]


def _gain(differences: pd.Series) -> str:
    mean, error = differences.mean(), differences.sem()
    return f"{mean:+.3f}" + ("" if np.isnan(error) else f" ± {error:.3f}")


BENCHMARK = Benchmark(
    "Columns known in training only", cases, measure, as_table, rounds=5
)
