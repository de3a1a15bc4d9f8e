"""Out-of-fold skill of the estimator, and of what people would use instead.

The net is measured with as many seeds as there are rounds, on the same folds. CatBoost,
XGBoost, LightGBM and RealMLP run where they are installed, as in an environment beside
the project's, with the package in it, which adds them to the same results.
"""

import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from benchmarks.benchmark import Benchmark, Case, Plan
from benchmarks.data import folds, is_number, load
from benchmarks.quality._comparison import EACH, as_table
from benchmarks.quality._models import ELSEWHERE, PEERS, Predict, fit_net, fit_peer

TABLES = (
    "mtr_enb",
    "mtr_jura",
    "mtr_wq",
    "mtr_scpf",
    "mtr_oes97",
    "mtr_atp1d",
    "student_por",
    "ml_emotions",
    "sarcos_test4449",
    "mtr_rf1",
    "ml_yeast",
    "wine",
    "bike_hourly",
    "thyroid_l7",
    "adult",
)
SMALLEST = 1e-6
"""Probabilities are clipped here before their logarithm is taken."""
PARTS = 5
"""Parts of a table's held-out rows that a comparison is repeated on."""


def skill(labels: pd.Series, predictions: Any) -> float:
    """Share of the prior's cost that pooled predictions remove, at least -1."""
    observed = labels.notna().to_numpy()
    if is_number(labels):
        return max(r2_score(labels[observed], predictions[observed]), -1.0)
    prior = labels.value_counts(normalize=True).sort_index()
    cost = log_loss_of(labels, predictions, prior.index)
    baseline = pd.DataFrame([prior] * len(labels))
    return max(1 - cost / log_loss_of(labels, baseline, prior.index), -1.0)


def log_loss_of(labels: pd.Series, probabilities: Any, classes: Any) -> float:
    observed = labels.notna().to_numpy()
    known = probabilities.reindex(columns=classes).fillna(0).to_numpy()[observed]
    known = np.clip(known, SMALLEST, 1)
    known /= known.sum(axis=1, keepdims=True)
    return float(log_loss(labels[observed], known, labels=classes))


def auc(labels: pd.Series, predictions: Any) -> float:
    """Chance that a positive is put before a negative; NaN but for two classes."""
    if is_number(labels) or labels.nunique() != 2:
        return float("nan")
    observed = labels.notna().to_numpy()
    positive = labels[observed].max()
    said = predictions.reindex(columns=[positive]).fillna(0).to_numpy()[observed, 0]
    return float(roc_auc_score(labels[observed] == positive, said))


def costs_of_parts(labels: pd.Series, predictions: Any, parts: list) -> list[float]:
    """Cost in each part of the rows, in units of the prior's over all rows."""
    costs = []
    prior = None if is_number(labels) else labels.value_counts(normalize=True)
    for rows in parts:
        part = labels.iloc[rows].reset_index(drop=True)
        if not part.notna().any():
            costs.append(float("nan"))
        elif prior is None:
            error = (part.to_numpy(float) - predictions[rows]) ** 2
            costs.append(float(np.nanmean(error) / np.nanvar(labels.to_numpy(float))))
        else:
            said = predictions.iloc[rows].reset_index(drop=True)
            classes = prior.sort_index().index
            entropy = float(-(prior * np.log(prior)).sum())
            costs.append(log_loss_of(part, said, classes) / max(entropy, SMALLEST))
    return costs


def pool(parts: list[Any]) -> Any:
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)


def out_of_fold(
    table: str, fit: Callable[[pd.DataFrame, pd.DataFrame], Predict], every: int = 1
) -> dict[str, Any]:
    """Score one model on one table."""
    X, y = load(table, every)
    return scored(X, y, folds(len(X)), fit)


def scored(
    X: pd.DataFrame,
    y: pd.DataFrame,
    splits: list[tuple[np.ndarray, np.ndarray]],
    fit: Callable[[pd.DataFrame, pd.DataFrame], Predict],
) -> dict[str, Any]:
    """Fit, predict and score on each split; predictions are pooled."""
    fit_seconds, predict_seconds, predictions = 0.0, 0.0, []
    for train, test in splits:
        begin = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers that did not converge
            predict = fit(X.iloc[train], y.iloc[train])
            fitted = time.perf_counter()
            predictions.append(predict(X.iloc[test]))
        fit_seconds += fitted - begin
        predict_seconds += time.perf_counter() - fitted
    tests = [test for _, test in splits]
    truth = y.iloc[np.concatenate(tests)].reset_index(drop=True)
    pooled = {column: pool([part[column] for part in predictions]) for column in y}
    scores = {column: skill(truth[column], pooled[column]) for column in y}
    aucs = [auc(truth[column], pooled[column]) for column in y]
    mean_auc = None if np.isnan(aucs).all() else float(np.nanmean(aucs))
    rows = np.arange(len(truth))
    ends = np.cumsum([len(test) for test in tests])[:-1]
    parts = np.split(rows, ends) if len(tests) == PARTS else np.array_split(rows, PARTS)
    costs = [costs_of_parts(truth[column], pooled[column], parts) for column in y]
    return {
        "skill": float(np.mean(list(scores.values()))),
        "seconds": fit_seconds + predict_seconds,
        "fit_seconds": fit_seconds,
        "predict_seconds": predict_seconds,
        "columns": scores,
        "auc": mean_auc,
        "parts": (1 - np.nanmean(costs, axis=0)).tolist(),
    }


def cases(plan: Plan) -> list[Case]:
    here = [name for name in PEERS if find_spec(ELSEWHERE.get(name, "sklearn"))]
    models = [("net", seed) for seed in range(plan.rounds)]
    models += [(name, 0) for name in (EACH, *here)]
    return [
        {"table": table, "model": model, "seed": seed}
        for table in TABLES
        for model, seed in models
    ]


def measure(plan: Plan, table: str, model: str, seed: int) -> dict[str, Any]:
    if model == "net":
        fit: Any = partial(fit_net, random_state=seed)
    else:
        fit = partial(fit_peer, model)
    return out_of_fold(table, fit, every=plan.shorten)


BENCHMARK = Benchmark("Quality", cases, measure, as_table, rounds=1, threads=2)
