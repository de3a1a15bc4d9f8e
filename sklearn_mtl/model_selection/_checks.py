"""What every splitter checks of its parameters and of the data it is given."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import indexable

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import TargetTable


def ignore_groups(splitter: Any, groups: Any) -> None:
    """Say that groups have no effect."""
    if groups is not None:
        warn(f"The groups parameter is ignored by {type(splitter).__name__}")


def read_labels(splitter: Any, X: Any, y: Any) -> TargetTable:
    """Check the data that a splitter is given, and read y."""
    name = type(splitter).__name__
    if y is None:
        raise ValueError(
            f"y=None: {name} balances the labels of y. Pass y, or use KFold or "
            "ShuffleSplit of scikit-learn."
        )
    table = TargetTable(y)
    if X is not None:
        check_has_rows(X)
    indexable(X, y)
    if all(column.missing.all() for column in table.columns):
        raise ValueError(
            f"All {len(table)} labels of each column of y are missing, so that there "
            "is nothing to balance. Pass a y that holds labels."
        )
    return table


def check_has_rows(X: Any) -> None:
    """Check that X is a table or a list, and no single value."""
    if not np.ndim(X) and not hasattr(X, "shape"):
        raise TypeError(
            f"X={X!r}: pass a data frame, an array or a CSR matrix of shape "
            "(n_samples, n_features)."
        )


def check_shuffle(shuffle: Any, random_state: Any) -> None:
    """Check two parameters that belong together."""
    if not isinstance(shuffle, bool | np.bool_):
        raise TypeError(f"shuffle={shuffle!r}: pass True or False.")
    if not shuffle and random_state is not None:
        raise ValueError(
            f"random_state={random_state!r} has no effect with shuffle=False. Pass "
            "shuffle=True, or leave random_state out."
        )


def check_count(name: str, value: Any, *, least: int) -> None:
    """Check that a parameter is a whole number, not below `least`."""
    if not is_number(value, Integral) or value < least:
        raise ValueError(f"{name}={value!r}: pass a whole number of at least {least}.")


def is_number(value: Any, kind: type) -> bool:
    """Whether a value is of a kind of numbers, and no bool."""
    return isinstance(value, kind) and not isinstance(value, bool | np.bool_)
