"""Scores of many binary columns by how they are ranked in each row."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_mtl.metrics import _ranking
from sklearn_mtl.metrics._outcome import known_classes, numbers_of, with_classes
from sklearn_mtl.metrics._predicted import Truth, tasks_of
from sklearn_mtl.metrics._rows import mean_of_rows, mean_weight
from sklearn_mtl.tables import Column, TargetTable
from sklearn_mtl.tasks import Task, per_column


def label_ranking_average_precision_score(
    y_true: Any, y_score: Any, *, task_types: Any = None, sample_weight: Any = None
) -> float:
    """Mean precision of each row's ranking at its relevant labels.

    `sklearn.metrics.label_ranking_average_precision_score` for labels that may be
    missing: a row ranks those of its columns whose label is known.

    Parameters
    ----------
    y_true : array of shape (n_samples, n_tasks), list or data frame
        Two columns or more of two classes each; 1, True, or the second class counts as
        relevant. Labels that are missing or have the weight 0 are skipped.
    y_score : array of shape (n_samples, n_tasks), data frame, or list of arrays
        Scores of the relevant class, of any scale; or probabilities as
        ``predict_proba`` returns them, a list or dict of one array of shape
        (n_samples, 2) a column.
    task_types : as the parameter of the estimators, default=None
        ``tasks_`` of a fitted estimator tell both classes of columns where `y_true`
        holds only one.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each row; or of each label, a row then weighing what its labels do on
        average.

    Returns
    -------
    float
        Above 0, at most 1. A row whose labels are all alike counts as 1, as in
        scikit-learn; rows without any label are left out, and NaN is returned where
        none remains.

    Raises
    ------
    ValueError
        A column has not two classes, or a label has no score.

    See Also
    --------
    precision_at_k_score : What stands at the top of the ranking alone.
    row_roc_auc_score : Share of pairs of labels that are ranked rightly.

    Examples
    --------
    >>> from sklearn_mtl.metrics import label_ranking_average_precision_score
    >>> y_true = [[1, 0, 0], [0, None, 1]]
    >>> y_score = [[0.75, 0.5, 1.0], [0.2, 0.9, 0.1]]
    >>> label_ranking_average_precision_score(y_true, y_score)
    0.5
    """
    relevant, scores, weight = _read(y_true, y_score, task_types, sample_weight)
    found = _ranking.average_precision_of_rows(relevant, scores)
    return mean_of_rows(found, weight)


def row_roc_auc_score(
    y_true: Any, y_score: Any, *, task_types: Any = None, sample_weight: Any = None
) -> float:
    """Area under the ROC curve of each row's labels, on average over rows.

    ``sklearn.metrics.roc_auc_score(average="samples")`` for labels that may be missing:
    the share of pairs of a relevant and another known label of the row in which the
    relevant one has the higher score; ties count half.

    Parameters
    ----------
    y_true : array of shape (n_samples, n_tasks), list or data frame
        As in `label_ranking_average_precision_score`.
    y_score : array of shape (n_samples, n_tasks), data frame, or list of arrays
        As in `label_ranking_average_precision_score`.
    task_types : as the parameter of the estimators, default=None
        Where `y_true` holds only one class of a column.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each row, or of each label.

    Returns
    -------
    float
        Between 0 and 1. Rows whose known labels are all alike are left out; NaN where
        none remains.

    Raises
    ------
    ValueError
        A column has not two classes, or a label has no score.

    See Also
    --------
    task_scores : The area of each column, over rows.

    Examples
    --------
    >>> from sklearn_mtl.metrics import row_roc_auc_score
    >>> y_true = [[1, 0, 0], [0, None, 1]]
    >>> y_score = [[0.75, 0.5, 1.0], [0.2, 0.9, 0.4]]
    >>> row_roc_auc_score(y_true, y_score)
    0.75
    """
    relevant, scores, weight = _read(y_true, y_score, task_types, sample_weight)
    return mean_of_rows(_ranking.row_roc_auc(relevant, scores), weight)


@validate_params(
    {"k": [Interval(Integral, 1, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def precision_at_k_score(
    y_true: Any,
    y_score: Any,
    *,
    k: int = 5,
    task_types: Any = None,
    sample_weight: Any = None,
) -> float:
    """Share of relevant labels among the k that each row ranks highest.

    Parameters
    ----------
    y_true : array of shape (n_samples, n_tasks), list or data frame
        As in `label_ranking_average_precision_score`.
    y_score : array of shape (n_samples, n_tasks), data frame, or list of arrays
        As in `label_ranking_average_precision_score`.
    k : int, default=5
        Labels that are looked at; all known ones of a row that has fewer. Labels that
        share the last place by equal scores count by their mean.
    task_types : as the parameter of the estimators, default=None
        Where `y_true` holds only one class of a column.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each row, or of each label.

    Returns
    -------
    float
        Between 0 and 1; a row without a relevant label counts as 0. NaN where no label
        is left.

    Raises
    ------
    ValueError
        A column has not two classes, or a label has no score.

    See Also
    --------
    row_roc_auc_score : Ranks relevant labels above others.

    Examples
    --------
    >>> from sklearn_mtl.metrics import precision_at_k_score
    >>> y_true = [[1, 0, 1], [0, None, 1]]
    >>> y_score = [[0.75, 0.5, 1.0], [0.2, 0.9, 0.1]]
    >>> precision_at_k_score(y_true, y_score, k=1)
    0.5
    """
    relevant, scores, weight = _read(y_true, y_score, task_types, sample_weight)
    return mean_of_rows(_ranking.precision_of_first(relevant, scores, k), weight)


def _read(
    y_true: Any, y_score: Any, task_types: Any, sample_weight: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Relevance (n, T), scores (n, T), and weights of the rows."""
    truth = Truth(y_true, sample_weight)
    if len(truth.columns) < 2:
        raise ValueError(
            "y_true has a single column, so that a row has nothing to rank. Pass two "
            "columns or more, or use task_scores for one."
        )
    tasks = tasks_of(truth.columns, truth.columns, task_types)
    relevant = np.column_stack(
        [
            _relevance(column, task)
            for column, task in zip(truth.columns, tasks, strict=True)
        ]
    )
    if truth.weight is not None:
        relevant[truth.weight == 0] = np.nan
    scores = _scores(y_score, truth)
    counts = ~np.isnan(relevant)
    unscored = np.argwhere(counts & np.isnan(scores))
    if len(unscored):
        row, t = unscored[0]
        raise ValueError(
            f"Column {truth.table.names[t]!r} has no score in row {row}, where y_true "
            "holds a label. Score every label, or make the label missing."
        )
    return relevant, scores, mean_weight(counts, truth.weight)


def _relevance(column: Column, task: Task) -> np.ndarray:
    """1.0 where a label is the second of two classes, else 0.0; NaN where missing."""
    if not len(column.observed):
        return np.full(len(column), np.nan)
    if not task.is_classifier:
        raise ValueError(
            f"Column {column.name!r} of y_true is read as {task.kind}; it holds "
            f"{column.observed[0]:g}. Pass columns of two classes, such as 0 and 1."
        )
    classes = known_classes(with_classes(task, column, None, None)).tolist()
    if len(classes) > 2:
        raise ValueError(
            f"Column {column.name!r} of y_true has {len(classes)} classes. Leave it "
            "out, or make one column of 0 and 1 of each class."
        )
    codes, levels = column.factorize()
    positive: Any = classes[1] if len(classes) == 2 else 1
    if len(classes) == 1 and column.content == "category":
        raise ValueError(
            f"Column {column.name!r} of y_true holds {classes[0]!r} only, which may be "
            "either of two classes. Pass tasks_ of the fitted estimator as task_types, "
            "or labels 0 and 1."
        )
    is_positive = np.array([level == positive for level in levels] + [np.nan])
    relevance: np.ndarray = is_positive.astype(np.float64)[codes]
    return relevance


def _scores(y_score: Any, truth: Truth) -> np.ndarray:
    names = truth.table.names
    is_by_column = isinstance(y_score, Mapping) or (
        isinstance(y_score, list | tuple)
        and len(y_score) == len(names)
        and all(isinstance(entry, np.ndarray) for entry in y_score)
    )
    if is_by_column:
        entries = per_column(y_score, names, "y_score")
        columns = [
            _positive_scores(name, entry)
            for name, entry in zip(names, entries, strict=True)
        ]
    else:
        table = TargetTable(y_score)
        truth.check_same_columns(table, "y_score")
        columns = [numbers_of(c.name, c, "y_score") for c in table.columns]
    for name, scores in zip(names, columns, strict=True):
        if len(scores) != len(truth.table):
            raise ValueError(
                f"y_score has {len(scores)} rows for column {name!r}, but y_true has "
                f"{len(truth.table)}. Pass one for each row of y_true."
            )
    return np.column_stack(columns)


def _positive_scores(name: Hashable, entry: Any) -> np.ndarray:
    """Scores of the relevant class of a column."""
    scores = np.full(0, np.nan) if entry is None else np.asarray(entry, np.float64)
    if scores.ndim == 2 and scores.shape[1] == 2:
        return scores[:, 1]
    if scores.ndim != 1 or entry is None:
        got = None if entry is None else scores.shape
        raise ValueError(
            f"y_score of column {name!r} is {got or None}: pass scores of shape "
            "(n_rows,), or probabilities of shape (n_rows, 2)."
        )
    return scores
