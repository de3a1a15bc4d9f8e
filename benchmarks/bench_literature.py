"""The estimator at its defaults against published numbers.

    python benchmarks/bench_literature.py [--only mtr_enb,...,tox21]

Multi-target regression: aRRMSE by 10-fold cross-validation, against the column of
G. Melki, A. Cano, V. Kecman, S. Ventura, "Multi-target support vector regression via
correlation regressor chains", Information Sciences 415-416, 2017, pp. 53-69, that is
best on average, as its authors' repository lists them.

Tox21: mean ROC AUC on molecules whose scaffolds were not trained on, against the
multitask network that DeepChem published in 2017 (README of the 1st of March), on the
same split rule: scaffolds from the most frequent to the rarest, 80 % to train, 10 % to
validate, 10 % to test. Nothing is chosen on the validation rows here.

Results are kept in benchmarks/results/literature.json; what stands there is not
measured again.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from report import machine, write_section
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from tables import data_folder, load

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import average_rrmse

RESULTS = Path(__file__).parent / "results" / "literature.json"
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


def measure_rrmse(name: str) -> dict[str, Any]:
    X, y = load(name)
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
) -> list:
    net = MultiTaskNetEstimator(task_types="binary", random_state=seed).fit(X, y)
    return [np.column_stack([p[:, 1] for p in net.predict_proba(t)]) for t in tests]


def forest_scores(
    X: np.ndarray, y: np.ndarray, tests: list[np.ndarray], seed: int
) -> list:
    columns = []
    for labels in y.T:
        known = ~np.isnan(labels)
        forest = RandomForestClassifier(300, n_jobs=2, random_state=seed)
        forest.fit(X[known], labels[known])
        columns.append([forest.predict_proba(test)[:, 1] for test in tests])
    return [np.column_stack(column) for column in zip(*columns, strict=True)]


def measure_tox21(seeds: int = 3) -> dict[str, Any]:
    arrays = np.load(data_folder() / "tox21.npz", allow_pickle=True)
    X, y = arrays["X"].astype(np.float32), arrays["Y"].astype(float)
    train, valid, test = scaffold_split(arrays["scaffold"])
    results = {}
    for name, scores_of in (("net", net_scores), ("forest", forest_scores)):
        begin, aucs = time.perf_counter(), []
        for seed in range(seeds):
            scores = scores_of(X[train], y[train], [X[valid], X[test]], seed)
            parts = zip((valid, test), scores, strict=True)
            aucs.append([mean_auc(y[rows], score) for rows, score in parts])
        seconds = (time.perf_counter() - begin) / seeds
        mean, std = np.mean(aucs, axis=0), np.std(aucs, axis=0, ddof=1)
        results[name] = {
            "valid": mean[0],
            "test": mean[1],
            "std": std.tolist(),
            "seconds": seconds,
        }
    return results


def as_markdown(results: dict[str, Any]) -> str:
    texts = []
    tables = [name for name in PUBLISHED if name in results]
    if tables:
        columns = ["the estimator", "SVRCC", "best of ten"]
        lines = [f"| table | {' | '.join(columns)} |", "|---|--:|--:|--:|"]
        for name in tables:
            known = PUBLISHED[name]
            own = f"{results[name]['arrmse']:.4f} ± {results[name]['error']:.4f}"
            published = " | ".join(f"{known[column]:.4f}" for column in columns[1:])
            lines.append(f"| {name} | {own} | {published} |")
        means = [np.mean([results[name]["arrmse"] for name in tables])]
        means += [np.mean([PUBLISHED[n][c] for n in tables]) for c in columns[1:]]
        lines.append("| mean | " + " | ".join(f"{mean:.4f}" for mean in means) + " |")
        texts.append("\n".join(lines))
    if "tox21" in results:
        lines = ["| Tox21 | validation | test | s |", "|---|--:|--:|--:|"]
        for name, row in results["tox21"].items():
            valid, test = (
                f"{row[part]:.3f} ± {std:.3f}"
                for part, std in zip(("valid", "test"), row["std"], strict=True)
            )
            lines.append(f"| {name} | {valid} | {test} | {row['seconds']:.0f} |")
        lines += [f"| {name} | {auc:.3f} | | |" for name, auc in PUBLISHED_AUC.items()]
        texts.append("\n".join(lines))
    return "\n\n".join(texts)


def main() -> None:
    if data_folder() is None:
        print("SKLEARN_MTL_DATA names no folder; published numbers are of its tables.")
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join([*PUBLISHED, "tox21"]))
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in parser.parse_args().only.split(","):
        if name in results:
            continue
        measured = measure_tox21() if name == "tox21" else measure_rrmse(name)
        results[name] = measured
        RESULTS.write_text(json.dumps(results, indent=1))
        print(name, measured, flush=True)
    write_section("Literature", f"{as_markdown(results)}\n\n{machine()}")


if __name__ == "__main__":
    main()
