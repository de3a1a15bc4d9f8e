"""Weights of rows or of single labels."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from sklearn_mtl.tables._columns import as_frame

LEAST_LARGEST = 2.0**-40
"""Weights are scaled where their largest would be lost in float32."""


def read_weight(sample_weight: Any, n_rows: int, names: list[Hashable]) -> np.ndarray:
    """Spread weights over rows and columns.

    Parameters
    ----------
    sample_weight : number, or array of shape (n_rows,) or (n_rows, n_tasks)
        The columns of a data frame are matched with `names`, in whatever order.
    n_rows : int
    names : list
        Names of the columns.

    Returns
    -------
    float64 ndarray of shape (n_rows, n_tasks)

    Raises
    ------
    ValueError
        The shape or a name does not fit, or a weight is negative or not finite.
    """
    shape = (n_rows, len(names))
    if np.ma.is_masked(sample_weight):
        raise ValueError(
            "sample_weight has masked cells, which have no weight. Fill them, with 0 "
            "to leave a label out: sample_weight.filled(0)."
        )
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
    if len(names) > 1 and (order := _order_of(sample_weight, names)) is not None:
        weight = weight[:, order]
    wrong = ~(weight >= 0) | np.isinf(weight)
    if wrong.any():
        row, j = np.argwhere(wrong)[0]
        raise ValueError(
            "Negative values in data passed to `sample_weight`, or values that are "
            f"not finite: {weight[row, j]} in row {row}, column "
            f"{names[j]!r}. Weights must be finite numbers of at least 0; 0 leaves "
            "a label out."
        )
    _refuse_overflow(weight, names)
    return in_float32(weight)


def in_float32(weight: np.ndarray) -> np.ndarray:
    """Scale weights whose largest would be lost in float32."""
    largest = weight.max(initial=0.0)
    if largest and not LEAST_LARGEST < largest < 1.0 / LEAST_LARGEST:
        # Only ratios count; a power of two changes none of them.
        weight = np.ldexp(weight, -int(np.frexp(largest)[1]))
    return weight


def _order_of(sample_weight: Any, names: list[Hashable]) -> list[int] | None:
    """Where each column stands in a frame of weights; None for what has no names."""
    frame = as_frame(sample_weight)
    if frame is None or names == list(range(len(names))):  # y had no names
        return None
    given: list[Hashable] = list(frame.columns)
    for name in given:
        if name not in names:
            raise ValueError(
                f"sample_weight has the column {name!r}, which is none of y: {names}. "
                "Name its columns as those of y, or pass an array."
            )
    return [given.index(name) for name in names]


def _refuse_overflow(weight: np.ndarray, names: list[Hashable]) -> None:
    with np.errstate(over="ignore"):
        total = weight.sum(axis=0)
    if np.isinf(total).any():
        j = int(np.isinf(total).argmax())
        raise ValueError(
            f"sample_weight sums to infinity in column {names[j]!r}; its largest value "
            f"is {weight[:, j].max():g}. Only ratios of weights count: divide all by "
            "their largest."
        )
