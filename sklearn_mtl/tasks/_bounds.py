"""Bounds of labels, for those who change them before a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.tables import TargetTable, bounds_of


def read_bounds(labels: Any) -> np.ndarray:
    """Read labels of one column of which some are only bounds.

    To change their scale, for instance, and to hand them on as intervals.

    Parameters
    ----------
    labels : series, array or list of shape (n_samples,)
        Numbers, strings such as "1.5", "<0.5", ">=1000" and "[0.5, 2]", or
        pandas.Interval; any of them may be missing.

    Returns
    -------
    float64 ndarray of shape (n_samples, 2)
        Lower and upper bound of each label: equal where the number is known, infinite
        where there is no bound, NaN where the label is missing.

    Raises
    ------
    ValueError
        A label is none of these; the message names it.

    See Also
    --------
    Censored : Numbers of which some are only bounds.
    Survival : Times until an event.

    Examples
    --------
    >>> from sklearn_mtl.tasks import read_bounds
    >>> read_bounds([2.5, "<0.5", ">100", "[1, 2]", None])
    array([[  2.5,   2.5],
           [ -inf,   0.5],
           [100. ,   inf],
           [  1. ,   2. ],
           [  nan,   nan]])
    """
    columns = TargetTable(labels).columns
    if len(columns) != 1:
        raise ValueError(
            f"labels has {len(columns)} columns. Pass one of them at a time."
        )
    return bounds_of(columns[0])
