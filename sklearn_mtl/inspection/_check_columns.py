"""Whether a table is fit to be learned from, before anything is fitted."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_mtl.estimators import n_rows_of
from sklearn_mtl.inspection._checked_table import CheckedTable, checked_table
from sklearn_mtl.inspection._column_report import ColumnReport, Finding
from sklearn_mtl.inspection._group_names import group_names
from sklearn_mtl.inspection._label_counts import (
    constant_columns,
    few_labels,
    kinds_that_flip,
)
from sklearn_mtl.inspection._label_gaps import predicted_gaps, small_overlaps
from sklearn_mtl.inspection._leaks import leaks
from sklearn_mtl.inspection._row_duplicates import duplicates
from sklearn_mtl.tables import (
    doubts_of_labels,
    doubts_of_strings,
    read_groups,
    warn_of_another_order,
)


@validate_params(
    {"random_state": [Interval(Integral, 0, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def check_columns(
    X: Any,
    y: Any,
    groups: Any = None,
    *,
    task_types: Any = None,
    random_state: int = 0,
) -> ColumnReport:
    """Look for what makes scores too good or columns impossible to learn.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Features; cells may be missing.
    y : array of shape (n_samples,) or (n_samples, n_tasks), list or data frame
        Columns of any kind; labels may be missing.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together. Folds hold them out as a whole.
    task_types : as the parameter of the estimators, default=None
        Kinds of the columns of y.
    random_state : int, default=0
        Draws rows of large tables, folds, and what models draw.

    Returns
    -------
    ColumnReport
        Its ``findings``, which it prints one a line with a number and what to do;
        ``as_frame()`` gives them as a pandas frame.

    Raises
    ------
    ValueError
        X, y and groups do not have the same rows.

    See Also
    --------
    model_card : What is to be said of an estimator once it is fitted.

    Notes
    -----
    ============= ==================================================================
    check         what is found
    ============= ==================================================================
    leak          a column of X, or another one of y, tells 98 % of the variance of a
                  column of y, or of its class indicators: by a decision tree or a
                  spline of that column alone, on held-out rows
    group         a column of X has one value for each group
    duplicates    1 % of the rows of X or more stand in another group, too (anywhere,
                  without groups), and more than cells would do by chance
    gaps          gradient boosting tells from X which labels of a column are missing,
                  by an area under the ROC curve of 0.65 or more on held-out rows
    kind          a column of numbers would be read as two classes, were it not for at
                  most 5 labels
    strings       numbers, dates or free text as strings; "nan" as a class
    few labels    less than 30 labels of a column, or 5 of a class (5 groups)
    overlap       pairs of columns of y that are both known in less than 30 rows
    constant      a column of one value, or of none
    ============= ==================================================================

    Leaks and gaps are looked for in 3000 rows of larger tables. Nothing that is found
    is an error: a column that gives another one away may well be known in time.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.inspection import check_columns
    >>> X, y = make_multitask(n_tasks=["regression", "binary"], random_state=0)
    >>> check_columns(X, y)
    Nothing was found.
    >>> X[:, 3] = 5 - 2 * y[:, 0]
    >>> [leak] = check_columns(X, y)
    >>> leak.check, leak.other, leak.value > 0.98
    ('leak', 3, True)
    """
    X = X if hasattr(X, "shape") else np.asarray(X)
    n_rows = n_rows_of(X)
    warn_of_another_order(X, y, "y")
    warn_of_another_order(X, groups, "groups")
    known = np.ones(n_rows, dtype=bool)
    read = None if groups is None else read_groups(groups, known)
    table = checked_table(X, y, read, task_types, random_state)
    return ColumnReport(
        (
            *leaks(table),
            *duplicates(X, read),
            *group_names(table),
            *predicted_gaps(table),
            *kinds_that_flip(table),
            *strings(table),
            *few_labels(table),
            *small_overlaps(table),
            *constant_columns(table),
        )
    )


def strings(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of strings that are likely something else."""
    for where, columns in (("y", table.y), ("X", table.X)):
        keep = "task_types" if where == "y" else "categorical_features"
        for column in columns:
            n_levels = len(column.factorize()[1]) if column.content == "category" else 0
            in_y = where == "y"
            doubts = (
                doubts_of_labels(column) if in_y else doubts_of_strings(column, "X")
            )
            for doubt in doubts:
                yield Finding(
                    "strings",
                    where,
                    column.name,
                    None,
                    float(n_levels),
                    doubt.text,
                    f"If it is meant so, say it in {keep}.",
                )
