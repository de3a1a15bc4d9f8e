"""Skill on rows of other groups, or of later times, than those that were learned from.

New scaffolds of molecules, months that no row was seen of, and later hours of a series.
The net is told which rows belong together, by groups or `cv`; once it is not.
"""

from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.quality._models import ELSEWHERE, fit_net, fit_peer
from benchmarks.quality._splits_of_groups import shifted
from benchmarks.quality.peers import scored
from benchmarks.report import n_seeds, table

TABLES = "tox21 by scaffold", "bike_hourly", "mtr_rf1"
RANDOM = "net, random rows"
MODELS = (
    *("net", RANDOM, "linear", "forest", "boosting", "mlp"),
    *("catboost", "xgboost", "lightgbm"),
)


def cases(plan: Plan) -> list[Case]:
    here = [name for name in MODELS if find_spec(ELSEWHERE.get(name, "sklearn"))]
    return combined(shifted=TABLES, model=here, seed=range(plan.rounds))


def measure(plan: Plan, shifted: str, model: str, seed: int) -> dict[str, Any]:
    X, y, _, train, test = split = split_of(shifted, seed, plan.shorten)
    if model == "net":
        fit: Any = partial(fit_net, random_state=seed, **split.of_net())
    elif model == RANDOM:
        fit = partial(fit_net, random_state=seed)
    else:
        fit = partial(fit_peer, model)
    return scored(X, y, [(train, test)], fit)


split_of = shifted


def as_table(runs: list[Run]) -> list[str]:
    found = pd.DataFrame(runs)
    models = [model for model in MODELS if model in set(found["model"])]
    skills = found.pivot_table("skill", "shifted", "model", sort=False)[models]
    aucs = found.pivot_table("auc", "shifted", "model", sort=False)
    seconds = found.pivot_table("fit_seconds", "shifted", "model", sort=False)
    rows = [figures(name, "skill", skills.loc[name], "max") for name in skills.index]
    rows += [
        figures(name, "AUC", aucs.loc[name].reindex(models), "max")
        for name in aucs.index
    ]
    rows += [figures(name, "s", seconds.loc[name, models]) for name in skills.index]
    ranked = skills[[model for model in models if model != RANDOM]].dropna(axis=1)
    ranks = ranked.rank(axis=1, ascending=False).mean().reindex(models)
    rows.append(figures("all", "mean skill", skills.mean(skipna=False), "max"))
    rows.append(figures("all", "mean rank", ranks))
    note = f"Mean of {n_seeds(runs)} splits of each."
    return [table(["table", "", *models], rows, text=2), note]


def figures(name: str, what: str, values: pd.Series, best: str = "") -> list[str]:
    digits = {"s": 1, "mean rank": 2}.get(what, 3)
    cells = ["" if np.isnan(value) else f"{value:.{digits}f}" for value in values]
    if best:
        position = int(np.nanargmax(values.to_numpy(dtype=float)))
        cells[position] = f"**{cells[position]}**"
    return [name, what, *cells]


BENCHMARK = Benchmark(
    "New groups and later rows",
    cases,
    measure,
    as_table,
    rounds=3,
    threads=2,
    needs=lambda case: case["shifted"].split()[0],
)
