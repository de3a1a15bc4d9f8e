"""Times until events beside numbers and classes, against Cox regression.

The net learns the times with a column of numbers and one of classes; Cox regression,
scikit-survival's, learns the times alone. Both are scored by scikit-survival.
"""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import split
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator

TABLES = "proportional", "bent", "GBSG2"
MODELS = "net", "cox"
MADE_ROWS, N_FEATURES = 800, 6
MOST_ROWS = 10_000
SHARES = np.linspace(0.1, 0.8, 15)
"""Of the test rows' events: between them, curves are compared."""


def cases(plan: Plan) -> list[Case]:
    models = MODELS if plan.peers else MODELS[:1]
    return combined(survival=TABLES, model=models, seed=range(plan.rounds))


def times_of(
    name: str, seed: int, every: int
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Features, times that were watched, and whether they end in the event."""
    if name == "GBSG2":
        from sksurv.datasets import load_gbsg2

        X, y = load_gbsg2()
        found = X.reset_index(drop=True), y["time"].astype(float), y["cens"]
        return tuple(part[::every] for part in found)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(MADE_ROWS // every, N_FEATURES))
    if name == "proportional":
        risk, shape = x[:, 0] - 0.7 * x[:, 1] + 0.5 * x[:, 2], np.full(len(x), 1.5)
    else:
        risk = x[:, 0] * x[:, 1] + 0.8 * (x[:, 2] ** 2 - 1)
        shape = np.where(x[:, 3] > 0, 3.0, 0.8)  # hazards cross
    event = (rng.exponential(size=len(x)) / np.exp(risk)) ** (1.0 / shape)
    watched = rng.exponential(2.0 * np.median(event), len(x))
    times = np.maximum(np.minimum(event, watched), 1e-3)
    return pd.DataFrame(x).add_prefix("x"), times, event <= watched


def beside(X: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Make a column of numbers and one of classes that X tells in part."""
    rng = np.random.default_rng(seed)
    numbers = pd.get_dummies(X).astype(float)
    numbers = ((numbers - numbers.mean()) / numbers.std()).to_numpy()
    scores = numbers @ rng.normal(size=(numbers.shape[1], 2))
    scores = scores / scores.std(axis=0) + 0.5 * rng.normal(size=scores.shape)
    classes = np.where(scores[:, 1] > 0, "high", "low")
    return pd.DataFrame({"number": scores[:, 0], "class": classes})


def measure(plan: Plan, survival: str, model: str, seed: int) -> dict[str, Any]:
    from sksurv.metrics import concordance_index_censored, integrated_brier_score
    from sksurv.util import Surv

    X, times, event = times_of(survival, seed, plan.shorten)
    X = X.reset_index(drop=True)
    train, test = split(len(X), seed, MOST_ROWS, MOST_ROWS)
    cuts = np.unique(np.quantile(times[test][event[test]], SHARES))
    # Nothing is known of who is still watched after the last training row.
    watched = np.nextafter(times[train].max(), 0.0)
    seen = Surv.from_arrays(event & (times <= watched), np.minimum(times, watched))
    cuts = cuts[cuts < seen["time"][test].max()]
    predict = _net if model == "net" else _cox
    labels = Surv.from_arrays(event, times)
    risk, curves = predict(X, times, event, train, test, cuts, seed)
    concordance = concordance_index_censored(event[test], times[test], risk)[0]
    brier = integrated_brier_score(labels[train], seen[test], curves, cuts)
    return {"concordance": float(concordance), "brier": float(brier)}


def _net(
    X: pd.DataFrame,
    times: np.ndarray,
    event: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    cuts: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    y = beside(X, seed)
    pairs = zip(times.tolist(), event, strict=True)
    told = np.array([time if came else f">{time!r}" for time, came in pairs], object)
    y.insert(0, "time", told)
    net = MultiTaskNetEstimator(task_types={"time": "survival"}, random_state=seed)
    net.fit(X.iloc[train], y.iloc[train])
    view = net.named_estimators_["time"]
    known = np.append(0.0, net.tasks_[0].times_)
    curves = view.predict_survival_function(X.iloc[test])
    curves = np.column_stack([np.ones(len(curves)), curves])
    at_cuts = [np.interp(cuts, known, curve) for curve in curves]
    return -view.predict(X.iloc[test]), np.array(at_cuts)


def _cox(
    X: pd.DataFrame,
    times: np.ndarray,
    event: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    cuts: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    coded = pd.get_dummies(X, drop_first=True).astype(float)
    labels = Surv.from_arrays(event, times)
    cox = CoxPHSurvivalAnalysis(alpha=1e-4).fit(coded.iloc[train], labels[train])
    curves = cox.predict_survival_function(coded.iloc[test])
    at_cuts = np.array([[curve(cut) for cut in cuts] for curve in curves])
    return cox.predict(coded.iloc[test]), at_cuts


def as_table(runs: list[Run]) -> list[str]:
    found = pd.DataFrame(runs)
    columns = ["concordance", "brier"]
    means = found.groupby(["survival", "model"], sort=False)[columns].mean()
    rows = []
    for name in dict.fromkeys(found["survival"]):
        cells = [
            f"{means.loc[(name, model), column]:.3f}"
            if (name, model) in means.index
            else ""
            for column in columns
            for model in MODELS
        ]
        rows.append([name, *cells])
    header = ["table", "C, net", "C, Cox"]
    header += ["integrated Brier, net", "integrated Brier, Cox"]
    return [table(header, rows), f"Mean of {n_seeds(runs)} splits of each."]


BENCHMARK = Benchmark(
    "Times until events",
    cases,
    measure,
    as_table,
    rounds=3,
    needs=lambda case: None,
)
