"""Stacked searches against `GridSearchCV`: seconds, order of candidates, the choice.

Candidates that differ in rate, decay and dropout, on 5 folds of 4/5 of the rows; the
choice of each search is scored on the rest. Seconds are those of the processor, with
one thread. `GridSearchCV` has a second go with another seed of the nets: two orders of
the same candidates agree no more than noise lets them. Halving is by epochs.
"""

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.base import clone
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

FOLDS, WIDE = 5, 256
N_CANDIDATES = {64: 20, WIDE: 6}
MADE_LONG = ("energy", "made")
"""Tables of the searches that train for long, of which halving spares most."""
SHORT, LONG = 32, 200
DISTRIBUTIONS = {
    "learning_rate_init": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2],
    "alpha": [0.0, 0.1, 1.0, 10.0],
    "dropout": [0.0, 0.2, 0.5],
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
    rest = {"seed": range(plan.rounds)}
    narrow = combined(made=tuple(TABLES), width=[64], epochs=[SHORT], **rest)
    wide = combined(made=["energy"], width=[WIDE], epochs=[SHORT], **rest)
    return narrow + wide + combined(made=MADE_LONG, width=[64], epochs=[LONG], **rest)


def measure(
    plan: Plan, made: str, width: int, epochs: int, seed: int
) -> dict[str, Any]:
    X, y = TABLES[made]()
    X_train, X_new, y_train, y_new = multitask_train_test_split(
        X, y, test_size=0.2, random_state=seed
    )
    drawn = ParameterSampler(
        DISTRIBUTIONS, plan.fewer(N_CANDIDATES[width]), random_state=seed
    )
    candidates = [{name: [value] for name, value in one.items()} for one in drawn]
    most = plan.fewer(epochs)
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(width,), max_iter=most, random_state=seed
    )
    other = MultiTaskNetEstimator(**net.get_params()).set_params(random_state=seed + 1)
    by_epochs = {"resource": "max_iter", "max_resources": most}
    searches = {
        "stacked": StackedGridSearchCV(net, candidates, cv=FOLDS),
        "halving": StackedHalvingGridSearchCV(
            net, candidates, cv=FOLDS, return_train_score=False, **by_epochs
        ),
    }
    if epochs == SHORT:
        searches["grid"] = GridSearchCV(net, candidates, cv=FOLDS)
    if epochs == SHORT and width < WIDE:
        searches["again"] = GridSearchCV(other, candidates, cv=FOLDS)
    found: dict[str, Any] = {"n_rows": len(X_train)}
    for name, search in searches.items():
        begin = time.process_time()
        with warnings.catch_warnings(action="ignore"):
            search.set_params(refit=False).fit(X_train, y_train)
        seconds = time.process_time() - begin
        best = clone(net).set_params(**search.best_params_ | {"max_iter": most})
        found[name] = {
            "seconds": seconds,
            "scores": search.cv_results_["mean_test_score"].tolist(),
            "best": search.best_params_,
            "new": best.fit(X_train, y_train).score(X_new, y_new),
        }
    return found


def agreement(run: Run, name: str) -> float:
    """Rank correlation of the candidates' scores with those of `GridSearchCV`."""
    if "grid" not in run:
        return float("nan")
    return float(spearmanr(run["grid"]["scores"], run[name]["scores"])[0])


def mean_text(runs: list[Run], name: str, figure: Callable[[Run], float]) -> str:
    """Mean of a figure over the runs that had this search."""
    own = [figure(run) for run in runs if name in run]
    return known(float(np.mean(own)), 3) if own else ""


def seconds_of(runs: list[Run], name: str) -> float:
    """Median seconds of a search; NaN where it was not tried."""
    own = [run[name]["seconds"] for run in runs if name in run]
    return float(np.median(own)) if own else float("nan")


def known(value: float, digits: int) -> str:
    return "" if np.isnan(value) else f"{value:.{digits}f}"


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    for case in combined(made=tuple(TABLES), width=[64, WIDE], epochs=[SHORT, LONG]):
        own = [run for run in runs if case.items() <= run.items()]
        if not own:
            continue
        grid, stacked, halving = (
            seconds_of(own, name) for name in ("grid", "stacked", "halving")
        )
        rows.append(
            [
                f"{case['made']}, {own[0]['n_rows']} rows",
                str(case["width"]),
                str(case["epochs"]),
                *(known(value, 0) for value in (grid, stacked, halving)),
                known(grid / stacked, 1),
                known(halving / stacked, 2),
                *(
                    mean_text(own, name, partial(agreement, name=name))
                    for name in ("again", "stacked")
                ),
                *(
                    mean_text(own, name, lambda run, name=name: run[name]["new"])
                    for name in ("grid", "again", "stacked", "halving")
                ),
            ]
        )
    header = ["table", "units", "epochs", "grid, s", "stacked, s", "halving, s"]
    header += ["grid / stacked", "halving / stacked"]
    header += ["order: grid again", "stacked"]
    header += ["new rows: grid", "grid again", "stacked", "halving"]
    said = (
        f"{N_CANDIDATES[64]} candidates ({N_CANDIDATES[WIDE]} with {WIDE} units) on "
        f"{FOLDS} splits; seconds of the processor without the refit. Order: rank "
        "correlation of mean test scores with those of `GridSearchCV`, of another seed "
        "of it and of the stacked search. New rows: score of the choice, refitted. "
    )
    return [table(header, rows), f"{said}Splits of each table: {n_seeds(runs)}."]


BENCHMARK = Benchmark(
    "Stacked search", cases, measure, as_table, rounds=1, needs=lambda case: None
)
