"""Labels of which 40 % are only bounds: R2 of the numbers behind them.

Each column has a limit of detection of its own, columns by turns an upper one (">c")
and a lower one ("<c"). Training sees bounds in place of what lies beyond; the test rows
are scored by the numbers themselves.
"""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import is_number, load, split
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.metrics import task_scores

MADE = "made"
TABLES = MADE, "mtr_enb", "mtr_jura", "mtr_atp1d", "sarcos_test4449"
CENSORED, NOISE = 0.4, 0.3
MOST_ROWS = 1000
WAYS = "bounds", "numbers", "dropped", "all known"
FIGURES = "r2", "beyond", "concordance", "covered", "open"


def cases(plan: Plan) -> list[Case]:
    return combined(censored=TABLES, way=WAYS, seed=range(plan.rounds))


def numbers_of(name: str, seed: int, every: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    if name == MADE:
        X, _, scores = make_multitask(
            1500 // every, 10, n_tasks=4, return_scores=True, random_state=seed
        )
        y = scores + NOISE * np.random.default_rng(seed).normal(size=scores.shape)
        return pd.DataFrame(X).add_prefix("x"), pd.DataFrame(y).add_prefix("y")
    X, y = load(name, every)
    return X, y[[column for column in y if is_number(y[column])]]


def limits_of(y: pd.DataFrame) -> list[tuple[float, bool]]:
    """Limit of each column, and whether it is an upper one."""
    return [
        (y[name].quantile(1 - CENSORED if t % 2 == 0 else CENSORED), t % 2 == 0)
        for t, name in enumerate(y)
    ]


def beyond_limits(y: pd.DataFrame) -> pd.DataFrame:
    """Tell which labels (n, T) lie beyond the limit of their column."""
    limits = zip(y, limits_of(y), strict=True)
    return pd.DataFrame(
        {n: y[n] > limit if upper else y[n] < limit for n, (limit, upper) in limits}
    )


def seen(y: pd.DataFrame, way: str) -> pd.DataFrame:
    """Give the labels that a way of training sees."""
    if way == "all known":
        return y
    beyond = beyond_limits(y)
    if way == "dropped":
        return y.mask(beyond)
    limits = dict(zip(y, limits_of(y), strict=True))
    if way == "numbers":
        return y.mask(beyond, pd.Series({n: c for n, (c, _) in limits.items()}), axis=1)
    words = {name: "<>"[upper] + repr(float(c)) for name, (c, upper) in limits.items()}
    return y.astype(object).mask(beyond, pd.Series(words), axis=1)


def measure(plan: Plan, censored: str, way: str, seed: int) -> dict[str, Any]:
    X, y = numbers_of(censored, seed, plan.shorten)
    train, test = split(len(X), seed, MOST_ROWS, MOST_ROWS)
    kinds = "censored" if way == "bounds" else "regression"
    net = MultiTaskNetEstimator(task_types=kinds, random_state=seed)
    net.fit(X.iloc[train], seen(y, way).iloc[train])
    truth, beyond = y.iloc[test], beyond_limits(y).iloc[test].to_numpy()
    predicted = pd.DataFrame(net.predict(X.iloc[test]), columns=y.columns)
    rows = task_scores(truth, predicted, task_types="censored")
    lower, upper = (np.asarray(one) for one in net.predict_interval(X.iloc[test], 0.9))
    covered = (lower <= truth.to_numpy()) & (truth.to_numpy() <= upper)
    far = [
        _r2_against_mean(truth[name], predicted[name], beyond[:, t])
        for t, name in enumerate(y)
    ]
    return {
        "r2": float(np.mean([row["r2"] for row in rows])),
        "beyond": float(np.mean(far)),
        "concordance": float(np.mean([row["concordance"] for row in rows])),
        "covered": float(covered.mean()),
        "open": float((np.isinf(lower) | np.isinf(upper)).mean()),
    }


def _r2_against_mean(truth: Any, predicted: Any, rows: np.ndarray) -> float:
    """R2 on some rows, in units of the variance of the whole column."""
    error = (truth.to_numpy() - predicted.to_numpy())[rows]
    return float(1.0 - np.mean(error**2) / truth.var())


def as_table(runs: list[Run]) -> list[str]:
    # Only bounds open intervals.
    found = pd.DataFrame(runs).fillna({"open": 0.0})
    means = found.groupby(["censored", "way"], sort=False)[list(FIGURES)].mean()
    rows = [
        [name, way, *(f"{row[figure]:.3f}" for figure in FIGURES)]
        for (name, way), row in means.iterrows()
    ]
    header = ["table", "bounds are", "R²", "R² beyond the limit", "concordance"]
    header += ["covered at 90%", "open at an end"]
    return [table(header, rows, text=2), f"Mean of {n_seeds(runs)} splits of each."]


BENCHMARK = Benchmark(
    "Labels that are only bounds",
    cases,
    measure,
    as_table,
    rounds=3,
    needs=lambda case: None if case["censored"] == MADE else case["censored"],
)
