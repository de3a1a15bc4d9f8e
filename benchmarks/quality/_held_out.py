"""Tables of the studies of one parameter, and the rows that each seed holds out.

Small tables are split anew by each seed. Numbers made by `make_multitask` are other
functions and other rows with each seed. Larger tables have the split that is published,
or, as `school`, a random quarter of each task; where the split is given, a seed is that
of the fit alone.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.data import arrays, load, split, split_column
from benchmarks.quality.few_labels import split_within_tasks
from benchmarks.quality.literature import scaffold_split
from sklearn_mtl.datasets import make_multitask

SMALL = (
    *("mtr_enb", "mtr_jura", "mtr_scpf", "mtr_wq"),
    *("student_por", "ml_emotions", "thyroid_l7"),
)
MADE = "made 0", "made 0.5", "made 0.9", "made 1"
"""Numbers by their relatedness, from unrelated to identical functions of X."""
CENSUS = "census_kdd"
QUESTIONS = "income", "never married"
"""Those of the literature: more than 50,000 dollars, and whether married ever."""
LARGER = "school", "sarcos_sparse", "tox21", CENSUS
MAX_TRAIN, MAX_TEST = 1500, 3000
"""Rows of a small table: of `thyroid_l7` not all are used."""
N_MADE, N_MADE_TEST = 1500, 5000
OF_MADE: dict[str, Any] = {"n_features": 10, "n_tasks": 6, "noise": 0.7}


class HeldOut(NamedTuple):
    """Rows to learn from, and rows to predict."""

    X: pd.DataFrame
    y: pd.DataFrame
    train: np.ndarray
    test: np.ndarray


def overlap(table: str) -> float:
    """Tell how much longer than by independent splits the mean's variance stays.

    That is a test row's number of training rows where seeds split the same rows
    (Nadeau and Bengio 2003). Made rows are independent; where the split is given,
    the question is about the fit alone.
    """
    return {"school": 1 / 3}.get(table, 3 / 7 if table in SMALL else 0.0)


def hold_out(table: str, seed: int, every: int, census_rows: int) -> HeldOut:
    """Read or make a table, of every so many rows one, and split it."""
    if table in MADE:
        return _made(float(table.split()[1]), seed, every)
    X, y = _census(every) if table == CENSUS else load(table, every)
    if table in SMALL:
        train, test = split(len(X), seed, MAX_TRAIN, MAX_TEST)
    elif table == "tox21":
        train, _, test = scaffold_split(arrays(table)["scaffold"][::every])
    else:
        train, test = (
            np.flatnonzero(_part(table, y, seed, every) == k) for k in (0, 1)
        )
    if table == CENSUS and len(train) > census_rows:
        train = np.random.default_rng(seed).choice(train, census_rows, replace=False)
    return HeldOut(X, y, train, test)


def _part(table: str, y: pd.DataFrame, seed: int, every: int) -> np.ndarray:
    """1 for rows to test, else 0."""
    if table == "school":
        return split_within_tasks(y.to_numpy(), seed)
    if table == CENSUS:
        return (split_column(table)[::every] == "test").astype(int)
    return arrays(table)["split"][::every]


def _made(relatedness: float, seed: int, every: int) -> HeldOut:
    X, y = make_multitask(
        N_MADE + N_MADE_TEST, relatedness=relatedness, random_state=seed, **OF_MADE
    )
    train = np.arange(N_MADE // every)
    test = np.arange(N_MADE, N_MADE + N_MADE_TEST // every)
    frames = (
        pd.DataFrame(part).add_prefix(name) for part, name in ((X, "x"), (y, "y"))
    )
    return HeldOut(*frames, train, test)


def _census(every: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    X, y = load(CENSUS, every)
    rich = y["income_50k"].map({0.0: "no", 1.0: "yes"})
    single = (y["marital_stat"] == "Never married").map({False: "no", True: "yes"})
    return X, pd.DataFrame(
        dict(zip(QUESTIONS, (rich, single), strict=True)), dtype=object
    )
