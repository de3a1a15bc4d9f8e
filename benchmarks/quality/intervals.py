"""Coverage of intervals and sets on held-out rows, against the coverage asked for."""

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import is_number, kinds, load, split
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator

TABLES = ("mtr_enb", "sarcos_test4449", "bike_hourly", "wine", "adult")
COVERAGES = (0.8, 0.9, 0.95)
METHODS = ("fold", "cv+")
MAX_TRAIN, MAX_TEST = 3000, 3000
COLUMNS = ["column", "method", "asked", "covered", "size"]


def covered(net, X, y, coverage: float, method: str) -> dict[str, tuple[float, float]]:
    """Share of the labels that are covered, and mean size, for each column.

    The size of an interval is in standard deviations of the column, that of a set is
    its number of classes.
    """
    lower, upper = net.predict_interval(X, coverage, method=method)
    has_classes = any(classes is not None for classes in net.classes_)
    sets = net.predict_set(X, coverage, method=method) if has_classes else None
    result = {}
    for t, (name, labels) in enumerate(y.items()):
        if is_number(labels):
            low, high = lower[name].to_numpy(), upper[name].to_numpy()
            held = (low <= labels) & (labels <= high)
            size = (high - low).mean() / labels.std()
            result[name] = float(held[labels.notna()].mean()), float(size)
            continue
        known = labels.isin(list(net.classes_[t])).to_numpy()
        codes = np.searchsorted(net.classes_[t].astype(str), labels[known].astype(str))
        chosen = sets[t][known]
        held = chosen[np.arange(len(codes)), codes]
        result[name] = float(held.mean()), float(chosen.sum(1).mean())
    return result


def cases(plan: Plan) -> list[Case]:
    return combined(table=TABLES, seed=range(plan.rounds))


def measure(plan: Plan, table: str, seed: int) -> dict[str, list]:
    X, y = load(table, every=plan.shorten)
    train, test = split(len(X), seed, MAX_TRAIN, MAX_TEST)
    net = MultiTaskNetEstimator(task_types=kinds(y), random_state=seed)
    net.fit(X.iloc[train], y.iloc[train])
    rows = []
    for method in METHODS:
        for coverage in COVERAGES:
            part = covered(net, X.iloc[test], y.iloc[test], coverage, method)
            rows += [(name, method, coverage, *v) for name, v in part.items()]
    return {"coverage": rows}


def as_table(runs: list[Run]) -> list[str]:
    results = pd.concat(
        pd.DataFrame(run["coverage"], columns=COLUMNS).assign(table=run["table"])
        for run in runs
    )
    mean = results.groupby(["table", "column", "method", "asked"]).mean()
    rows = []
    for (name, column), _ in results.groupby(["table", "column"], sort=False):
        cells = []
        for method in METHODS:
            part = mean.loc[name, column, method]
            cells += [f"{100 * part.loc[c, 'covered']:.1f}" for c in COVERAGES]
            cells.append(f"{part.loc[0.9, 'size']:.2f}")
        rows.append([name, column, *cells])
    first, *others = (f"{c:.0%}" for c in COVERAGES)
    header = ["table", "column", first, *others, "size at 90%"]
    header += [f"cv+: {first}", *others, "size at 90%"]
    texts = [table(header, rows, text=2)]
    distance = (mean["covered"] - mean.index.get_level_values("asked")).abs()
    for method in METHODS:
        gap = 100 * distance.xs(method, level="method").max()
        texts.append(f"Worst distance, method `{method}`: {gap:.1f} points.")
    texts.append(f"Mean of {n_seeds(runs)} splits.")
    return texts


BENCHMARK = Benchmark("Intervals", cases, measure, as_table, rounds=10)
