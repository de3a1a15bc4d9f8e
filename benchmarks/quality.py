"""Out-of-fold skill of the estimator, and of what people would use instead.

    python benchmarks/quality.py [--only table,...] [--models net,forest,...]
        [--seed 0] [--again] [--peers FILE]

Results are kept in benchmarks/results/quality.json; what stands there is not measured
again, so that a run that was broken off goes on. `--again` measures the net again,
`--seed` with another seed of its own on the same folds. `--peers` takes over scores of
models that were measured elsewhere by the same protocol.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from quality_peers import ELSEWHERE, PEERS, fit_net, fit_peer
from quality_report import Results, as_markdown
from report import machine, write_section
from sklearn.metrics import log_loss, r2_score
from tables import SHIPPED, data_folder, folds, is_number, load

RESULTS = Path(__file__).parent / "results" / "quality.json"
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


def costs_of_parts(labels: pd.Series, predictions: Any, places: list) -> list[float]:
    """Cost in each part of the rows, in units of the prior's over all rows."""
    costs = []
    prior = None if is_number(labels) else labels.value_counts(normalize=True)
    for rows in places:
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


def measure(table: str, model: str, **parameters: Any) -> dict[str, Any]:
    """Score one model on one table; `parameters` are the net's."""
    X, y = load(table)
    splits = folds(len(X))
    begin, fit_seconds, predictions = time.perf_counter(), 0.0, []
    for train, test in splits:
        before = time.perf_counter()
        data = X.iloc[train], y.iloc[train]
        predict = (
            fit_net(*data, **parameters) if model == "net" else fit_peer(model, *data)
        )
        fit_seconds += time.perf_counter() - before
        predictions.append(predict(X.iloc[test]))
    seconds = time.perf_counter() - begin
    tests = [test for _, test in splits]
    truth = y.iloc[np.concatenate(tests)].reset_index(drop=True)
    pooled = {column: pool([part[column] for part in predictions]) for column in y}
    scores = {column: skill(truth[column], pooled[column]) for column in y}
    places = np.array_split(np.arange(len(truth)), PARTS)
    if len(tests) == PARTS:
        places = np.split(
            np.arange(len(truth)), np.cumsum([len(t) for t in tests])[:-1]
        )
    costs = [costs_of_parts(truth[column], pooled[column], places) for column in y]
    return {
        "skill": float(np.mean(list(scores.values()))),
        "seconds": seconds,
        "fit_seconds": fit_seconds,
        "columns": scores,
        "parts": (1 - np.nanmean(costs, axis=0)).tolist(),
    }


def results_so_far() -> Results:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def keep(table: str, model: str, entry: dict[str, Any]) -> None:
    """Write one entry, beside what another run has written in the meantime."""
    results = results_so_far()
    results.setdefault(table, {})[model] = entry
    RESULTS.write_text(json.dumps(results, indent=1))


def take_over(path: Path) -> None:
    """Add scores of peers that this environment lacks, measured by this protocol."""
    for table, models in json.loads(path.read_text()).items():
        for model in ELSEWHERE:
            known = models.get(model, {})
            if table in TABLES and "tasks" in known:
                columns = {c: task["skill"] for c, task in known["tasks"].items()}
                entry = {k: known[k] for k in ("skill", "seconds")}
                keep(table, model, {**entry, "columns": columns})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables = TABLES if data_folder() else tuple(SHIPPED)
    here = [name for name in PEERS if name not in ELSEWHERE]
    parser.add_argument("--only", default=",".join(tables))
    parser.add_argument("--models", default=",".join(["net", *here]))
    parser.add_argument("--seed", type=int, default=0, help="of the net")
    parser.add_argument("--again", action="store_true", help="measure the net again")
    parser.add_argument("--peers", type=Path, help="scores measured elsewhere")
    arguments = parser.parse_args()
    if arguments.peers:
        take_over(arguments.peers)
    for table in arguments.only.split(","):
        for model in arguments.models.split(","):
            net = model == "net"
            name = f"net seed {arguments.seed}" if net and arguments.seed else model
            if name in results_so_far().get(table, {}) and not (
                arguments.again and net
            ):
                continue
            parameters = {"random_state": arguments.seed} if net else {}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # peers that did not converge
                entry = measure(table, model, **parameters)
            keep(table, name, entry)
            print(f"{table} {name} {entry['skill']:.4f}", flush=True)
    results = results_so_far()
    known = {table: results[table] for table in TABLES if table in results}
    write_section("Quality", f"{as_markdown(known)}\n\n{machine()}")


if __name__ == "__main__":
    main()
