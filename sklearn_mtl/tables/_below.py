"""Rows of several containers, below each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
from scipy import sparse

from sklearn_mtl.tables._columns import as_frame, as_series, is_frame
from sklearn_mtl.tables._containers import take_rows


def pick_rows(values: Any, rows: np.ndarray) -> Any:
    """Rows of any container of X, y or weights, as the same kind of container."""
    if isinstance(values, list | tuple):
        return [values[row] for row in rows]
    if sparse.issparse(values) or is_frame(values):
        return take_rows(values.tocsr() if sparse.issparse(values) else values, rows)
    series = as_series(values)
    if series is not None:
        return series[rows.tolist()].to_native()
    return np.asanyarray(values)[rows]


def stack_rows(parts: Sequence[Any], name: str) -> Any:
    """Put containers of one kind below each other.

    Parameters
    ----------
    parts : sequence of arrays, CSR matrices, lists, frames or series
        One or more.
    name : str
        What they are called in an error.
    """
    first = parts[0]
    kinds = {_kind(part) for part in parts}
    if len(kinds) > 1:
        raise TypeError(
            f"{name} is {' in one batch and '.join(sorted(kinds))} in another. Pass "
            "the same kind of container in each batch."
        )
    if len(parts) == 1:
        return first
    if sparse.issparse(first):
        return sparse.vstack(parts, format="csr")
    if isinstance(first, list):
        return [row for part in parts for row in part]
    if is_frame(first):
        frames = [as_frame(part) for part in parts]
        _check_names([list(frame.columns) for frame in frames if frame], name)
        return nw.concat([frame for frame in frames if frame]).to_native()
    series = [as_series(part) for part in parts]
    if series[0] is not None:
        below = nw.concat(
            [column.to_frame() for column in series if column is not None]
        )
        return below.get_column(below.columns[0]).to_native()
    return np.concatenate(parts)


def _kind(values: Any) -> str:
    return f"{type(values).__module__.partition('.')[0]}.{type(values).__name__}"


def _check_names(names: list[list[str]], what: str) -> None:
    for position, others in enumerate(names):
        if others != names[0]:
            raise ValueError(
                f"Batch {position} of {what} has the columns {others}, the first one "
                f"has {names[0]}. Pass the same columns in each batch."
            )
