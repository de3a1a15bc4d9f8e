"""The same network with and without sharing, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from scipy.stats import t as student_t
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, _safe_indexing
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_mtl.estimators._base import BaseMultiTaskNet
from sklearn_mtl.estimators._checks import n_rows_of
from sklearn_mtl.estimators._net_settings import number_of_members
from sklearn_mtl.metrics._predicted import Truth
from sklearn_mtl.metrics._registry import metrics_of
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.training import Teams

MEMBERS_AT_ONCE = 64
"""Members that are trained in one stack; bounds the memory."""


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
    confidence: float = 0.95,
) -> Bunch:
    """Compare the network that all columns share with one network a column.

    Both are trained on the same folds, side by side in one stack: some members learn
    from all columns, others from one each and stop when that one is best. What differs
    is the sharing alone; columns do not go their own way here (``sharing="hard"``).

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, or a Pipeline that ends in one
        Not fitted; a copy is.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
    y : array of shape (n_samples, n_tasks), list or data frame
        Two columns or more; labels may be missing.
    cv : int or splitter, default=5
        Folds; a number makes balanced ones (`MultiTaskStratifiedKFold`), shuffled by
        the estimator's ``random_state``.
    confidence : float, default=0.95
        Confidence of the intervals.

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
        - verdict : list of str, "helped" or "hurt" where the interval is on one side of
          zero, "unclear" elsewhere
        - mean_relative_gain : float, mean over columns of the share of the cost left by
          single networks that sharing removes
        - single_scores, multi_scores : ndarray of shape (n_folds, n_tasks)

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        y has a single column, or `confidence` is not between 0 and 1.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine
       Learning 52, 2003.

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
    transformers, net = _parts_of(estimator)
    table = Truth(y, None).table
    if len(table.columns) < 2:
        raise ValueError(
            "y has a single column, so that there is nothing to share. Pass two "
            "columns or more."
        )
    if isinstance(cv, int | np.integer):
        cv = MultiTaskStratifiedKFold(
            int(cv), shuffle=True, random_state=net.random_state
        )
    single, multi, shares = [], [], []
    for train, test in check_cv(cv).split(X, y):
        data = [_safe_indexing(part, rows) for rows in (train, test) for part in (X, y)]
        if transformers is not None:
            fitted = clone(transformers).fit(data[0], data[1])
            data[0], data[2] = fitted.transform(data[0]), fitted.transform(data[2])
        scores = _score_fold(net, *data)
        single.append(scores[1:].diagonal())
        multi.append(scores[0])
        shares.append(len(test) / len(train))
    return _summary(
        table.names,
        np.array(single),
        np.array(multi),
        float(np.mean(shares)),
        confidence,
    )


def _parts_of(estimator: Any) -> tuple[Any, Any]:
    """Split into the transformers before the net, None without any, and the net."""
    transformers, net = None, estimator
    if isinstance(estimator, Pipeline):
        net = estimator[-1]
        transformers = estimator[:-1] if len(estimator.steps) > 1 else None
    if not isinstance(net, BaseMultiTaskNet):
        raise TypeError(
            f"estimator is a {type(net).__name__}. Pass a MultiTaskNetEstimator, "
            "MultiTaskNetRegressor or MultiTaskNetClassifier, or a Pipeline that ends "
            "in one."
        )
    return transformers, net


def _score_fold(net: Any, X: Any, y: Any, X_test: Any, y_test: Any) -> np.ndarray:
    """Skill of every team on every column, (1 + T, T).

    The first team learns from all columns, the others from one each; NaN where a team
    did not learn the column.
    """
    truth = Truth(y_test, None)
    n_tasks = len(truth.columns)
    scores = np.full((1 + n_tasks, n_tasks), np.nan)
    for teams, fitted in _stacks(net, X, y, n_tasks):
        learned = [range(n_tasks) if team is None else [team] for team in teams]
        members = np.split(np.arange(fitted.net_.module_.n_members), len(teams))
        parts = [r for _, r in fitted._member_responses(X_test, range(n_tasks))]
        responses = [np.concatenate(part, axis=1) for part in zip(*parts, strict=True)]
        for team, tasks, own in zip(teams, learned, members, strict=True):
            place = 0 if team is None else 1 + team
            for t in tasks:
                task, response = fitted.tasks_[t], responses[t][own].mean(axis=0)
                outcome = truth.outcome(t, task, None, response)
                scores[place, t] = metrics_of(task)[0].of(outcome)
    return scores


def _stacks(
    net: Any, X: Any, y: Any, n_tasks: int
) -> Iterator[tuple[list[int | None], Any]]:
    """Fit all teams, as many together as memory and rows allow.

    Yields
    ------
    teams : list of int or None
        The column that each learns from, None for all of them.
    fitted : estimator
        Its members stand team after team.
    """
    n_rows = n_rows_of(X)
    size = number_of_members(net, n_rows, net.early_stopping)
    teams: list[int | None] = [None, *range(n_tasks)]
    together = max(1, min(MEMBERS_AT_ONCE, n_rows) // size)
    for start in range(0, len(teams), together):
        chosen = teams[start : start + together]
        fitted = clone(net).set_params(
            n_members=size * len(chosen),
            sharing="hard",
            calibrate=False,
            warm_start=False,
            callbacks=[*(net.callbacks or []), Teams(chosen)],
        )
        if size > 1 and net.n_members == "auto":
            fitted.set_params(validation_fraction=1 / size)  # all teams on one split
        yield chosen, fitted.fit(X, y)


def _summary(
    names: list[Any],
    single: np.ndarray,
    multi: np.ndarray,
    test_share: float,
    confidence: float,
) -> Bunch:
    difference = multi - single
    n_folds = len(difference)
    mean = difference.mean(axis=0)
    half = np.full(len(mean), np.nan)
    if n_folds > 1:
        error = difference.std(axis=0, ddof=1) * np.sqrt(1 / n_folds + test_share)
        half = error * student_t.ppf(0.5 + confidence / 2, n_folds - 1)
    interval = np.column_stack([mean - half, mean + half])
    left = 1.0 - single.mean(axis=0)
    relative = mean[left > 0] / left[left > 0]
    return Bunch(
        task_names=names,
        single=single.mean(axis=0),
        multi=multi.mean(axis=0),
        difference=mean,
        interval=interval,
        verdict=[_verdict(low, high) for low, high in interval],
        mean_relative_gain=float(np.nanmean(relative)) if len(relative) else np.nan,
        single_scores=single,
        multi_scores=multi,
    )


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "helped"
    return "hurt" if high < 0 else "unclear"
