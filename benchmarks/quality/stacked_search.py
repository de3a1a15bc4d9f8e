"""Stacked searches against `GridSearchCV`: seconds, order of candidates, the choice.

24 candidates on 5 folds of 4/5 of the rows; the choice of each search is scored on the
rest. `GridSearchCV` has a second go with another seed of the nets: two orders of the
same candidates agree no more than noise lets them. All use every core (`n_jobs=-1`).
"""

import time
import warnings
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV, ParameterSampler

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import (
    load_energy_efficiency,
    load_student_performance,
    make_multitask,
)
from sklearn_mtl.model_selection import (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    multitask_train_test_split,
)

N_CANDIDATES, FOLDS = 24, 5
DISTRIBUTIONS = {
    "learning_rate_init": [3e-4, 1e-3, 3e-3, 1e-2, 3e-2],
    "alpha": [0.0, 0.01, 0.1, 1.0],
    "dropout": [0.0, 0.1, 0.3],
}


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    """Give progression, and whether it is above the median."""
    X, progression = load_diabetes(return_X_y=True)
    return X, np.column_stack([progression, progression > np.median(progression)])


TABLES = {
    "energy": lambda: load_energy_efficiency(return_X_y=True),
    "student": lambda: load_student_performance(return_X_y=True, as_frame=True),
    "diabetes": diabetes,
    "made": lambda: make_multitask(
        600, n_features=10, n_tasks=4, relatedness=0.6, noise=0.7, random_state=0
    ),
}


def cases(plan: Plan) -> list[Case]:
    narrow = combined(made=tuple(TABLES), width=[64], seed=range(plan.rounds))
    return narrow + combined(made=["energy"], width=[256], seed=range(plan.rounds))


def measure(plan: Plan, made: str, width: int, seed: int) -> dict[str, Any]:
    X, y = TABLES[made]()
    X_train, X_new, y_train, y_new = multitask_train_test_split(
        X, y, test_size=0.2, random_state=seed
    )
    drawn = ParameterSampler(DISTRIBUTIONS, plan.fewer(N_CANDIDATES), random_state=seed)
    candidates = [{name: [value] for name, value in one.items()} for one in drawn]
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(width,), max_iter=plan.fewer(200), random_state=seed
    )
    other = MultiTaskNetEstimator(**net.get_params()).set_params(random_state=seed + 1)
    how = {"cv": FOLDS, "n_jobs": -1}
    searches = {
        "grid": GridSearchCV(net, candidates, **how),
        "again": GridSearchCV(other, candidates, **how),
        "stacked": StackedGridSearchCV(net, candidates, **how),
        "halving": StackedHalvingGridSearchCV(net, candidates, **how),
    }
    found: dict[str, Any] = {"n_rows": len(X_train)}
    for name, search in searches.items():
        begin = time.perf_counter()
        with warnings.catch_warnings(action="ignore"):
            search.fit(X_train, y_train)
        seconds = time.perf_counter() - begin - search.refit_time_
        found[name] = {
            "seconds": seconds,
            "scores": search.cv_results_["mean_test_score"].tolist(),
            "new": search.score(X_new, y_new),
        }
    return found


def agreement(run: Run, name: str) -> float:
    """Rank correlation of the candidates' scores with those of `GridSearchCV`."""
    return float(spearmanr(run["grid"]["scores"], run[name]["scores"])[0])


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    for case in combined(made=tuple(TABLES), width=[64, 256]):
        own = [run for run in runs if case.items() <= run.items()]
        if not own:
            continue
        seconds = {
            name: np.median([run[name]["seconds"] for run in own])
            for name in ("grid", "stacked", "halving")
        }
        new = [
            f"{np.mean([run[name]['new'] for run in own]):.3f}"
            for name in ("grid", "again", "stacked", "halving")
        ]
        order = [
            f"{np.mean([agreement(run, name) for run in own]):.2f}"
            for name in ("again", "stacked")
        ]
        rows.append(
            [
                f"{case['made']}, {own[0]['n_rows']} rows",
                str(case["width"]),
                *(f"{value:.0f}" for value in seconds.values()),
                *order,
                *new,
            ]
        )
    header = ["table", "units", "grid, s", "stacked, s", "halving, s"]
    header += ["order: grid again", "stacked"]
    header += ["new rows: grid", "grid again", "stacked", "halving"]
    return [table(header, rows), f"Mean of {n_seeds(runs)} splits of each."]


BENCHMARK = Benchmark(
    "Stacked search", cases, measure, as_table, rounds=3, needs=lambda case: None
)
