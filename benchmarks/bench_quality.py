"""Out-of-fold skill of the estimator and of scikit-learn's models on real tables.

    python benchmarks/bench_quality.py [--only table,table] [--models net,mlp,...]

Results are kept in benchmarks/results/quality.json; what stands there is not measured
again, so that a run that was broken off goes on.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from report import machine, write_section
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tables import SHIPPED, data_folder, folds, is_number, load

from sklearn_mtl import MultiTaskNetEstimator

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


def encoded(model, *, scale: bool):
    """Numbers imputed by the median, categories one-hot, then the model."""
    numbers = SimpleImputer(strategy="median")
    if scale:
        numbers = make_pipeline(numbers, StandardScaler())
    one_hot = OneHotEncoder(
        handle_unknown="ignore", max_categories=50, sparse_output=False
    )
    table = make_column_transformer(
        (numbers, make_column_selector(dtype_include=np.number)),
        (one_hot, make_column_selector(dtype_exclude=np.number)),
    )
    return make_pipeline(table, model)


def linear(numeric: bool):
    alphas = np.logspace(-2, 4, 13)
    model = RidgeCV(alphas) if numeric else LogisticRegression(max_iter=500)
    return encoded(model, scale=True)


def forest(numeric: bool):
    model = RandomForestRegressor if numeric else RandomForestClassifier
    return encoded(model(300, n_jobs=2, random_state=0), scale=False)


def boosting(numeric: bool):
    model = HistGradientBoostingRegressor if numeric else HistGradientBoostingClassifier
    return model(categorical_features="from_dtype", random_state=0)


def mlp(numeric: bool):
    if not numeric:
        return encoded(MLPClassifier(random_state=0, max_iter=200), scale=True)
    model = MLPRegressor(random_state=0, max_iter=200)
    scaled = TransformedTargetRegressor(model, transformer=StandardScaler())
    return encoded(scaled, scale=True)


PEERS = {"linear": linear, "forest": forest, "boosting": boosting, "mlp": mlp}
WHOLE = ("forest", "mlp")
"""Peers that predict several complete numeric columns at once."""


def predict_peer(name: str, X, y, X_test) -> dict:
    make = PEERS[name]
    complete = all(is_number(y[column]) for column in y) and not y.isna().any(axis=None)
    if name in WHOLE and complete:
        predictions = make(True).fit(X, y.to_numpy()).predict(X_test)
        return dict(zip(y, predictions.reshape(len(X_test), -1).T, strict=True))
    return {column: predict_column(make, X, y[column], X_test) for column in y}


def predict_column(make, X, labels, X_test):
    rows = labels.notna().to_numpy()
    X, labels = X[rows], labels[rows]
    if is_number(labels):
        return make(True).fit(X, labels.to_numpy()).predict(X_test)
    if labels.nunique() == 1:
        return pd.DataFrame(np.ones((len(X_test), 1)), columns=[labels.iloc[0]])
    classes, codes = np.unique(labels, return_inverse=True)
    model = make(False).fit(X, codes)
    known = classes[model.classes_]
    return pd.DataFrame(model.predict_proba(X_test), columns=known)


def predict_net(X, y, X_test) -> dict:
    kinds = {column: "regression" for column in y if is_number(y[column])}
    net = MultiTaskNetEstimator(task_types=kinds, random_state=0).fit(X, y)
    numbers = net.predict(X_test)
    if len(kinds) == y.shape[1]:
        return {column: numbers[column].to_numpy() for column in y}
    return {
        column: numbers[column].to_numpy()
        if probabilities is None
        else pd.DataFrame(probabilities, columns=classes)
        for column, probabilities, classes in zip(
            y, net.predict_proba(X_test), net.classes_, strict=True
        )
    }


def skill(labels: pd.Series, predictions) -> float:
    """Share of the prior's cost that pooled predictions remove, at least -1."""
    observed = labels.notna().to_numpy()
    if is_number(labels):
        return max(r2_score(labels[observed], predictions[observed]), -1.0)
    prior = labels.value_counts(normalize=True).sort_index()
    known = predictions.reindex(columns=prior.index).fillna(0).to_numpy()[observed]
    known = np.clip(known, SMALLEST, 1)
    known /= known.sum(axis=1, keepdims=True)
    baseline = np.tile(prior, (int(observed.sum()), 1))
    cost, prior_cost = (
        log_loss(labels[observed], p, labels=prior.index) for p in (known, baseline)
    )
    return max(1 - cost / prior_cost, -1.0)


def pool(parts: list):
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)


def measure(name: str, model: str) -> dict:
    X, y = load(name)
    splits = folds(len(X))
    begin = time.perf_counter()
    parts = []
    for train, test in splits:
        data = X.iloc[train], y.iloc[train], X.iloc[test]
        parts.append(
            predict_net(*data) if model == "net" else predict_peer(model, *data)
        )
    seconds = time.perf_counter() - begin
    truth = y.iloc[np.concatenate([test for _, test in splits])].reset_index(drop=True)
    scores = {c: skill(truth[c], pool([part[c] for part in parts])) for c in y}
    return {
        "skill": float(np.mean(list(scores.values()))),
        "seconds": seconds,
        "columns": scores,
    }


def as_markdown(results: dict, models: list[str]) -> str:
    lines = [
        "| table | " + " | ".join(f"{m} | s" for m in models) + " |",
        "|---" + "|--:" * (2 * len(models)) + "|",
    ]
    for table, row in results.items():
        known = {m: row[m] for m in models if m in row}
        best = max(entry["skill"] for entry in known.values())
        cells = []
        for m in models:
            if m not in known:
                cells.append(" | ")
                continue
            text = f"{known[m]['skill']:.3f}"
            bold = f"**{text}**" if known[m]["skill"] == best else text
            cells.append(f"{bold} | {known[m]['seconds']:.0f}")
        lines.append(f"| {table} | " + " | ".join(cells) + " |")
    complete = [row for row in results.values() if all(m in row for m in models)]
    if complete:
        skills = pd.DataFrame(
            [{m: row[m]["skill"] for m in models} for row in complete]
        )
        means, ranks = skills.mean(), skills.rank(axis=1, ascending=False).mean()
        lines.append(
            "| mean skill | " + " | ".join(f"{means[m]:.3f} | " for m in models) + " |"
        )
        lines.append(
            "| mean rank | " + " | ".join(f"{ranks[m]:.2f} | " for m in models) + " |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables = TABLES if data_folder() else SHIPPED
    parser.add_argument("--only", default=",".join(tables))
    parser.add_argument("--models", default=",".join(["net", *PEERS]))
    parser.add_argument("--again", action="store_true", help="measure the net again")
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.only.split(","):
        for model in arguments.models.split(","):
            row = results.setdefault(name, {})
            if model in row and not (arguments.again and model == "net"):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # peers that did not converge
                row[model] = measure(name, model)
            RESULTS.write_text(json.dumps(results, indent=1))
            print(f"{name} {model} {row[model]['skill']:.4f}", flush=True)
    table = as_markdown(results, ["net", *PEERS])
    write_section("Quality", f"{table}\n\nSeconds are for all folds. {machine()}")
    print(table)


if __name__ == "__main__":
    main()
