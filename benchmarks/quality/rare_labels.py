"""Many columns of rare labels: mean skill and AUC, and columns below their prior.

A column is below its prior where its skill on new rows is under -0.01: who knew the
share of its positives alone would have predicted it better.
"""

from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import load, split
from benchmarks.quality._models import ELSEWHERE, fit_net, fit_peer
from benchmarks.quality._splits_of_groups import shifted
from benchmarks.quality.peers import scored
from benchmarks.report import table

BY_MOLECULE = "tox21 by molecule"
TABLES = "ml_yeast", "ml_delicious", BY_MOLECULE
MOST_LABELS = 100
"""Of a table with more, evenly spread from its most to its least frequent one."""
MOST_ROWS = 4000
MODELS = "net", "linear", "forest", "xgboost", "lightgbm"
HARM = 0.01


def cases(plan: Plan) -> list[Case]:
    here = [name for name in MODELS if find_spec(ELSEWHERE.get(name, "sklearn"))]
    return combined(rare=TABLES, model=here, seed=range(plan.rounds))


def measure(plan: Plan, rare: str, model: str, seed: int) -> dict[str, Any]:
    if rare == BY_MOLECULE:
        X, y, _, train, test = shifted(rare, seed, plan.shorten)
    else:
        X, y = load(rare, plan.shorten)
        train, test = split(len(X), seed, MOST_ROWS, MOST_ROWS)
    y = y[spread_labels(y)]
    fit: Any = partial(fit_net, random_state=seed)
    if model != "net":
        fit = partial(fit_peer, model)
    return scored(X, y, [(train, test)], fit)


def spread_labels(y: pd.DataFrame) -> list[str]:
    """Names of all labels, or of some from the most to the least frequent one."""
    positives = y.apply(lambda labels: (labels == labels.dropna().max()).sum())
    order = positives.sort_values(ascending=False, kind="stable").index
    chosen = np.linspace(0, len(order) - 1, min(MOST_LABELS, len(order))).round()
    return list(order[chosen.astype(int)])


def as_table(runs: list[Run]) -> list[str]:
    found = pd.DataFrame(runs)
    found["worst"] = [min(columns.values()) for columns in found["columns"]]
    found["below"] = [
        sum(score < -HARM for score in columns.values()) for columns in found["columns"]
    ]
    found["labels"] = found["columns"].map(len)
    figures = ["labels", "skill", "auc", "worst", "below", "fit_seconds"]
    of_models = found.groupby(["rare", "model"], sort=False)
    means, n_splits = of_models[figures].mean(), of_models.size()
    rows = [
        [
            *(name, model, str(n_splits[name, model]), f"{row['labels']:.0f}"),
            f"{row['skill']:.3f}",
            *(f"{row['auc']:.3f}", f"{row['worst']:.3f}", f"{row['below']:.1f}"),
            f"{row['fit_seconds']:.1f}",
        ]
        for (name, model), row in means.iterrows()
    ]
    header = ["table", "model", "splits", "labels", "skill", "AUC", "worst column"]
    header += [f"columns below {-HARM}", "s"]
    return [table(header, rows, text=2)]


BENCHMARK = Benchmark(
    "Rare labels",
    cases,
    measure,
    as_table,
    rounds=3,
    threads=2,
    needs=lambda case: case["rare"].split()[0],
)
