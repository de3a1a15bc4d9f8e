"""How scores of several columns become one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from sklearn_mtl.tasks import per_column


def checked_average(average: Any) -> Any:
    """Return what was passed, unless it is no average."""
    if isinstance(average, str):
        if average not in ("mean", "min"):
            raise ValueError(
                f"average={average!r} is not known. Pass 'mean', 'min', or weights: a "
                "sequence, or a dict by column."
            )
        return average
    is_table = isinstance(average, Mapping | Sequence | np.ndarray)
    if not is_table or isinstance(average, bytes):
        raise TypeError(
            f"average={average!r} is neither a name nor weights. Pass 'mean', 'min', a "
            "sequence with one weight a column, or a dict by column."
        )
    items = average.items() if isinstance(average, Mapping) else enumerate(average)
    for name, weight in items:
        is_number = isinstance(weight, int | float | np.number)
        if not is_number or not 0 <= weight < np.inf:
            raise ValueError(
                f"average says {weight!r} for column {name!r}. Weights must be finite "
                "numbers of at least 0."
            )
    return average


def average_over(
    average: Any, names: list[Hashable], scores: dict[Hashable, float]
) -> float:
    """Average scores by name of the column; NaN where none is known."""
    known = {name: score for name, score in scores.items() if not np.isnan(score)}
    if not known:
        return float("nan")
    if not isinstance(average, str):
        given = per_column(average, names, "average")
        weight_of = dict(zip(names, given, strict=True))
        weights = [1.0 if weight_of[n] is None else weight_of[n] for n in known]
        mass = sum(weights)
        return float(np.dot(list(known.values()), weights) / mass) if mass else np.nan
    combine = min if average == "min" else np.mean
    return float(combine(list(known.values())))
