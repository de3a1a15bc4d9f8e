"""Labels that are missing, filled by what other models say of them.

`sarcos_sparse`: seven torques of a robot arm, of which a training row carries one to
three. `student_por`: the final grade is missing in nine tenths of the rows, the two
earlier grades are not. `mtr_enb`: so is the cooling load of a building, not its heating
load. Each column with gaps has a teacher of its own, and test rows are scored in these.
"""

from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import arrays, load, split
from benchmarks.report import table
from sklearn_mtl import MultiTaskNetEstimator

GAPS = 0.9
ROWS, TEST_ROWS = 2000, 3000
OF_TABLE = {
    "sarcos_sparse": ("boosting", "ridge"),
    "student_por": ("forest", "ridge"),
    "mtr_enb": ("boosting", "ridge"),
}
WITHOUT = "no teacher"
WITH_GAPS = {"student_por": ["G3"], "mtr_enb": ["Y2"]}


def cases(plan: Plan) -> list[Case]:
    return [
        case
        for name, teachers in OF_TABLE.items()
        for case in combined(
            table=[name], teacher=[WITHOUT, *teachers], seed=range(plan.rounds)
        )
    ]


def rows_of(name: str, seed: int, every: int) -> tuple[pd.DataFrame, ...]:
    """X and y to learn from, X and y to predict, and the columns that have gaps."""
    X, y = load(name, every)
    rng = np.random.default_rng(seed)
    if name == "sarcos_sparse":
        given = arrays(name)["split"][::every]
        train, test = (np.flatnonzero(given == part) for part in (0, 1))
        train = rng.permutation(train)[: ROWS // every]
    else:
        train, test = split(len(X), seed, ROWS, TEST_ROWS)
    known = y.iloc[train].copy()
    columns = WITH_GAPS.get(name, list(y))
    if name != "sarcos_sparse":
        for column in columns:
            known.loc[rng.random(len(known)) < GAPS, column] = np.nan
    return X.iloc[train], known, X.iloc[test], y.iloc[test], columns


def new_teacher(kind: str, seed: int) -> Any:
    model = {
        "boosting": HistGradientBoostingRegressor(random_state=seed),
        "forest": RandomForestRegressor(100, random_state=seed),
        "ridge": RidgeCV(np.logspace(-2, 4, 13)),
    }[kind]
    encoder = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        remainder=OneHotEncoder(handle_unknown="ignore"),
    )
    return make_pipeline(encoder, model)


def measure(plan: Plan, table: str, teacher: str, seed: int) -> dict[str, Any]:
    X, y, X_test, y_test, columns = rows_of(table, seed, plan.shorten)
    teachers = {
        name: new_teacher(teacher, seed) for name in columns if teacher != WITHOUT
    }
    start = process_time()
    net = MultiTaskNetEstimator(teachers=teachers or None, random_state=seed)
    net.fit(X, y)
    found: dict[str, Any] = {"seconds": process_time() - start}
    found["score"] = _mean_score(y_test, net, X_test, columns)
    if teachers:
        taught = pd.DataFrame(net.teaching_)
        found["taught"] = float((taught["weight"] > 0).mean())
        found["weight"] = float(taught["weight"].mean())
        found["agreement"] = float(taught["agreement"].mean())
        alone = [_alone(teachers[name], X, y[name], X_test, y_test) for name in columns]
        found["alone"] = float(np.mean(alone))
    return found


def _mean_score(y: pd.DataFrame, net: Any, X: pd.DataFrame, columns: list) -> float:
    scores = []
    for name in columns:
        known = y[name].notna().to_numpy()
        view = net.named_estimators_[name]
        scores.append(_score(view, X[known], y[name][known]))
    return float(np.mean(scores))


def _score(model: Any, X: pd.DataFrame, labels: pd.Series) -> float:
    return float(r2_score(labels, model.predict(X)))


def _alone(
    teacher: Any,
    X: pd.DataFrame,
    labels: pd.Series,
    X_test: pd.DataFrame,
    y_test: pd.DataFrame,
) -> float:
    known, asked = labels.notna().to_numpy(), y_test[labels.name].notna().to_numpy()
    model = clone(teacher).fit(X[known], labels[known])
    return _score(model, X_test[asked], y_test[labels.name][asked])


def as_table(runs: list[Run]) -> list[str]:
    found = pd.DataFrame(runs)
    of_net = found[found["teacher"] == WITHOUT].set_index(["table", "seed"])
    rows = []
    for (name, teacher), chosen in found.groupby(["table", "teacher"], sort=False):
        if teacher == WITHOUT:
            continue
        own = chosen.set_index(["table", "seed"])
        gain = own["score"] - of_net["score"].loc[own.index]
        rows.append(
            [
                name,
                teacher,
                f"{own['alone'].mean():.3f}",
                f"{of_net['score'].loc[own.index].mean():.3f}",
                f"{own['score'].mean():.3f}",
                " ".join(f"{one:+.3f}" for one in gain),
                f"{own['taught'].mean():.0%}",
                f"{own['agreement'].mean():.2f}",
                f"{of_net['seconds'].loc[own.index].mean():.0f}",
                f"{own['seconds'].mean():.0f}",
            ]
        )
    header = ["table", "teachers", "teachers alone", "net", "net with teachers"]
    header += ["gain by seed", "columns taught", "agreement", "CPU s", "with teachers"]
    note = "Mean R² of the columns with gaps, over the seeds whose gains are shown."
    return [table(header, rows, text=2), note]


BENCHMARK = Benchmark("Teachers", cases, measure, as_table, rounds=3)
