"""Rows that belong together: what held-out rows promise, and what new rows show.

Visits of patients, and a series in the order of time, both made. Without `cv` and
groups members hold out random rows; with them whole patients, or later rows.
"""

import numpy as np
from sklearn.model_selection import TimeSeriesSplit

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetRegressor

HORIZONS = (1, 6, 24)
N_TRAIN = 3000
SMALL = {"hidden_layer_sizes": (32,), "max_iter": 60, "learning_rate_init": 0.005}


def visits(rng, n_patients: int, n_visits: int = 8):
    """Make visits: patients differ by more than their traits tell."""
    patient = np.repeat(np.arange(n_patients), n_visits)
    traits = rng.normal(size=(n_patients, 6))
    own = 2 * rng.normal(size=n_patients)
    X = np.column_stack([traits[patient], rng.normal(size=(len(patient), 2))])
    noise = 0.3 * rng.normal(size=(len(patient), 2))
    y = np.column_stack([X[:, 0] + own[patient], X[:, 6] + 0.5 * own[patient]])
    return X, y + noise, patient


def patients(seed: int):
    """Give training rows, new rows, and how rows are held out."""
    rng = np.random.default_rng(seed)
    X, y, patient = visits(rng, 150)
    X_new, y_new, _ = visits(rng, 300)
    return (X, y), (X_new, y_new), {}, {"groups": patient}


def series(seed: int):
    """Give training rows, later rows, and how rows are held out."""
    rng = np.random.default_rng(seed)
    n_rows = 2 * N_TRAIN
    slow, drift = np.zeros((n_rows, 4)), np.zeros(n_rows)
    for t in range(1, n_rows):
        slow[t] = 0.95 * slow[t - 1] + 0.3 * rng.normal(size=4)
        drift[t] = 0.9 * drift[t - 1] + 0.3 * rng.normal()
    level = np.sin(slow[:, 0]) + drift
    ahead = [np.append(level[h:], np.full(h, np.nan)) for h in HORIZONS]
    y, gap = np.column_stack(ahead), max(HORIZONS)
    later = slice(N_TRAIN + gap, n_rows - gap)
    cv = TimeSeriesSplit(4, gap=gap)
    return (slow[:N_TRAIN], y[:N_TRAIN]), (slow[later], y[later]), {"cv": cv}, {}


TABLES = {"patients": patients, "series": series}


def cases(plan: Plan) -> list[Case]:
    return combined(made=tuple(TABLES), seed=range(plan.rounds))


def measure(plan: Plan, made: str, seed: int) -> dict[str, list]:
    (X, y), (X_new, y_new), params, how = TABLES[made](seed)
    X, y = X[:: plan.shorten], y[:: plan.shorten]
    how = {name: rows[:: plan.shorten] for name, rows in how.items()}
    found = {}
    for name, (params_, how_) in {"random": ({}, {}), "cv": (params, how)}.items():
        net = MultiTaskNetRegressor(random_state=seed, **SMALL, **params_)
        net.fit(X, y, **how_)
        low, high = net.predict_interval(X_new, coverage=0.9)
        covered = ((low <= y_new) & (y_new <= high)).mean()
        found[name] = [net.oof_score_, net.score(X_new, y_new), float(covered)]
    return found


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    for name in TABLES:
        own = [run for run in runs if run["made"] == name]
        for key, said in (("random", "random rows"), ("cv", "groups or `cv`")):
            oof, new, covered = np.mean([run[key] for run in own], axis=0)
            cells = f"{oof:.2f}", f"{new:.2f}", f"{100 * covered:.1f}"
            rows.append([name, said, *cells])
    header = ["table", "held out", "`oof_score_`", "R² of new rows", "90 % intervals"]
    return [table(header, rows, text=2), f"Mean of {n_seeds(runs)} tables of each."]


BENCHMARK = Benchmark("Rows that belong together", cases, measure, as_table, rounds=8)
