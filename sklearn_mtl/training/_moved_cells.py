"""Rows some of whose cells are those of other rows."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import torch
from scipy import sparse

from sklearn_mtl.tables import CompactFeatures
from sklearn_mtl.training._batches import MemberRows


def with_cells_of(rows: MemberRows, order: np.ndarray, columns: np.ndarray) -> Any:
    """Give each row the cells that another one has in some columns.

    Parameters
    ----------
    rows : MemberRows
        Left as they are.
    order : int ndarray of shape (n,)
        For each row of the table, the one whose cells it gets.
    columns : int ndarray
        Columns of the encoded X; all that encode a category, or none.

    Returns
    -------
    MemberRows
    """
    moved = copy(rows)
    moved.table = copy(rows.table)
    moved.table.features = _moved(rows.table.features, order, columns)
    return moved


def _moved(features: Any, order: np.ndarray, columns: np.ndarray) -> Any:
    if isinstance(features, CompactFeatures):
        n_numbers = features.numbers.shape[1]
        numbers = _in_dense(features.numbers, order, columns[columns < n_numbers])
        last = features.ones.amax(dim=0).cpu().numpy()
        owned = np.flatnonzero(np.isin(last, columns[columns >= n_numbers]))
        ones = _in_dense(features.ones, order, owned)
        return CompactFeatures(numbers, ones, features.heights, features.shape)
    if sparse.issparse(features):
        return _in_sparse(features, order, columns)
    return _in_dense(features, order, columns)


def _in_dense(cells: torch.Tensor, order: Any, columns: Any) -> torch.Tensor:
    if not len(columns):
        return cells
    rows, chosen = (torch.as_tensor(i, device=cells.device) for i in (order, columns))
    moved = cells.clone()
    moved[:, chosen] = cells.index_select(1, chosen).index_select(0, rows)
    return moved


def _in_sparse(cells: Any, order: np.ndarray, columns: np.ndarray) -> Any:
    is_moved = np.zeros(cells.shape[1], dtype=bool)
    is_moved[columns] = True
    stays, comes = cells.copy(), cells[order]
    stays.data[is_moved[stays.indices]] = 0
    comes.data[~is_moved[comes.indices]] = 0
    return sparse.csr_matrix(stays + comes)
