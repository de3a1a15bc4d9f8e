"""A new column of 30 labels: on a net that knows the other columns, and afresh.

Of each table some rows train a net on all columns but one, a number, which is another
one in each draw. Of that one 30 rows then have labels, and R² is that of rows which
nothing was trained on. Nets that go on are compared with a fresh one of these 30 rows,
with a fresh one of all columns, in which the new one has its gap, and with a ridge.
"""

import copy
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import is_number, kinds, load, split
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator

TABLES = "sarcos_test4449", "student_por", "mtr_scpf", "mtr_wq", "mtr_enb"
MOST_ROWS = 3000
N_LABELS = 30
NET = {"hidden_layer_sizes": (64, 64), "n_members": 5}
GROWN = {
    "freeze=None": None,
    'freeze="shared"': "shared",
    'freeze="all_but_new"': "all_but_new",
}
ALONE, GAP, RIDGE = "fresh net, 30 rows", "fresh net, all columns", "ridge, 30 rows"
MODELS = (*GROWN, ALONE, GAP, RIDGE)


def cases(plan: Plan) -> list[Case]:
    return combined(table=TABLES, seed=range(plan.rounds))


def measure(plan: Plan, table: str, seed: int) -> dict[str, Any]:
    X, y = load(table, plan.shorten)
    numbers = [name for name in y if is_number(y[name]) and y[name].nunique() > 2]
    column = numbers[seed % len(numbers)]
    train, test = split(len(X), seed, MOST_ROWS, MOST_ROWS)
    test = test[y[column].iloc[test].notna()]
    X_train, y_train = X.iloc[train], y.iloc[train]
    with_gap = y_train.copy()
    known = np.flatnonzero(y_train[column].notna())
    rng = np.random.default_rng(seed)
    few = rng.choice(known, min(N_LABELS, len(known)), replace=False)
    with_gap.loc[~np.isin(np.arange(len(train)), few), column] = np.nan

    def net(y: pd.DataFrame, **settings: Any) -> MultiTaskNetEstimator:
        settings = {**NET, "task_types": kinds(y), "random_state": seed, **settings}
        return MultiTaskNetEstimator(**settings)

    others = y_train.drop(columns=column)
    before = net(others, warm_start=True).fit(X_train, others)
    alone = with_gap[[column]].iloc[few]
    fits = {
        name: lambda freeze=freeze: (
            copy.deepcopy(before)
            .set_params(freeze=freeze, task_types=kinds(y))
            .fit(X_train, with_gap)
        )
        for name, freeze in GROWN.items()
    }
    fits[ALONE] = lambda: net(alone).fit(X_train.iloc[few], alone)
    fits[GAP] = lambda: net(with_gap).fit(X_train, with_gap)
    fits[RIDGE] = lambda: ridge(X).fit(X_train.iloc[few], alone)
    found: dict[str, Any] = {"column": str(column), "r2": {}, "seconds": {}}
    for name, fit in fits.items():
        start = process_time()
        model = fit()
        found["seconds"][name] = process_time() - start
        said = pd.DataFrame(model.predict(X.iloc[test]))
        labels = y[column].iloc[test]
        found["r2"][name] = r2_score(labels, said.get(column, said.iloc[:, 0]))
        if name == 'freeze="all_but_new"':
            now, then = (
                m.predict(X.iloc[test])[others.columns] for m in (model, before)
            )
            found["unchanged"] = bool(now.equals(then))
    return found


def ridge(X: pd.DataFrame):
    numbers = make_column_selector(dtype_include="number")
    classes = make_column_selector(dtype_exclude="number")
    encoder = OneHotEncoder(handle_unknown="ignore")
    filled = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer((filled, numbers), (encoder, classes))
    return make_pipeline(columns, RidgeCV(np.logspace(-2, 4, 13)))


def as_table(runs: list[Run]) -> list[str]:
    found = pd.DataFrame(runs)
    header = ["table", *MODELS, '"all_but_new" ahead of the fresh net on 30 rows']
    rows = []
    for name, own in found.groupby("table", sort=False):
        r2 = pd.DataFrame(list(own["r2"]))[list(MODELS)]
        ahead = (r2['freeze="all_but_new"'] > r2[ALONE]).sum()
        cells = [f"{value:.3f}" for value in r2.median()]
        rows.append([name, *cells, f"{ahead} of {len(r2)}"])
    seconds = pd.DataFrame(list(found["seconds"]))[list(MODELS)].mean()
    rows.append(["processor s", *(f"{value:.1f}" for value in seconds), ""])
    same = sum(found["unchanged"])
    note = (
        f"R² of the new column, medians of {n_seeds(runs)} draws. Old columns were "
        f'predicted the same to the last bit after freeze="all_but_new" in {same} of '
        f"{len(found)} fits."
    )
    return [table(header, rows), note]


BENCHMARK = Benchmark("A new column on an old net", cases, measure, as_table, rounds=8)
