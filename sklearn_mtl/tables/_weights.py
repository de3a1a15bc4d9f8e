"""Weights of rows or of single labels."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np


def read_weight(sample_weight: Any, n_rows: int, names: list[Hashable]) -> np.ndarray:
    """Spread weights over rows and columns.

    Parameters
    ----------
    sample_weight : number, or array of shape (n_rows,) or (n_rows, n_tasks)
    n_rows : int
    names : list
        Names of the columns.

    Returns
    -------
    float64 ndarray of shape (n_rows, n_tasks)

    Raises
    ------
    ValueError
        The shape does not fit, or a weight is negative or not finite.
    """
    shape = (n_rows, len(names))
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"sample_weight holds what is no number: {error}. Pass finite numbers of "
            "at least 0."
        ) from error
    if weight.ndim == 0 or weight.shape == shape[:1]:
        weight = np.broadcast_to(weight.reshape(-1, 1), shape)
    if weight.shape != shape:
        raise ValueError(
            f"sample_weight.shape == {weight.shape}, expected {shape[:1]} for one "
            f"weight a row, or {shape} for one a label."
        )
    wrong = ~(weight >= 0) | np.isinf(weight)
    if wrong.any():
        row, j = np.argwhere(wrong)[0]
        raise ValueError(
            "Negative values in data passed to `sample_weight`, or values that are "
            f"not finite: {weight[row, j]} in row {row}, column "
            f"{names[j]!r}. Weights must be finite numbers of at least 0; 0 leaves "
            "a label out."
        )
    return weight
