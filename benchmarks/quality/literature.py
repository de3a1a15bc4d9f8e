"""The estimator at its defaults against published numbers.

Multi-target regression: aRRMSE by 10-fold cross-validation, against the column of
G. Melki, A. Cano, V. Kecman, S. Ventura, "Multi-target support vector regression via
correlation regressor chains", Information Sciences 415-416, 2017, pp. 53-69, that is
best on average, as its authors' repository lists them.

Tox21: mean ROC AUC on molecules whose scaffolds were not trained on, against the
multitask network that DeepChem published in 2017 (README of the 1st of March), on the
same split rule: scaffolds from the most frequent to the rarest, 80 % to train, 10 % to
validate, 10 % to test. Nothing is chosen on the validation rows here.
"""

import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import arrays, load
from benchmarks.report import table
from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import average_rrmse

TOX21 = "tox21"
PUBLISHED = {
    "mtr_enb": {"SVRCC": 0.0899, "best of ten": 0.0899},
    "mtr_jura": {"SVRCC": 0.5885, "best of ten": 0.5764},
    "mtr_wq": {"SVRCC": 0.9045, "best of ten": 0.8994},
    "mtr_scpf": {"SVRCC": 0.8013, "best of ten": 0.8013},
    "mtr_oes97": {"SVRCC": 0.4635, "best of ten": 0.4618},
    "mtr_atp1d": {"SVRCC": 0.3775, "best of ten": 0.3696},
}
"""aRRMSE of the best method on average, and of the best of ten on each table."""
PUBLISHED_AUC = {
    "DeepChem 2017: logistic regression": 0.650,
    "DeepChem 2017: random forest": 0.629,
    "DeepChem 2017: multitask network": 0.703,
    "DeepChem 2017: robust multitask network": 0.710,
}
"""On the validation rows of the scaffold split."""


def measure_rrmse(name: str, every: int) -> dict[str, float]:
    X, y = load(name, every)
    scores, begin = [], time.perf_counter()
    for train, test in KFold(10, shuffle=True, random_state=0).split(X):
        net = MultiTaskNetEstimator(task_types="regression", random_state=0)
        predictions = net.fit(X.iloc[train], y.iloc[train]).predict(X.iloc[test])
        score = average_rrmse(y.iloc[test], predictions, y_train=y.iloc[train])
        scores.append(score)
    error = np.std(scores, ddof=1) / np.sqrt(len(scores))
    seconds = time.perf_counter() - begin
    return {"arrmse": np.mean(scores), "error": error, "seconds": seconds}


def scaffold_split(scaffold: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows to train, validate and test: frequent scaffolds come first."""
    groups = pd.Series(np.arange(len(scaffold))).groupby(scaffold)
    ordered = sorted(groups.indices.values(), key=lambda g: (-len(g), g[0]))
    ends = np.cumsum([len(group) for group in ordered])
    n_train, n_valid = (
        np.searchsorted(ends, share * len(scaffold), side="right")
        for share in (0.8, 0.9)
    )
    parts = ordered[:n_train], ordered[n_train:n_valid], ordered[n_valid:]
    train, valid, test = (np.concatenate(part) for part in parts)
    return train, valid, test


def mean_auc(y: np.ndarray, score: np.ndarray) -> float:
    """Mean over tasks whose labels are of both classes."""
    aucs = []
    for labels, column in zip(y.T, score.T, strict=True):
        known = ~np.isnan(labels)
        if len(np.unique(labels[known])) == 2:
            aucs.append(roc_auc_score(labels[known], column[known]))
    return float(np.mean(aucs))


def net_scores(
    X: np.ndarray, y: np.ndarray, tests: list[np.ndarray], seed: int
) -> list[np.ndarray]:
    net = MultiTaskNetEstimator(task_types="binary", random_state=seed).fit(X, y)
    return [np.column_stack([p[:, 1] for p in net.predict_proba(t)]) for t in tests]


def forest_scores(
    X: np.ndarray, y: np.ndarray, tests: list[np.ndarray], seed: int
) -> list[np.ndarray]:
    columns = []
    for labels in y.T:
        known = ~np.isnan(labels)
        forest = RandomForestClassifier(300, n_jobs=2, random_state=seed)
        forest.fit(X[known], labels[known])
        columns.append([forest.predict_proba(test)[:, 1] for test in tests])
    return [np.column_stack(column) for column in zip(*columns, strict=True)]


SCORES = {"net": net_scores, "forest": forest_scores}


def measure_tox21(model: str, seeds: int, every: int) -> dict[str, Any]:
    held = arrays(TOX21)
    X, y = held["X"][::every].astype(np.float32), held["Y"][::every].astype(float)
    train, valid, test = scaffold_split(held["scaffold"][::every])
    begin, aucs = time.perf_counter(), []
    for seed in range(seeds):
        scores = SCORES[model](X[train], y[train], [X[valid], X[test]], seed)
        parts = zip((valid, test), scores, strict=True)
        aucs.append([mean_auc(y[rows], score) for rows, score in parts])
    seconds = (time.perf_counter() - begin) / seeds
    mean, std = np.mean(aucs, axis=0), np.std(aucs, axis=0, ddof=1)
    scores = {"valid": mean[0], "test": mean[1], "std": std.tolist()}
    return scores | {"seconds": seconds}


def cases(plan: Plan) -> list[Case]:
    tox21 = combined(table=[TOX21], model=SCORES)
    return combined(table=PUBLISHED, model=["net"]) + tox21


def measure(plan: Plan, table: str, model: str) -> dict[str, Any]:
    if table == TOX21:
        return measure_tox21(model, plan.rounds, plan.shorten)
    return measure_rrmse(table, plan.shorten)


def rrmse_table(runs: list[Run]) -> str:
    columns = ["SVRCC", "best of ten"]
    rows = []
    for run in runs:
        known = [f"{PUBLISHED[run['table']][column]:.4f}" for column in columns]
        rows.append([run["table"], f"{run['arrmse']:.4f} ± {run['error']:.4f}", *known])
    means = [np.mean([run["arrmse"] for run in runs])]
    means += [np.mean([PUBLISHED[run["table"]][c] for run in runs]) for c in columns]
    rows.append(["mean", *(f"{mean:.4f}" for mean in means)])
    return table(["table", "the estimator", *columns], rows)


def tox21_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        parts = zip(("valid", "test"), run["std"], strict=True)
        cells = [f"{run[part]:.3f} ± {std:.3f}" for part, std in parts]
        rows.append([run["model"], *cells, f"{run['seconds']:.0f}"])
    rows += [[name, f"{auc:.3f}", "", ""] for name, auc in PUBLISHED_AUC.items()]
    return table(["Tox21", "validation", "test", "s"], rows)


def as_table(runs: list[Run]) -> list[str]:
    of_numbers = [run for run in runs if run["table"] != TOX21]
    of_tox21 = [run for run in runs if run["table"] == TOX21]
    texts = [rrmse_table(of_numbers)] if of_numbers else []
    texts += [tox21_table(of_tox21)] if of_tox21 else []
    return texts


BENCHMARK = Benchmark("Literature", cases, measure, as_table, rounds=3)
