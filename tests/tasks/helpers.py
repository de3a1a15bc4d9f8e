"""Columns, fitted tasks and labels that tests of kinds share."""

import numpy as np
import torch

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import Binary, Multiclass, Regression

TRAIN, TEST = slice(0, 400), slice(400, None)
LOG_LINK = ["gamma", "count", "negative_binomial"]

EXTREME = np.array([-25.0, -12.0, -1.0, 0.0, 0.7, 12.0, 25.0])
"""Raw outputs as far out as closed forms can be computed."""


def labels_for(name, n_rows=60, seed=0):
    rng = np.random.default_rng(seed)
    if name == "binary":
        return rng.integers(0, 2, n_rows).astype(float)
    if name == "survival":
        return rng.integers(1, 4, n_rows).astype(float)
    if name in ("multiclass", "ordinal", "count", "negative_binomial"):
        return rng.integers(0, 6, n_rows).astype(float)
    return rng.gamma(1.5, 20.0, n_rows)


def losses(task, raw, labels):
    """Losses of every row of raw outputs for every label."""
    codes = torch.from_numpy(task.encode(column_of(np.asarray(labels))))
    raw = torch.from_numpy(np.asarray(raw, dtype=float))
    return task.loss(raw[:, None].expand(-1, len(codes), -1), codes).numpy()


def grid(*axes):
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def small_net(**params):
    defaults = {
        "hidden_layer_sizes": (16,),
        "n_members": 2,
        "max_iter": 60,
        "batch_size": 64,
        "learning_rate_init": 0.02,
        "random_state": 0,
    }
    return MultiTaskNetEstimator(**(defaults | params))


def draw(seed=0):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(600, 3))


def columns_of(y):
    return TargetTable(y).columns


def column_of(y):
    return columns_of(y)[0]


def fitted(task, y, weight=None):
    column = column_of(y)
    weight = np.ones(len(column)) if weight is None else weight
    return task.fit(column, np.where(column.missing, 0.0, weight))


def fitted_like(n_classes):
    """Return a task with as many classes; 0 stands for a column of numbers."""
    if n_classes == 0:
        return fitted(Regression(), np.arange(5.0) ** 2)
    kind = Binary if n_classes == 2 else Multiclass
    return fitted(kind(), np.arange(2 * n_classes) % n_classes)


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)
