"""Rows of two pandas containers that stand in another order."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from sklearn_mtl.exceptions import warn


def warn_of_another_order(X: Any, others: Any, name: str) -> None:
    """Warn where an index holds the labels of X's in another order.

    Rows are matched by position, as scikit-learn does; who sorted one of the two means
    them to be matched by name. An index that counts from 0 names nothing.

    Parameters
    ----------
    X : container of rows
    others : container of as many rows
        Labels or groups.
    name : str
        What the user calls `others`.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"a": [1, 2, 3]}, index=list("pqr"))
    >>> import warnings
    >>> with warnings.catch_warnings(record=True, action="always") as said:
    ...     warn_of_another_order(X, X["a"].sort_values(ascending=False), "y")
    >>> str(said[0].message)[:52]
    "Row 0 of X is 'p' by its index, but that of y is 'r'"
    """
    if not (_has_index(X) and _has_index(others)):
        return
    ours, theirs = X.index, others.index
    if len(ours) != len(theirs) or ours.equals(theirs) or _only_counts(theirs):
        return
    if not (ours.is_unique and theirs.is_unique and theirs.isin(ours).all()):
        return
    row = int((ours != theirs).argmax())
    warn(
        f"Row {row} of X is {ours[row]!r} by its index, but that of {name} is "
        f"{theirs[row]!r}: the same labels in another order. Rows are matched by "
        f"position. Where they should match by index, pass {name}.loc[X.index]; where "
        f"not, {name}.reset_index(drop=True)."
    )


def _has_index(rows: Any) -> bool:
    frame = nw.dependencies.is_pandas_dataframe(rows)
    return frame or nw.dependencies.is_pandas_series(rows)


def _only_counts(index: Any) -> bool:
    return index.dtype.kind in "iu" and bool((index == np.arange(len(index))).all())
