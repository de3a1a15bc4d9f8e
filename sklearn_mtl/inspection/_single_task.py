"""The same network with and without sharing, column by column."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_mtl.estimators import n_rows_of
from sklearn_mtl.inspection._teams import (
    everyone_and_each,
    folds_of,
    paired_interval,
    paired_p_values,
    parts_of,
    read_columns,
    skill_of_teams,
)


@validate_params(
    {"confidence": [Interval(Real, 0, 1, closed="neither")]},
    prefer_skip_nested_validation=True,
)
def compare_single_task(
    estimator: Any,
    X: Any,
    y: Any,
    cv: Any = 5,
    *,
    groups: Any = None,
    confidence: float = 0.95,
) -> Bunch:
    """Compare the network that all columns share with one network a column.

    Both are trained on the same folds, side by side in one stack: some members learn
    from all columns, others from one each and stop when that one is best. What differs
    is the sharing alone; columns do not go their own way here (``own_nets="never"``).
    Of columns that belong together, a part of a `Simplex` alone is a share against the
    rest, and a column of a `ClassTree` is learned with those above it.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, or a Pipeline that ends in one
        Not fitted; a copy is.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Features; cells may be missing.
    y : array of shape (n_samples, n_tasks), list or data frame
        Two columns or more; labels may be missing.
    cv : int or splitter, default=5
        Folds; a number makes balanced ones (`MultiTaskStratifiedKFold`), shuffled by
        the estimator's ``random_state``.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together; `cv` and the members hold them out as a whole.
    confidence : float, default=0.95
        Confidence of each interval, and of all verdicts together.

    Returns
    -------
    Bunch
        With these attributes:

        - task_names : list of length n_tasks
        - single, multi : ndarray of shape (n_tasks,), mean skill over folds without and
          with sharing
        - difference : ndarray of shape (n_tasks,), ``multi - single``
        - interval : ndarray of shape (n_tasks, 2), paired confidence interval of the
          difference over folds, its variance corrected for the rows that training sets
          share [1]_; NaN with one fold
        - p_value : ndarray of shape (n_tasks,), of the same paired test, adjusted for
          the number of columns by Holm's method [2]_; NaN with one fold
        - verdict : list of str, "helped" or "hurt" where the p-value is below
          ``1 - confidence``, "unclear" elsewhere: with that confidence none of these
          verdicts is by chance, however many columns there are
        - mean_relative_gain : float, mean over columns of the share of the cost left by
          single networks that sharing removes
        - single_scores, multi_scores : ndarray of shape (n_folds, n_tasks)

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        y has a single column, or `confidence` is not between 0 and 1.

    See Also
    --------
    compare_sharing : Other ways of sharing than one trunk for all.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine
       Learning 52, 2003.
    .. [2] S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
       Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.inspection import compare_single_task
    >>> X, y = make_multitask(
    ...     150, n_features=8, n_tasks=6, relatedness=1.0, noise=1.0, random_state=0
    ... )
    >>> net = MultiTaskNetEstimator(
    ...     hidden_layer_sizes=(32,),
    ...     n_members=2,
    ...     max_iter=60,
    ...     learning_rate_init=0.01,
    ...     random_state=0,
    ... )
    >>> result = compare_single_task(net, X, y, cv=3)
    >>> result.mean_relative_gain > 0
    True
    >>> result.difference.shape, result.interval.shape
    ((6,), (6, 2))
    """
    transformers, net = parts_of(estimator)
    table = read_columns(y)
    teams = everyone_and_each(len(table.columns))
    single, multi, shares = [], [], []
    for fold in folds_of(transformers, net, X, y, cv, groups):
        scores = skill_of_teams(net, fold, teams)
        single.append(scores[1:].diagonal())
        multi.append(scores[0])
        shares.append(n_rows_of(fold.X_test) / n_rows_of(fold.X))
    return _summary(
        table.names,
        np.array(single),
        np.array(multi),
        float(np.mean(shares)),
        confidence,
    )


def _summary(
    names: list[Any],
    single: np.ndarray,
    multi: np.ndarray,
    test_share: float,
    confidence: float,
) -> Bunch:
    difference = multi - single
    mean = difference.mean(axis=0)
    interval = paired_interval(difference, test_share, confidence)
    p_value = holm_adjusted(paired_p_values(difference, test_share))
    left = 1.0 - single.mean(axis=0)
    relative = mean[left > 0] / left[left > 0]
    return Bunch(
        task_names=names,
        single=single.mean(axis=0),
        multi=multi.mean(axis=0),
        difference=mean,
        interval=interval,
        p_value=p_value,
        verdict=[
            verdict_on(gain, bool(p < 1.0 - confidence))
            for gain, p in zip(mean, p_value, strict=True)
        ],
        mean_relative_gain=float(np.nanmean(relative)) if len(relative) else np.nan,
        single_scores=single,
        multi_scores=multi,
    )


def verdict_on(gain: float, is_clear: bool) -> str:
    """Name what a gain, or a loss, is that may be by chance."""
    if not is_clear:
        return "unclear"
    return "helped" if gain > 0 else "hurt"


def holm_adjusted(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values for their number by Holm's method; NaN ones do not count.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.inspection._single_task import holm_adjusted
    >>> holm_adjusted(np.array([0.04, 0.01, 0.03])).round(3).tolist()
    [0.06, 0.03, 0.06]
    """
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known])]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
