"""Real multi-task tables for the benchmarks, and the folds that all models share.

A table is read from a folder of parquet and npz files where there is one: columns of a
parquet file are named ``x:NAME`` for features and ``y:NAME`` for targets; an npz file
holds X, Y, feature_names, target_names and target_types. Without the folder, there are
the two tables that ship inside the package.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold

from sklearn_mtl.datasets import load_energy_efficiency, load_student_performance

MAX_TRAIN, MAX_TEST = 8000, 6000
"""Rows of a larger table that are used, so that every model can be measured."""

SHIPPED = {
    "mtr_enb": load_energy_efficiency,
    "student_por": load_student_performance,
}


def is_here(name: str) -> bool:
    return name in SHIPPED or _file_of(name) is not None


def load(name: str, every: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and targets; numbers are floats, classes are strings.

    Of every so many rows one is read.
    """
    path = _file_of(name)
    if path is None:
        X, y = SHIPPED[name](return_X_y=True, as_frame=True)
    elif path.suffix == ".parquet":
        X, y = _from_parquet(path)
    else:
        X, y = _from_npz(path)
    X, y = (part.iloc[::every].reset_index(drop=True) for part in (X, y))
    return X, _tell_kinds(y)


def arrays(name: str) -> Any:
    """Open an npz file of the folder."""
    return np.load(_file_of(name), allow_pickle=True)


def split_column(name: str) -> np.ndarray:
    """Read which part of a published split each row of a parquet file is of."""
    return pd.read_parquet(_file_of(name), columns=["m:split"])["m:split"].to_numpy()


def is_number(labels: pd.Series) -> bool:
    """Whether a target that `load` returned holds numbers rather than classes."""
    return pd.api.types.is_numeric_dtype(labels)


def kinds(y: pd.DataFrame) -> dict[str, str]:
    """`task_types` for which the numbers of a table are regression."""
    return {name: "regression" for name in y if is_number(y[name])}


def folds(n_rows: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Five folds of a small table, one split of a large one."""
    if n_rows <= 2000:
        return list(KFold(5, shuffle=True, random_state=seed).split(np.arange(n_rows)))
    return [split(n_rows, seed, MAX_TRAIN, MAX_TEST)]


def split(
    n_rows: int, seed: int, max_train: int, max_test: int
) -> tuple[np.ndarray, np.ndarray]:
    """At most seven tenths of the rows to train, and some of the others to test."""
    order = np.random.default_rng(seed).permutation(n_rows)
    n_train = min(max_train, int(0.7 * n_rows))
    return order[:n_train], order[n_train : n_train + max_test]


def _file_of(name: str) -> Path | None:
    folder = os.environ.get("SKLEARN_MTL_DATA", "")
    paths = [Path(folder, f"{name}{suffix}") for suffix in (".parquet", ".npz")]
    return next((path for path in paths if folder and path.exists()), None)


def _from_parquet(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = pd.read_parquet(path)
    X, y = (
        frame[[name for name in frame if name.startswith(part)]].rename(
            columns=lambda name: name[2:]
        )
        for part in ("x:", "y:")
    )
    for name in X:
        if not pd.api.types.is_numeric_dtype(X[name]):
            X[name] = X[name].astype("category")
    return X, y


def _from_npz(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    arrays = np.load(path)
    X = pd.DataFrame(arrays["X"].astype(np.float32))
    X.columns = [f"f{j}" for j in range(X.shape[1])]
    labels = arrays["Y"].reshape(len(X), -1)
    y = pd.DataFrame(labels, columns=[str(name) for name in arrays["target_names"]])
    for name, kind in zip(y, arrays["target_types"], strict=True):
        if kind != "regression":
            y[name] = y[name].astype("Int64")
    return X, y


def _tell_kinds(y: pd.DataFrame) -> pd.DataFrame:
    """Floats and integers of many values are numbers; all else is classes."""
    known = {}
    for name, labels in y.items():
        numeric = pd.api.types.is_numeric_dtype(labels)
        whole = numeric and not pd.api.types.is_float_dtype(labels)
        if numeric and not (whole and labels.nunique() <= 20):
            known[name] = labels.astype(float)
        else:
            known[name] = labels.astype(object).where(labels.notna(), None)
            known[name] = known[name].map(
                lambda cell: None if cell is None else str(cell)
            )
    return pd.DataFrame(known)


def mnist(every: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels from 0 to 1, digits, and which images are for training, in their order."""
    read = arrays("mnist")
    pixels = read["X"][::every].astype(np.float32) / 255
    return pixels, read["Y"].ravel()[::every].astype(int), read["split"][::every] == 0
