"""A grid search with two workers against one, and the cost of the import.

Does GridSearchCV(n_jobs=2) halve a search, with processes (loky) and with threads, and
what does `import sklearn_mtl` add to importing scikit-learn, skorch and torch? Every
worker has one torch thread. Searches are timed in turn, after a round that starts the
workers: starting them is not in the figures. Imports are timed in fresh interpreters.
"""

import json
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.report import table
from benchmarks.timing import in_turns, median_ratio, seconds
from sklearn_mtl import MultiTaskNetRegressor

GRID = {"learning_rate_init": [3e-4, 1e-3, 3e-3], "alpha": [0.0, 0.01]}
FOLDS = 3
NETS: dict[str, dict[str, Any]] = {
    "default net": {"max_iter": 5},
    "one member, 64x2": {
        "max_iter": 30,
        "n_members": 1,
        "hidden_layer_sizes": (64, 64),
        "n_iter_no_change": 31,
    },
}
WORKERS = {"1 worker": ("sequential", 1), "2, loky": ("loky", 2)}
WORKERS["2, threading"] = ("threading", 2)
PACKAGES = ("sklearn", "torch", "skorch", "sklearn_mtl")
IMPORTS = f"""
import json, sys, time
told = {{}}
for name in {PACKAGES}:
    begin = time.perf_counter()
    __import__(name)
    told[name] = {{
        "ms": 1e3 * (time.perf_counter() - begin),
        "loaded": [heavy for heavy in ("matplotlib", "pandas") if heavy in sys.modules],
    }}
print(json.dumps(told))
"""


def search_seconds(settings: dict[str, Any], backend: str, n_jobs: int) -> float:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 20)).astype(np.float32)
    y = np.tanh(X[:, :3]) + 0.1 * rng.normal(size=(1000, 3))
    model = MultiTaskNetRegressor(random_state=0, device="cpu", **settings)
    search = GridSearchCV(model, GRID, cv=FOLDS, n_jobs=n_jobs, refit=False)
    with parallel_config(backend, n_jobs=n_jobs):
        return seconds(lambda: search.fit(X, y))


def searches(plan: Plan, net: str) -> dict[str, list[float]]:
    settings = NETS[net] | {"max_iter": plan.fewer(NETS[net]["max_iter"])}
    rivals = {
        name: partial(search_seconds, settings, backend, n_jobs)
        for name, (backend, n_jobs) in WORKERS.items()
    }
    try:
        return in_turns(rivals, plan.rounds)
    finally:
        # A process waits at its end for workers, which wait minutes for more work.
        get_reusable_executor().shutdown()


def imports(plan: Plan) -> dict[str, Any]:
    """Import each package in turn in fresh interpreters, of which one is not counted.

    Raises
    ------
    AssertionError
        If this package loads matplotlib or pandas.
    """
    command = [sys.executable, "-c", IMPORTS]
    runs = []
    for _ in range(2 * plan.rounds + 2):
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(json.loads(told.stdout))
    loaded = {name: runs[0][name]["loaded"] for name in PACKAGES}
    new = set(loaded["sklearn_mtl"]) - set(loaded["skorch"])
    assert not new, f"sklearn_mtl loads {new}."
    # The first run reads the files from disk.
    times = {name: [run[name]["ms"] for run in runs[1:]] for name in PACKAGES}
    return {"loaded": loaded} | times


def cases(plan: Plan) -> list[Case]:
    return combined(net=NETS) + combined(imports=["all"])


def measure(plan: Plan, **case: str) -> dict[str, Any]:
    return imports(plan) if "imports" in case else searches(plan, **case)


def searches_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        alone, *others = (run[name] for name in WORKERS)
        times = [f"{np.median(run[name]):.2f}" for name in WORKERS]
        rows.append([run["net"], *times])
        rows[-1] += [f"{median_ratio(other, alone):.2f}" for other in others]
    return table(["search, s", *WORKERS, "loky / 1", "threading / 1"], rows)


def imports_table(run: Run) -> str:
    rows, before = [], []
    for name in PACKAGES:
        new = [heavy for heavy in run["loaded"][name] if heavy not in before]
        before = run["loaded"][name]
        rows.append([name, f"{np.median(run[name]):.0f}", ", ".join(new) or "-"])
    return table(["import", "ms beyond the line above", "loads first"], rows)


def as_table(runs: list[Run]) -> list[str]:
    texts = []
    if found := [run for run in runs if "net" in run]:
        rounds = len(found[0]["1 worker"])
        texts += [searches_table(found), f"Medians of {rounds} rounds."]
    for run in runs:
        if "imports" in run:
            times = f"Medians of {len(run['sklearn'])} interpreters."
            texts += [imports_table(run), times]
    return texts


BENCHMARK = Benchmark(
    "Search and import", cases, measure, as_table, rounds=3, timed=True
)
