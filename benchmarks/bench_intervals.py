"""Coverage of intervals and sets on held-out rows, against the coverage asked for.

python benchmarks/bench_intervals.py
"""

import argparse

import numpy as np
import pandas as pd
from report import machine, write_section
from tables import is_number, load

from sklearn_mtl import MultiTaskNetEstimator

TABLES = ("mtr_enb", "sarcos_test4449", "bike_hourly", "wine", "adult")
COVERAGES = (0.8, 0.9, 0.95)
MAX_TRAIN, MAX_TEST = 3000, 3000


def covered(net, X, y, coverage: float, method: str) -> dict[str, tuple[float, float]]:
    """Share of the labels that are covered, and mean size, for each column.

    The size of an interval is in standard deviations of the column, that of a set is
    its number of classes.
    """
    lower, upper = net.predict_interval(X, coverage, method=method)
    sets = net.predict_set(X, coverage, method=method) if net_has_classes(net) else None
    result = {}
    for t, (name, labels) in enumerate(y.items()):
        if is_number(labels):
            low, high = lower[name].to_numpy(), upper[name].to_numpy()
            held = (low <= labels) & (labels <= high)
            result[name] = (
                held[labels.notna()].mean(),
                (high - low).mean() / labels.std(),
            )
            continue
        known = labels.isin(list(net.classes_[t])).to_numpy()
        codes = np.searchsorted(net.classes_[t].astype(str), labels[known].astype(str))
        chosen = sets[t][known]
        result[name] = chosen[np.arange(len(codes)), codes].mean(), chosen.sum(1).mean()
    return result


def net_has_classes(net) -> bool:
    return any(classes is not None for classes in net.classes_)


def measure(table: str, splits: int) -> list[tuple]:
    X, y = load(table)
    kinds = {name: "regression" for name in y if is_number(y[name])}
    rows = []
    for seed in range(splits):
        order = np.random.default_rng(seed).permutation(len(X))
        n_train = min(MAX_TRAIN, int(0.7 * len(X)))
        train, test = order[:n_train], order[n_train : n_train + MAX_TEST]
        net = MultiTaskNetEstimator(task_types=kinds, random_state=seed)
        net.fit(X.iloc[train], y.iloc[train])
        for method in ("fold", "cv+"):
            for coverage in COVERAGES:
                part = covered(net, X.iloc[test], y.iloc[test], coverage, method)
                rows += [
                    (table, name, method, coverage, *v) for name, v in part.items()
                ]
    return rows


def as_markdown(results: pd.DataFrame) -> str:
    asked = " | ".join(f"{c:.0%}" for c in COVERAGES)
    lines = [
        f"| table | column | {asked} | size at 90% | cv+: {asked} | size at 90% |",
        "|---" * 10 + "|",
    ]
    mean = results.groupby(["table", "column", "method", "asked"]).mean()
    for (table, column), _ in results.groupby(["table", "column"], sort=False):
        cells = []
        for method in ("fold", "cv+"):
            part = mean.loc[table, column, method]
            cells += [f"{100 * part.loc[c, 'covered']:.1f}" for c in COVERAGES]
            cells.append(f"{part.loc[0.9, 'size']:.2f}")
        lines.append(f"| {table} | {column} | " + " | ".join(cells) + " |")
    worst = (mean["covered"] - mean.index.get_level_values("asked")).abs()
    for method in ("fold", "cv+"):
        gap = 100 * worst.xs(method, level="method").max()
        lines.append(f"\nWorst distance, method `{method}`: {gap:.1f} points.")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=10)
    splits = parser.parse_args().splits
    rows = []
    for table in TABLES:
        rows += measure(table, splits)
        print(table, flush=True)
    names = ["table", "column", "method", "asked", "covered", "size"]
    text = as_markdown(pd.DataFrame(rows, columns=names))
    write_section("Intervals", f"{text}\n\nMean of {splits} splits. {machine()}")
    print(text)


if __name__ == "__main__":
    main()
