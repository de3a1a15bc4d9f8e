"""A few numbers so far away that all others of their column look alike beside them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables._bounds import bounds_of, may_be_bounds

FAR = 1e6
"""Times the mean distance of others that differ. Tables with long tails stay below."""
FEW = 0.01
"""Share of the cells that may be extreme; more of them are a part of the column."""
LEAST_CELLS = 10

_REMEDY = {
    "X": "pass its logarithms or ranks, as sklearn.preprocessing.QuantileTransformer "
    "makes them",
    "y": "fit its logarithm",
}


def may_hold_extremes(
    farthest_squared: np.ndarray, variance: np.ndarray, n_cells: int
) -> np.ndarray:
    """Tell cheaply which columns `warn_of_extremes` has to look at.

    A share f of cells at distance M from the others makes the variance f M^2 at most.
    """
    share = _n_extreme(n_cells) / n_cells
    # What overflows to infinity or NaN is looked at.
    may: np.ndarray = ~(farthest_squared * share < 0.25 * variance)
    return may & (variance != 0)


def warn_of_extremes(name: Hashable, numbers: np.ndarray, table: str) -> None:
    """Warn of a number beside which the others of its column look alike.

    Parameters
    ----------
    name : hashable
        That of the column.
    numbers : float64 ndarray of shape (n_rows,)
        NaN where missing.
    table : {"X", "y"}
        Where the column stands.
    """
    known = numbers[~np.isnan(numbers)]
    if len(known) < LEAST_CELLS:
        return
    middle = float(np.median(known))
    distance = np.abs(known - middle)
    others = np.partition(distance, -_n_extreme(len(known)))
    others = others[: -_n_extreme(len(known))]
    others = others[others > 0]  # cells that are equal look alike without it
    usual = float((others / max(len(others), 1)).sum())
    cell, away = known[distance.argmax()].item(), float(distance.max())
    if not 0 < FAR * usual < away:
        return
    warn(
        f"Column {name!r} of {table} holds {cell:g}, where most cells are about "
        f"{usual:.3g} from {middle:.3g}; next to it these look all alike, and "
        "little is learned of them. If the cell is a mistake or stands for a missing "
        f"one, make it NaN; if it is right, {_REMEDY[table]}."
    )


def warn_of_extreme_labels(column: Any, counts: np.ndarray) -> None:
    """Warn of an extreme number among the labels of a column of y that count."""
    labels = _numbers(column)[counts & ~column.missing]
    labels = labels[~np.isnan(labels)]
    if not len(labels):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        farthest = np.square(np.abs(labels - labels.mean()).max())
        variance = labels.var()
    if may_hold_extremes(farthest, variance, len(labels)):
        warn_of_extremes(column.name, labels, "y")


def _numbers(column: Any) -> np.ndarray:
    """Numbers of a column, NaN where there is none or a bound only."""
    if column.content != "category":
        numbers: np.ndarray = column.numbers()
        return numbers
    if not may_be_bounds(column):
        return np.full(len(column), np.nan)
    lower, upper = bounds_of(column).T
    return np.where(lower == upper, lower, np.nan)


def _n_extreme(n_cells: int) -> int:
    return max(1, int(FEW * n_cells))
