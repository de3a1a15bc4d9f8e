"""The rows that a net learns from, from arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from sklearn_mtl.training._batches import MemberRows, TaskTable
from sklearn_mtl.training._folds import member_rows
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.training._reconstruction import Unlabelled


def number_format(net: MultiTaskNet) -> Any:
    """Tell the type of the numbers that a net reads."""
    return np.float64 if _like(net).dtype == torch.float64 else np.float32


def make_table(
    net: MultiTaskNet, features: Any, codes: np.ndarray, weight: np.ndarray
) -> TaskTable:
    """Put encoded rows where a net trains.

    Parameters
    ----------
    net : MultiTaskNet
    features : array, CSR matrix or CompactFeatures of shape (n, d)
    codes : float array of shape (n, T)
        Columns in the order of y; NaN where a label is missing. More than T where
        labels take several codes.
    weight : float array of shape (n, T)
    """
    like, layout = _like(net), net.criterion_.layout
    return TaskTable(
        features,
        codes,
        weight,
        order=layout.order,
        first_code=layout.first_code,
        dtype=like.dtype,
        device=like.device,
    )


def make_unlabelled(
    net: MultiTaskNet,
    features: Any,
    weight: np.ndarray,
    weight_of_labelled: np.ndarray,
) -> Unlabelled:
    """Put encoded rows without labels where a net trains.

    Parameters
    ----------
    net : MultiTaskNet
    features : array, CSR matrix or CompactFeatures of shape (m, d), or None for no row
    weight : ndarray of shape (m,)
        Weight of each row in the reconstruction.
    weight_of_labelled : ndarray of shape (n,)
        The same of the rows that have labels.
    """
    like, others = _like(net), None
    if features is not None:
        none = np.empty((len(weight), 0))
        others = TaskTable(features, none, none, dtype=like.dtype, device=like.device)
    of_labelled = None
    if not (weight_of_labelled == 1.0).all():
        of_labelled = _put(weight_of_labelled, like)
    return Unlabelled(others, _put(weight, like), of_labelled)


def give_rows(
    net: MultiTaskNet,
    table: TaskTable,
    *,
    validation_table: TaskTable | None,
    unlabelled: Unlabelled | None,
) -> MemberRows:
    """Give each member of a net its rows of a table; see `member_rows`."""
    rows = member_rows(
        table,
        net.members,
        prior_cost=net.criterion_.layout.prior_cost,
        validation_table=validation_table,
    )
    rows.unlabelled_rows = unlabelled
    return rows


def rows_of_all(net: MultiTaskNet, table: TaskTable) -> MemberRows:
    """Let every member of a net read all rows of a table."""
    return MemberRows(
        table,
        torch.arange(len(table)),
        None,
        prior_cost=net.criterion_.layout.prior_cost,
        n_members=net.members.number,
    )


def _like(net: MultiTaskNet) -> torch.Tensor:
    first: torch.Tensor = next(net.module_.parameters())
    return first


def _put(values: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)
