"""How often intervals of several columns hold all labels of a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.metrics._outcome import numbers_of
from sklearn_mtl.metrics._predicted import Truth
from sklearn_mtl.metrics._rows import mean_of_rows, mean_weight
from sklearn_mtl.tables import TargetTable


def joint_coverage_score(
    y_true: Any, lower: Any, upper: Any, *, sample_weight: Any = None
) -> float:
    """Share of rows all of whose known numbers lie within their intervals.

    Parameters
    ----------
    y_true : array of shape (n_samples,) or (n_samples, n_tasks), list or data frame
        Labels; those that are missing or have the weight 0 are skipped, and so are rows
        without any.
    lower, upper : as `y_true`
        Bounds, as ``predict_interval`` returns them; labels on a bound count as within.
        Columns whose bounds are all missing, as those of classes, are left out.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each row; or of each label, a row then weighing what its labels do on
        average.

    Returns
    -------
    float
        Between 0 and 1; NaN where no label is left.

    Raises
    ------
    ValueError
        Labels and bounds do not fit each other, or no column has bounds.

    See Also
    --------
    energy_score : Scores joint draws, all columns at once.

    Examples
    --------
    >>> from sklearn_mtl.metrics import joint_coverage_score
    >>> y_true = [[1.0, 5.0], [2.0, None], [3.0, 9.0]]
    >>> lower, upper = [[0.0, 4.0]] * 3, [[4.0, 6.0]] * 3
    >>> round(joint_coverage_score(y_true, lower, upper), 3)
    0.667
    """
    truth = Truth(y_true, sample_weight)
    low, high = (
        _bounds(b, truth, name) for b, name in ((lower, "lower"), (upper, "upper"))
    )
    bounded = np.flatnonzero(~(np.isnan(low) & np.isnan(high)).all(axis=0))
    if not len(bounded):
        raise ValueError(
            "lower and upper hold no number, so that no column has an interval. Pass "
            "what predict_interval returns for columns of numbers."
        )
    labels = np.column_stack(
        [numbers_of(truth.table.names[t], truth.columns[t], "y_true") for t in bounded]
    )
    weight = None if truth.weight is None else truth.weight[:, bounded]
    counts = ~np.isnan(labels)
    if weight is not None:
        counts &= weight > 0
    low, high = low[:, bounded], high[:, bounded]
    unbounded = np.argwhere(counts & (np.isnan(low) | np.isnan(high)))
    if len(unbounded):
        row, t = unbounded[0]
        raise ValueError(
            f"Column {truth.table.names[bounded[t]]!r} has no bounds in row {row}, "
            f"where y_true holds {labels[row, t]:g}. Pass both bounds of every label, "
            "or make the label missing."
        )
    held = np.where(counts, (low <= labels) & (labels <= high), True).all(axis=1)
    of_rows = np.where(counts.any(axis=1), held.astype(np.float64), np.nan)
    return mean_of_rows(of_rows, mean_weight(counts, weight))


def _bounds(bounds: Any, truth: Truth, name: str) -> np.ndarray:
    """Read bounds; they may be infinite, where labels may not."""
    table = TargetTable(bounds)
    truth.check_same_columns(table, name)
    if len(table) != len(truth.table):
        raise ValueError(
            f"{name} has {len(table)} rows, but y_true has {len(truth.table)}. Pass "
            "one bound for each row of y_true."
        )
    columns = []
    for column in table.columns:
        if column.content == "category" and len(column.observed):
            raise ValueError(
                f"Column {column.name!r} of {name} holds {column.observed[0]!r}, which "
                "is no number. Pass what predict_interval returns."
            )
        columns.append(
            np.full(len(table), np.nan)
            if column.content == "category"
            else column.numbers()
        )
    return np.column_stack(columns)
