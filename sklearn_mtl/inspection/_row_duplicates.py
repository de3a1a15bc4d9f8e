"""Rows of X that stand there more than once, in groups that are held out apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sklearn_mtl.estimators import codes_of_rows
from sklearn_mtl.inspection._column_report import Finding
from sklearn_mtl.tables import RowGroups

FROM = 0.01
"""Share of the rows from which duplicates are told of."""
FEWEST_ROWS = 20


def duplicates(X: Any, groups: RowGroups | None) -> Iterator[Finding]:
    """Find rows whose like stands in another group, or anywhere without groups."""
    if X.shape[0] < FEWEST_ROWS:
        return
    codes, by_chance = codes_of_rows(X)
    share = _share(codes, groups)
    # Where few different rows are possible, duplicates say nothing.
    if share < FROM or _share(by_chance, groups) > share / 4:
        return
    if groups is None:
        said = f"{share:.0%} of the rows of X stand there more than once."
        answer = "Hold them out together: fit(..., groups=...), cv=GroupKFold()."
    else:
        said = f"{share:.0%} of the rows of X stand in another group, too."
        answer = (
            "Join groups that share rows, or drop the duplicates, or scores on "
            "held-out groups are those of rows that were trained on."
        )
    yield Finding("duplicates", "X", None, None, share, said, answer)


def _share(codes: np.ndarray, groups: RowGroups | None) -> float:
    """Share of rows that have a like one, in another group if there are groups."""
    _, row = np.unique(codes, return_inverse=True)
    if groups is None:
        return float((np.bincount(row)[row] > 1).mean())
    pairs = np.unique(np.column_stack([row, groups.codes]), axis=0)
    return float((np.bincount(pairs[:, 0])[row] > 1).mean())
