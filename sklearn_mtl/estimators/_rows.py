"""Labelled rows before they are encoded."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from sklearn_mtl.tables import Column, FeatureEncoder
from sklearn_mtl.tasks import OutputLayout, Task
from sklearn_mtl.training import TaskTable


class TaskSource:
    """A table of X, columns of y and label weights, not yet encoded.

    Parameters
    ----------
    X : data frame, ndarray or CSR matrix
    columns : list of Column
    weight, label_weight : ndarray of shape (n_rows, n_tasks)
        Weight of each label with and without that of its class: the first trains, the
        second scores.
    """

    def __init__(
        self,
        X: Any,
        columns: list[Column],
        weight: np.ndarray,
        label_weight: np.ndarray,
    ) -> None:
        self.X = X
        self.columns = columns
        self.weight = weight
        self.label_weight = label_weight

    def encode(
        self,
        encoder: FeatureEncoder,
        tasks: list[Task],
        layout: OutputLayout,
        like: torch.Tensor,
    ) -> TaskTable:
        """Encode for training, in the number format and on the device of `like`."""
        dtype = np.float64 if like.dtype == torch.float64 else np.float32
        codes = np.empty((len(self.weight), len(tasks)), dtype=dtype)
        for t, (task, column) in enumerate(zip(tasks, self.columns, strict=True)):
            codes[:, t] = task.encode(column)
        return TaskTable(
            encoder.transform_to_places(self.X, dtype=dtype),
            codes,
            self.weight,
            order=layout.order,
            dtype=like.dtype,
            device=like.device,
        )
