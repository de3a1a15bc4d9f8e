"""Rows of X from which nothing is learned, but which may be predicted later."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.tables._containers import take_rows
from sklearn_mtl.tables._features import CELLS_AT_ONCE, FeatureEncoder


def refuse_unreadable_rows(encoder: FeatureEncoder, X: Any, rows: np.ndarray) -> None:
    """Raise in a fit for the cells that would be refused in predictions.

    Parameters
    ----------
    encoder : FeatureEncoder
        Fitted.
    X : data frame, ndarray or CSR matrix
    rows : int ndarray
        Those which are read nowhere else.
    """
    size = max(1, CELLS_AT_ONCE // max(1, len(encoder.column_names_)))
    for start in range(0, len(rows), size):
        encoder.transform_compact(take_rows(X, rows[start : start + size]))
