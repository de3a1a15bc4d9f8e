"""Where sharing helps and where it hurts: tables from unrelated to identical tasks.

Six numbers of ten features are made by `make_multitask`: at relatedness 0 they are
uncorrelated functions, at 1 the same function with noise of its own in each column.
The same network learns all six in one, and each in a network of its own; both are
scored on 5000 fresh rows. A seed's functions and rows are the same at every
relatedness, and a smaller table is the beginning of a larger one.
"""

from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run
from benchmarks.report import figure_link, table
from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.inspection import compare_single_task

RELATEDNESS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
SEEDS_BY_ROWS = {50: 10, 150: 5, 500: 5, 1500: 3, 5000: 3}
N_TEST = 5000
TABLE = {"n_features": 10, "n_tasks": 6, "noise": 0.7}
NET = {"hidden_layer_sizes": (64, 64)}
MEMBERS, MEMBERS_OF_MANY, MANY = 8, 2, 500
"""Of few rows a member holds out a handful: it takes several to stop at a good time."""


def cases(plan: Plan) -> list[Case]:
    return [
        {"rows": rows, "relatedness": relatedness, "seed": seed}
        for rows, n_seeds in SEEDS_BY_ROWS.items()
        for relatedness in RELATEDNESS
        for seed in range(min(n_seeds, plan.rounds))
    ]


def measure(plan: Plan, rows: int, relatedness: float, seed: int) -> dict[str, Any]:
    """Skill of each task, with and without sharing, in networks of one stack."""
    X, y = make_multitask(
        max(SEEDS_BY_ROWS) + N_TEST, relatedness=relatedness, random_state=seed, **TABLE
    )
    split = np.arange(rows), np.arange(len(X) - plan.fewer(N_TEST), len(X))
    net = MultiTaskNetRegressor(
        **NET,
        n_members=MEMBERS_OF_MANY if rows >= MANY else MEMBERS,
        max_iter=plan.fewer(200),
        random_state=seed,
    )
    start = perf_counter()
    result = compare_single_task(net, X, y, cv=[split])
    return {
        "single": result.single.tolist(),
        "shared": result.multi.tolist(),
        "seconds": perf_counter() - start,
    }


def summary(runs: list[dict]) -> pd.DataFrame:
    """One line a cell: means over tasks and seeds; the error is that over seeds."""
    table = pd.DataFrame(runs)
    skills = {name: np.stack(table[name]) for name in ("single", "shared")}
    difference = skills["shared"] - skills["single"]
    table = table.assign(
        single=skills["single"].mean(axis=1),
        shared=skills["shared"].mean(axis=1),
        gain=difference.mean(axis=1),
        ahead=(difference > 0).mean(axis=1),
    )
    cells = table.groupby(["rows", "relatedness"])
    means = cells[["single", "shared", "gain", "ahead"]].mean()
    return means.assign(error=cells["gain"].sem())


def as_table(runs: list[Run]) -> list[str]:
    cells = summary(runs)
    rows = []
    for n_rows, line in cells.groupby(level="rows"):
        gains = zip(line["gain"], line["error"], strict=True)
        shown = {
            "single": [f"{value:.3f}" for value in line["single"]],
            "shared": [f"{value:.3f}" for value in line["shared"]],
            "gain": [f"{gain:+.3f} ± {error:.3f}" for gain, error in gains],
            "ahead": [f"{value:.0%}" for value in line["ahead"]],
        }
        for name, values in shown.items():
            rows.append(["" if name != "single" else str(n_rows), name, *values])
    columns = [f"{value:g}" for value in cells.index.levels[1]]
    minutes = sum(run["seconds"] for run in runs) / 60
    return [
        figure_link("relatedness", "Gain of sharing by relatedness and rows"),
        table(["rows", "", *columns], rows, text=2),
        f"{minutes:.0f} minutes in all, beside other work of the machine.",
    ]


BENCHMARK = Benchmark(
    "Relatedness", cases, measure, as_table, rounds=max(SEEDS_BY_ROWS.values())
)
