"""A grid search with two workers against one, and the cost of the import.

Does GridSearchCV(n_jobs=2) halve a search, with processes (loky) and with threads, and
what does `import sklearn_mtl` add to importing scikit-learn, skorch and torch? Every
worker has one torch thread. Searches are timed in turn, after a round that starts the
workers: starting them is not in the figures. Imports are timed in fresh interpreters.

    python benchmarks/bench_search.py [--rounds 3]
"""

import argparse
import json
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from report import machine, write_section
from sklearn.model_selection import GridSearchCV
from timing import in_child, in_turns, markdown, median_ratio, seconds

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
SEARCHES = {
    "n_jobs=1": ("sequential", 1),
    "loky": ("loky", 2),
    "threading": ("threading", 2),
}
INTERPRETERS = 7
IMPORTS = """
import json, sys, time
told = {}
for name in ("sklearn", "torch", "skorch", "sklearn_mtl"):
    begin = time.perf_counter()
    __import__(name)
    told[name] = {
        "seconds": time.perf_counter() - begin,
        "loaded": [heavy for heavy in ("matplotlib", "pandas") if heavy in sys.modules],
    }
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


def searches(settings: dict[str, Any], n_rounds: int) -> dict[str, np.ndarray]:
    rivals = {
        name: partial(search_seconds, settings, backend, n_jobs)
        for name, (backend, n_jobs) in SEARCHES.items()
    }
    try:
        return in_turns(rivals, n_rounds)
    finally:
        # A process waits at its end for workers, which wait minutes for more work.
        get_reusable_executor().shutdown()


def searches_table(n_rounds: int) -> str:
    rows = []
    for name, settings in NETS.items():
        times = in_child(searches, settings, n_rounds)
        alone = times["n_jobs=1"]
        workers = [times[backend] for backend in ("loky", "threading")]
        rows.append(
            [
                name,
                *(f"{np.median(time):.2f}" for time in times.values()),
                *(f"{median_ratio(time, alone):.2f}" for time in workers),
            ]
        )
        print(*rows[-1], flush=True)
    header = [
        "search, s",
        "1 worker",
        "2, loky",
        "2, threading",
        "loky / 1",
        "threading / 1",
    ]
    return markdown(header, rows)


def imports_table() -> str:
    """Import each package in turn in fresh interpreters.

    Raises
    ------
    AssertionError
        If this package loads matplotlib or pandas.
    """
    command = [sys.executable, "-c", IMPORTS]
    runs = []
    for _ in range(INTERPRETERS + 1):
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(json.loads(told.stdout))
    rows, before = [], []
    for name in runs[0]:
        loaded = runs[0][name]["loaded"]
        new = [heavy for heavy in loaded if heavy not in before]
        assert name != "sklearn_mtl" or not new, f"sklearn_mtl loads {new}."
        before = loaded
        # The first run reads the files from disk.
        times = [run[name]["seconds"] for run in runs[1:]]
        rows.append([name, f"{1e3 * np.median(times):.0f}", ", ".join(new) or "-"])
        print(*rows[-1], flush=True)
    return markdown(["import", "ms beyond the line above", "loads first"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    text = "\n\n".join(
        [
            searches_table(arguments.rounds),
            imports_table(),
            f"Search: {len(GRID['alpha']) * len(GRID['learning_rate_init'])} candidates"
            f" x {FOLDS} folds, 1000 rows of 20 features, 3 columns; medians of "
            f"{arguments.rounds} rounds, workers started before. Import: medians of "
            f"{INTERPRETERS} fresh interpreters; of matplotlib and pandas, what a "
            f"package is the first to load. {machine(threads='1 a worker')}",
        ]
    )
    write_section("Search and import", text)
    print(text)


if __name__ == "__main__":
    main()
