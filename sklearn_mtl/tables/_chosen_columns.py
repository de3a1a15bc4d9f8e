"""Columns that a user chooses by name, position or mask."""

from __future__ import annotations

from typing import Any

import numpy as np


def mask_of_columns(
    chosen: Any, names: list[Any], parameter: str = "categorical_features"
) -> np.ndarray:
    """Boolean mask over the columns from names, positions or a mask."""
    mask = np.zeros(len(names), dtype=bool)
    if chosen is None:
        return mask
    chosen = np.asarray(chosen)
    if chosen.dtype.kind == "b":
        if chosen.shape != mask.shape:
            raise ValueError(
                f"{parameter} is a mask over {len(chosen)} columns, but X "
                f"has {len(names)}. Pass one entry a column, or names."
            )
        return chosen
    for entry in chosen.tolist():
        if entry in names:
            mask[names.index(entry)] = True
        elif isinstance(entry, int) and -len(names) <= entry < len(names):
            mask[entry] = True
        else:
            raise ValueError(
                f"{parameter} names {entry!r}, which is no column of X. "
                f"The columns are {_some(names)}."
            )
    return mask


def _some(names: list[Any], most: int = 10) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown}, ... ({len(names)} in all)"
