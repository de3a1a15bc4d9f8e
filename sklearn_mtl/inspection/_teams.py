"""The same network trained by several teams of columns, on the same folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student_t
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from sklearn_mtl.estimators import (
    BaseMultiTaskNet,
    FittedStack,
    fit_arranged,
    n_rows_of,
    number_of_members,
    watch_weights,
)
from sklearn_mtl.metrics import Truth, metrics_of
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedGroupKFold,
    MultiTaskStratifiedKFold,
    check_has_rows,
    pairs_of,
)
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import relatives
from sklearn_mtl.training import Members
from sklearn_mtl.training import teams as teams_of_columns

MEMBERS_AT_ONCE = 64
"""Members that are trained in one stack; bounds the memory."""

Team = tuple[int, ...]
"""Positions of the columns that some members learn from."""


class Fold(NamedTuple):
    """Rows to train on and rows to score, past the transformers of a Pipeline.

    `test` are the positions of the latter among all rows.
    """

    X: Any
    y: Any
    X_test: Any
    y_test: Any
    groups: Any = None
    test: Any = None


def parts_of(estimator: Any) -> tuple[Any, Any]:
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


def read_columns(y: Any) -> TargetTable:
    """Read y; it must have several columns."""
    table = Truth(y, None).table
    if len(table.columns) < 2:
        raise ValueError(
            "y has a single column, so that there is nothing to share. Pass two "
            "columns or more."
        )
    return table


def rows_of_folds(net: Any, X: Any, y: Any, cv: Any, groups: Any = None) -> list[Any]:
    """Split the rows; a number of folds makes balanced ones, of whole groups if any."""
    check_has_rows(X)
    if isinstance(cv, int | np.integer):
        grouped = groups is not None
        kind: Any = (
            MultiTaskStratifiedGroupKFold if grouped else MultiTaskStratifiedKFold
        )
        cv = kind(int(cv), shuffle=True, random_state=net.random_state)
    return list(pairs_of(cv, X, y, groups, n_rows_of(X)))


def folds_of(
    transformers: Any, net: Any, X: Any, y: Any, cv: Any, groups: Any = None
) -> Iterator[Fold]:
    """Give the rows of each fold, past the transformers, which are fitted to it."""
    for train, test in rows_of_folds(net, X, y, cv, groups):
        X_train, X_test = (_safe_indexing(X, rows) for rows in (train, test))
        y_train, y_test = (_safe_indexing(y, rows) for rows in (train, test))
        if transformers is not None:
            fitted = clone(transformers).fit(X_train, y_train)
            X_train, X_test = fitted.transform(X_train), fitted.transform(X_test)
        own = None if groups is None else _safe_indexing(groups, train)
        yield Fold(X_train, y_train, X_test, y_test, own, test)


def shared_net(net: Any, callbacks: Sequence[Any], **settings: Any) -> Any:
    """Copy a net so that nothing but one shared network is trained, with callbacks.

    Auxiliary columns of y are compared with the others as any of them.
    """
    return clone(net).set_params(
        own_nets="never",
        calibrate=False,
        warm_start=False,
        teachers=None,
        auxiliary=None,
        callbacks=[*(net.callbacks or []), *callbacks],
        **settings,
    )


def everyone_and_each(n_tasks: int) -> list[Team]:
    """Return the team of all columns, then one of each column alone."""
    return [tuple(range(n_tasks)), *((t,) for t in range(n_tasks))]


def each_and_pairs(n_tasks: int) -> list[Team]:
    """Return a team of each column alone, then one of each pair."""
    return [*((t,) for t in range(n_tasks)), *combinations(range(n_tasks), 2)]


def skill_of_teams(
    net: Any,
    fold: Fold,
    teams: Sequence[Team],
    scored: Sequence[Team] | None = None,
) -> np.ndarray:
    """Skill of every team on every column, (n_teams, T).

    NaN where a column is not of the team. A team learns the columns too without which
    one of its own is not defined, as those above it in a tree of classes.

    Parameters
    ----------
    net : MultiTaskNetEstimator or a sibling
    fold : Fold
    teams : sequence of tuple of int
        Columns that each team learns from.
    scored : sequence of tuple of int, default=None
        Columns that each team is asked for, the others being auxiliary; all of its own
        by default.
    """
    truth = Truth(fold.y_test, None)
    n_tasks = len(truth.columns)
    scores = np.full((len(teams), n_tasks), np.nan)
    first = 0
    asked = _with_relatives(net, fold, teams) if scored is None else scored
    for chosen, stack in _stacks(net, fold, teams, asked):
        candidate = stack.net.members.candidate
        learned = [
            (team, t, np.flatnonzero(candidate == team))
            for team, columns in enumerate(chosen)
            for t in columns
        ]
        ask = _ask([(t, own) for _, t, own in learned])
        responses = stack.map_responses(ask, fold.X_test)
        for (team, t, _), response in zip(learned, responses, strict=True):
            task = stack.codings.tasks[t]
            outcome = truth.outcome(t, task, None, response)
            scores[first + team, t] = metrics_of(task)[0].of(outcome)
        first += len(chosen)
    return scores


def _ask(whom: list[tuple[int, np.ndarray]]) -> Callable[..., list[np.ndarray]]:
    """Mean response of some members for a column, of each pair of these."""

    def means(features: Any, responses: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [responses[t][members].mean(axis=0) for t, members in whom]

    return means


def _stacks(
    net: Any, fold: Fold, teams: Sequence[Team], scored: Sequence[Team]
) -> Iterator[tuple[Sequence[Team], FittedStack]]:
    """Fit all teams, as many together as memory allows.

    Yields
    ------
    teams : sequence of tuple of int
    stack : FittedStack
        The candidate of a member is its team's position.
    """
    size = number_of_members(net.n_members, n_rows_of(fold.X), net.early_stopping)
    together = max(1, MEMBERS_AT_ONCE // size)
    labels = np.array([(~c.missing).sum() for c in Truth(fold.y, None).columns])
    for start in range(0, len(teams), together):
        chosen = teams[start : start + together]
        of_them = scored[start : start + together]
        arrange = partial(
            _arranged,
            teams=_with_relatives(net, fold, chosen),
            scored=of_them,
            labels=labels,
        )
        yield chosen, _fitted(net, fold, arrange)


def _with_relatives(net: Any, fold: Fold, teams: Sequence[Team]) -> list[Team]:
    names = Truth(fold.y, None).table.names
    related = relatives(net.task_types, names)
    return [tuple(sorted({r for t in team for r in related[t]})) for team in teams]


def _arranged(
    members: Members,
    teams: Sequence[Team],
    scored: Sequence[Team],
    labels: np.ndarray,
) -> Members:
    """Let copies of members be teams, each of which is asked for some columns."""
    stacked = teams_of_columns(members, teams)
    watched = np.ones_like(stacked.watched)
    for k, team in enumerate(stacked.candidate):
        own, asked = list(teams[team]), scored[team]
        watched[k, own] = watch_weights(
            stacked.task_weight[k, own], labels[own], [own.index(t) for t in asked]
        )
    return replace(stacked, watched=watched)


def _fitted(net: Any, fold: Fold, arrange: Any) -> FittedStack:
    net = shared_net(net, [])
    return fit_arranged(net, fold.X, fold.y, arrange, fold.groups).stack


def error_over_folds(values: np.ndarray, test_share: float) -> np.ndarray:
    """Tell the standard error of a mean over folds, the first axis; NaN with one fold.

    Corrected for the rows that training sets share (Nadeau and Bengio 2003).
    """
    n_folds = len(values)
    if n_folds < 2:
        return np.full(values.shape[1:], np.nan)
    spread: np.ndarray = values.std(axis=0, ddof=1)
    return spread * np.sqrt(1 / n_folds + test_share)


def paired_p_values(difference: np.ndarray, test_share: float) -> np.ndarray:
    """Two-sided p-values of means over folds, the first axis, that differ from zero."""
    mean, error = difference.mean(axis=0), error_over_folds(difference, test_share)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(mean == 0, 0.0 * error, np.abs(mean) / error)
    p: np.ndarray = 2.0 * student_t.sf(t, max(len(difference) - 1, 1))
    return p


def paired_interval(
    difference: np.ndarray, test_share: float, confidence: float
) -> np.ndarray:
    """Confidence interval, (..., 2), of means over folds, the first axis."""
    mean, n_folds = difference.mean(axis=0), len(difference)
    error = error_over_folds(difference, test_share)
    half = error * student_t.ppf(0.5 + confidence / 2, max(n_folds - 1, 1))
    return np.stack([mean - half, mean + half], axis=-1)
