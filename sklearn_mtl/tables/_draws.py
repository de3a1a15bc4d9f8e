"""Draws of y, several a row of X, in the container of y."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np

from sklearn_mtl.tables._targets import (
    ArrayContainer,
    Container,
    Keep,
    PandasContainer,
)

DRAW = "draw"
"""Name of the index level, or of the column, that numbers the draws."""


def rebuild_draws(
    container: Container, columns: Sequence[np.ndarray], rows: Any, labels: Keep
) -> Any:
    """Put draws (n_rows, n_samples) of each column into the container of y.

    Returns
    -------
    ndarray of shape (n_rows, n_samples) or (n_rows, n_tasks, n_samples), or data frame
        A frame has all rows of the first draw, then those of the second; a pandas
        frame tells them by the index level "draw", others by a column of this name.
    """
    index = rows.index if nw.dependencies.is_pandas_dataframe(rows) else None
    n_rows, n_samples = columns[0].shape
    is_frame = container.is_frame
    if isinstance(container, ArrayContainer) or (
        isinstance(container, PandasContainer) and index is None
    ):
        return _array(columns, container.ndim)
    assert is_frame
    below = [column.T.ravel() for column in columns]
    draw = np.repeat(np.arange(n_samples), n_rows)
    if isinstance(container, PandasContainer):
        return container.rebuild(below, _with_level(index, draw, n_samples), labels)
    frame = nw.from_native(container.rebuild(below, None, labels), eager_only=True)
    name = DRAW
    while name in frame.columns:
        name += "_"
    numbers = nw.new_series(name, draw.tolist(), backend=frame.implementation)
    return nw.concat([numbers.to_frame(), frame], how="horizontal").to_native()


def _array(columns: Sequence[np.ndarray], ndim: int) -> np.ndarray:
    if ndim == 1:
        return columns[0]
    n_rows, n_samples = columns[0].shape
    flat = ArrayContainer(2).rebuild([column.ravel() for column in columns], None)
    found: np.ndarray = flat.reshape(n_rows, n_samples, -1).transpose(0, 2, 1)
    return found


def _with_level(index: Any, draw: np.ndarray, n_samples: int) -> Any:
    """Repeat an index of pandas for each draw, whose number is the first level."""
    import pandas as pd

    repeated = index.append([index] * (n_samples - 1))
    levels = [repeated.get_level_values(j) for j in range(index.nlevels)]
    return pd.MultiIndex.from_arrays([draw, *levels], names=[DRAW, *index.names])
