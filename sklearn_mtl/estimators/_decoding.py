"""Rows that a network which decodes its input learns from, labelled or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from sklearn_mtl.tables import FeatureEncoder, read_weight, take_rows
from sklearn_mtl.training import TaskTable, Unlabelled


def decodes(estimator: Any) -> bool:
    """Tell whether an estimator's network decodes its input; check the parameters."""
    weight = estimator.reconstruction_weight
    asked = estimator.n_unsupervised_units > 0 or estimator.generative
    if asked and weight == 0:
        name = "generative=True" if estimator.generative else "n_unsupervised_units"
        raise ValueError(
            f"{name} asks for a decoder, but reconstruction_weight=0 would not train "
            "it. Give it a weight above 0, or leave it at 'auto'."
        )
    return asked or (weight != "auto" and weight > 0)


def reconstruction_weight(estimator: Any) -> float:
    """Weight of the decoder's loss, of an estimator that has a decoder."""
    weight = estimator.reconstruction_weight
    return 1.0 if weight == "auto" else float(weight)


def row_weight_of(sample_weight: Any, n_rows: int, names: list[Any]) -> np.ndarray:
    """Weight of each row (n_rows,), labelled or not: the mean of its labels' weights.

    Parameters
    ----------
    sample_weight : None, or array of shape (n_rows,) or (n_rows, n_tasks)
    n_rows : int
    names : list
        Of the columns of y.
    """
    if sample_weight is None:
        return np.ones(n_rows)
    weight: np.ndarray = read_weight(sample_weight, n_rows, names).mean(axis=1)
    return weight


class DecodedRows:
    """Rows without labels, and how much every row counts in the reconstruction.

    Rows of weight 0 are left out.

    Parameters
    ----------
    X : data frame, ndarray or CSR matrix
        All rows.
    weight : ndarray of shape (n_rows,)
    labelled : int ndarray
        Rows that have a label that counts.
    """

    def __init__(self, X: Any, weight: np.ndarray, labelled: np.ndarray) -> None:
        self.X, self.labelled, self.weight = X, labelled, weight
        is_other = weight > 0
        is_other[labelled] = False
        self.others = np.flatnonzero(is_other)

    def all_rows(self, weight_of_labelled: np.ndarray) -> tuple[Any, np.ndarray]:
        """Rows that codings are learned from, in their order, and their weights.

        Parameters
        ----------
        weight_of_labelled : ndarray of shape (n_labelled,)
        """
        weight = self.weight.astype(np.float64)
        weight[self.labelled] = weight_of_labelled
        rows = np.sort(np.concatenate([self.labelled, self.others]))
        if len(rows) == len(weight):
            return self.X, weight
        return take_rows(self.X, rows), weight[rows]

    def encode(self, encoder: FeatureEncoder, table: TaskTable) -> Unlabelled:
        """Encode the rows without labels, as `table` holds those that have some."""
        weight = self.weight[self.labelled]
        of_labelled = None if (weight == 1.0).all() else table.put(weight)
        others = None
        if len(self.others):
            dtype = np.float64 if table.dtype == torch.float64 else np.float32
            none = np.empty((len(self.others), 0))
            others = TaskTable(
                encoder.transform_to_places(take_rows(self.X, self.others), dtype),
                none,
                none,
                dtype=table.dtype,
                device=table.device,
            )
        return Unlabelled(others, table.put(self.weight[self.others]), of_labelled)
