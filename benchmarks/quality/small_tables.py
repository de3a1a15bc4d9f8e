"""Skill on a few rows of larger tables, at the defaults.

Of each table some rows are drawn to learn from, again and again, and rows that none of
them has seen are predicted. Which model does a table of 50, 100 or 200 rows ask for?
"""

from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run
from benchmarks.data import load
from benchmarks.quality._models import ELSEWHERE, fit_net, fit_peer
from benchmarks.quality.peers import scored
from benchmarks.report import table

TABLES = (
    *("mtr_enb", "mtr_jura", "mtr_scpf", "student_por", "ml_emotions"),
    *("sarcos_test4449", "wine", "bike_hourly", "thyroid_l7", "adult"),
)
ROWS = 50, 100, 200
MOST_TESTED = 1000
NOT_EVERYWHERE = "gaussian_process"
"""What was measured on smooth tables alone: left out of means and ranks."""
MODELS = "net", "linear", "forest", "mlp", "catboost", NOT_EVERYWHERE


def here() -> list[str]:
    return [name for name in MODELS if find_spec(ELSEWHERE.get(name, "sklearn"))]


def cases(plan: Plan) -> list[Case]:
    return [
        {"table": table, "rows": n_rows, "model": model}
        for table in TABLES
        for n_rows in ROWS
        for model in here()
    ]


def draws(n_rows: int, n_all: int, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from, and rows to predict."""
    order = np.random.default_rng(draw).permutation(n_all)
    return order[:n_rows], order[n_rows : n_rows + MOST_TESTED]


def measure(plan: Plan, table: str, rows: int, model: str) -> dict[str, Any]:
    X, y = load(table)
    runs = []
    for draw in range(plan.rounds):
        fit = partial(fit_net, random_state=draw) if model == "net" else None
        split = draws(max(rows // plan.shorten, 10), len(X), draw)
        runs.append(scored(X, y, [split], fit or partial(fit_peer, model)))
    return {
        name: [run[name] for run in runs]
        for name in ("skill", "fit_seconds", "predict_seconds")
    }


def as_table(runs: list[Run]) -> list[str]:
    found = pd.DataFrame(runs)
    found["mean"] = found["skill"].map(np.mean)
    models = [model for model in MODELS if model in set(found["model"])]
    skills = found.pivot_table("mean", ["table", "rows"], "model", sort=False)
    compared = [model for model in models if model != NOT_EVERYWHERE]
    complete = skills[compared].dropna()
    ranks = complete.rank(axis=1, ascending=False)
    lines = []
    for n_rows in sorted(set(found["rows"])):
        of_rows = skills.xs(n_rows, level="rows")[models]
        for name, row in of_rows.iterrows():
            cells = [bold(row[m], row.max()) for m in models]
            lines.append([f"{name}, {n_rows}", *cells])
    for label, values in (("mean skill", complete.mean()), ("mean rank", ranks.mean())):
        cells = [f"{values[m]:.3f}" if m in compared else "" for m in models]
        lines.append([f"{label} of {len(complete)}", *cells])
    return [table(["table, rows", *models], lines)]


def bold(value: float, best: float) -> str:
    if np.isnan(value):
        return ""
    return f"**{value:.3f}**" if value == best else f"{value:.3f}"


BENCHMARK = Benchmark("Small tables", cases, measure, as_table, rounds=10, threads=2)
