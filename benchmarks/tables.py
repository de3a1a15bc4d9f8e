"""Real multi-task tables for the benchmarks, and the folds that all models share.

A table is read from a folder of parquet and npz files where there is one: columns of a
parquet file are named ``x:NAME`` for features and ``y:NAME`` for targets; an npz file
holds X, Y, feature_names, target_names and target_types. Without the folder, there are
the two tables that ship inside the package.
"""

from __future__ import annotations

import os
from pathlib import Path

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


def data_folder() -> Path | None:
    """Folder of tables that SKLEARN_MTL_DATA names, if it is there."""
    folder = os.environ.get("SKLEARN_MTL_DATA")
    return Path(folder) if folder and Path(folder).is_dir() else None


def load(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and targets; numbers are floats, classes are strings."""
    folder = data_folder()
    if folder is None:
        return _shipped(name)
    if (folder / f"{name}.parquet").exists():
        X, y = _from_parquet(folder / f"{name}.parquet")
    else:
        X, y = _from_npz(folder / f"{name}.npz")
    return X.reset_index(drop=True), _tell_kinds(y.reset_index(drop=True))


def is_number(labels: pd.Series) -> bool:
    """Whether a target that `load` returned holds numbers rather than classes."""
    return pd.api.types.is_numeric_dtype(labels)


def folds(n_rows: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Five folds of a small table, one split of a large one."""
    if n_rows <= 2000:
        return list(KFold(5, shuffle=True, random_state=seed).split(np.arange(n_rows)))
    order = np.random.default_rng(seed).permutation(n_rows)
    n_train = min(MAX_TRAIN, int(0.7 * n_rows))
    return [(order[:n_train], order[n_train : n_train + MAX_TEST])]


def _shipped(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    if name not in SHIPPED:
        raise SystemExit(
            f"{name} does not ship with the package. Set SKLEARN_MTL_DATA to a folder "
            f"that holds it; without one there are {', '.join(SHIPPED)}."
        )
    X, y = SHIPPED[name](return_X_y=True, as_frame=True)
    return X, _tell_kinds(y)


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


def mnist() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels from 0 to 1, digits, and which images are for training, in their order."""
    folder = data_folder()
    if folder is None:
        raise SystemExit("Set SKLEARN_MTL_DATA to a folder that holds mnist.npz.")
    arrays = np.load(folder / "mnist.npz")
    pixels = arrays["X"].astype(np.float32) / 255
    return pixels, arrays["Y"].ravel().astype(int), arrays["split"] == 0
