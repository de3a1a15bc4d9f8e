"""Splits of the shared tables after which new rows are of other groups, or later."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, TimeSeriesSplit

from benchmarks.data import MAX_TEST, MAX_TRAIN, arrays, load

LATER = {"mtr_rf1": 48}
"""Tables in the order of time, and rows that are left out before those of a test."""
N_WINDOWS = 5


class Shifted(NamedTuple):
    """A table, which rows belong together, and what is held out."""

    X: pd.DataFrame
    y: pd.DataFrame
    groups: np.ndarray | None
    train: np.ndarray
    test: np.ndarray

    def of_net(self) -> dict[str, Any]:
        """Tell the net how rows belong together, of those that it learns from."""
        if self.groups is not None:
            return {"groups": self.groups[self.train]}
        # Members that learn from six tenths of the rows, or more, of those before.
        gap, part = max(LATER.values()), len(self.train) // 10
        return {"cv": TimeSeriesSplit(4, gap=gap, test_size=part)}


def groups_of(name: str, X: pd.DataFrame) -> np.ndarray:
    """Give the scaffold of a molecule, the molecule, or the month of an hour."""
    if name == "bike_hourly":
        return (12 * X["yr"] + X["mnth"]).to_numpy(dtype=int)
    column = {"tox21 by scaffold": "scaffold", "tox21 by molecule": "smiles"}[name]
    return np.unique(arrays("tox21")[column], return_inverse=True)[1]


def shifted(name: str, seed: int, every: int = 1) -> Shifted:
    """Read a table, and split it.

    Groups are drawn by the seed, three tenths of them to test; of a table in the order
    of time a later part is tested with each seed, and what comes before is trained on.
    """
    X, y = load(name.split()[0])
    if name in LATER:
        windows = list(TimeSeriesSplit(N_WINDOWS, gap=LATER[name]).split(X))
        train, test = windows[-1 - seed % (N_WINDOWS - 1)]
        groups = None
    else:
        groups = groups_of(name, X)
        split = GroupShuffleSplit(1, test_size=0.3, random_state=seed)
        train, test = next(split.split(X, groups=groups))
        train, test = some(train, MAX_TRAIN, seed), some(test, MAX_TEST, seed)
    return Shifted(X, y, groups, train[::every], test[::every])


def some(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Draw some of the rows where there are more, and keep their order."""
    if len(rows) <= most:
        return rows
    chosen: np.ndarray = np.random.default_rng(seed).choice(rows, most, replace=False)
    return np.sort(chosen)
