"""Widths of layers, of the shared ones and of each column of y."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from sklearn_mtl.tasks import per_column


def as_sizes(sizes: Any, name: str) -> tuple[int, ...]:
    """Widths of layers from one number or a sequence."""
    try:
        widths = np.atleast_1d(np.asarray(sizes))
    except ValueError:  # sequences of unlike lengths
        widths = np.empty((0, 0))
    positive = widths.dtype.kind in "iu" and (widths > 0).all()
    if widths.ndim > 1 or (widths.size and not positive):
        raise ValueError(
            f"{name}={sizes!r} must be a positive integer or a sequence of them. Pass "
            "one width a layer, or () for none."
        )
    return tuple(int(width) for width in widths)


def shared_sizes(estimator: Any) -> tuple[int, ...]:
    """Widths of the layers that all columns share."""
    return as_sizes(estimator.hidden_layer_sizes, "hidden_layer_sizes")


def head_sizes(estimator: Any, names: Sequence[Hashable]) -> Any:
    """Widths of the private layers of each column of y, as the network takes them.

    Returns
    -------
    tuple of int, or tuple of tuple of int
        One for all columns where they have the same, else one for each.
    """
    sizes = _sizes_of_columns(estimator, names)
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def _sizes_of_columns(
    estimator: Any, names: Sequence[Hashable]
) -> list[tuple[int, ...]]:
    parameter = "head_hidden_layer_sizes"
    setting = estimator.head_hidden_layer_sizes
    if not isinstance(setting, Mapping):
        return [as_sizes(setting, parameter)] * len(names)
    by_name = dict.fromkeys(names, ()) | dict(setting)
    return [
        as_sizes(sizes, f"{parameter}[{name!r}]")
        for name, sizes in zip(
            names, per_column(by_name, list(names), parameter), strict=True
        )
    ]


def head_sizes_as_written(sizes: Any, names: Sequence[Hashable]) -> Any:
    """Turn what `head_sizes` returns into what users write."""
    if not any(np.ndim(size) for size in sizes):
        return sizes
    return {name: size for name, size in zip(names, sizes, strict=True) if size}


def sizes_by_column(sizes: Any, n_columns: int) -> list[tuple[int, ...]]:
    """Spread what `head_sizes` returns over the columns."""
    if not any(np.ndim(size) for size in sizes):
        return [tuple(sizes)] * n_columns
    return [tuple(size) for size in sizes]


def has_hidden_layers(estimator: Any, names: Sequence[Hashable]) -> bool:
    """Whether the network is more than one linear map."""
    return bool(shared_sizes(estimator) or head_sizes(estimator, names))
