"""Columns of X that name the groups which are held out as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sklearn_mtl.inspection._checked_table import CheckedTable
from sklearn_mtl.inspection._column_report import Finding
from sklearn_mtl.tables import Column


def group_names(table: CheckedTable) -> Iterator[Finding]:
    """Find columns with one value for each group, and no value in two."""
    if table.groups is None:
        return
    groups = table.groups.codes
    n_groups = len(np.unique(groups))
    if n_groups < 2 or n_groups == len(groups):
        return
    for column in table.X:
        codes = _codes(column)
        pairs = np.unique(np.column_stack([codes, groups]), axis=0)
        if len(pairs) == n_groups == len(np.unique(codes)):
            yield Finding(
                "group",
                "X",
                column.name,
                None,
                float(n_groups),
                f"Column {column.name!r} of X names the groups: each of the {n_groups} "
                "has a value of its own, which new groups do not have.",
                "Drop it from X.",
            )


def _codes(column: Column) -> np.ndarray:
    """Give different cells numbers; missing ones are alike."""
    values = column.factorize()[0] if column.content != "number" else column.numbers()
    return np.unique(values, return_inverse=True)[1]
