"""Columns that serve others as outputs: of y, and of X."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_mtl.estimators import n_rows_of
from sklearn_mtl.exceptions import NegativeTransferWarning
from sklearn_mtl.inspection._auxiliary_report import AuxiliaryReport, Served
from sklearn_mtl.inspection._single_task import holm_adjusted, verdict_on
from sklearn_mtl.inspection._teams import (
    Fold,
    Team,
    folds_of,
    paired_interval,
    paired_p_values,
    parts_of,
    rows_of_folds,
    skill_of_teams,
)
from sklearn_mtl.metrics import Truth, mean_of_known, positions_of
from sklearn_mtl.tables import Roles, moved_to_y, names_of, read_roles

OF_COLUMNS = ("task_types", "task_weights", "class_weight")
"""Parameters that may be lists of one entry a column of y."""


class Trial(NamedTuple):
    """What a team learns, and by which columns it stops and is scored."""

    learned: Team
    scored: Team


@validate_params(
    {"confidence": [Interval(Real, 0, 1, closed="neither")]},
    prefer_skip_nested_validation=True,
)
def suggest_auxiliary(
    estimator: Any,
    X: Any,
    y: Any,
    tasks: Any = None,
    features: Any = (),
    cv: Any = 5,
    *,
    groups: Any = None,
    confidence: float = 0.95,
) -> AuxiliaryReport:
    """Tell which columns serve the others by being learned, on held-out rows.

    A column of y is tried as an auxiliary one (parameter `auxiliary`): what do the
    others gain if it is learned beside them, over being dropped? A column of X is tried
    as one, too: what do the columns of y gain if it is an output of the network instead
    of an input [1]_? In the first case all trials of a fold are members of one stack,
    alike in all but the columns that they learn; each column of X takes a further stack
    a fold. As in `compare_single_task`, columns do not go their own way here.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, or a Pipeline that ends in one
        Not fitted; a copy is. What its `auxiliary` names is not scored.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Features; cells may be missing.
    y : array of shape (n_samples, n_tasks), list or data frame
        Labels may be missing.
    tasks : name, int or list of them, default=None
        Columns of y to try. If None, those that `auxiliary` of the estimator names, or
        all where it names none; pass ``[]`` for none.
    features : name, int or list of them, default=()
        Columns of X to try, by name or position. Not behind steps of a Pipeline.
    cv : int or splitter, default=5
        Folds; a number makes balanced ones (`MultiTaskStratifiedKFold`), shuffled by
        the estimator's ``random_state``.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together; `cv` and the members hold them out as a whole.
    confidence : float, default=0.95
        Confidence of each interval, and of all verdicts together.

    Returns
    -------
    AuxiliaryReport
        With a line a column that was tried, and ``suggested``: the names of those whose
        gain is not by chance, their p-values of the paired test over folds being
        adjusted for the number of columns by Holm's method.

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        A column is not there, or nothing is left to be scored or tried.

    See Also
    --------
    compare_single_task : What each column gains by all others.

    References
    ----------
    .. [1] R. Caruana, V. R. de Sa, "Promoting Poor Features to Supervisors: Some Inputs
       Work Better as Outputs", NIPS 1996.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_student_performance
    >>> from sklearn_mtl.inspection import suggest_auxiliary
    >>> X, y = load_student_performance(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetRegressor(
    ...     hidden_layer_sizes=(8,),
    ...     n_members=2,
    ...     max_iter=5,
    ...     auxiliary=["G1", "G2"],
    ...     random_state=0,
    ... )
    >>> found = suggest_auxiliary(net, X, y[["G1", "G2", "G3"]], cv=2)
    >>> [served.name for served in found]
    ['G1', 'G2']
    >>> set(found.suggested) <= {"G1", "G2"}
    True
    """
    transformers, net = parts_of(estimator)
    names = Truth(y, None).table.names
    roles = read_roles(net.auxiliary, names)
    of_y = _tried_of_y(tasks, roles)
    of_X = _tried_of_X(features, X, net, transformers)
    if not of_y and not of_X:
        raise ValueError(
            "There is no column to try. Name columns of y in tasks, where one other is "
            "left to gain by them, or columns of X in features."
        )
    pairs = rows_of_folds(net, X, y, cv, groups)
    trials = _trials(of_y, roles)
    folds = list(folds_of(transformers, net, X, y, pairs, groups))
    scores = np.array([_scores(net, fold, trials) for fold in folds])
    share = float(np.mean([n_rows_of(f.X_test) / n_rows_of(f.X) for f in folds]))
    tried = [("y", names[t]) for t in of_y]
    learned = [scores[:, trials.index(_with(roles, t))] for t in of_y]
    without = [scores[:, trials.index(_without(roles, t))] for t in of_y]
    for j in of_X:
        moved = moved_to_y(X, y, j)
        tried.append(("X", names_of(X)[j]))
        learned.append(_as_outputs(net, roles, *moved, pairs, groups))
        without.append(scores[:, trials.index(_base(roles))])
    return _report(tried, np.array(learned).T, np.array(without).T, share, confidence)


def _tried_of_y(tasks: Any, roles: Roles) -> list[int]:
    """Positions of the columns of y that are tried; one other must be left."""
    if tasks is None:
        tried = list(roles.auxiliary or range(len(roles.names)))
        return tried if len(roles.names) > 1 else []
    none_named = isinstance(tasks, list | tuple) and not tasks
    tried = [] if none_named else positions_of(tasks, roles.names)
    _refuse_twice(tried, roles.names, "tasks")
    for t in tried:
        if not _scored_beside(roles, t):
            raise ValueError(
                f"tasks names {roles.names[t]!r}, beside which no column is predicted "
                "that could gain. Leave one to be predicted out of auxiliary, or pass "
                "y with another column."
            )
    return tried


def _tried_of_X(features: Any, X: Any, net: Any, transformers: Any) -> list[int]:
    """Positions of the columns of X that are tried."""
    names = names_of(X)
    none_named = isinstance(features, list | tuple) and not features
    if features is None or none_named:
        return []
    if transformers is not None:
        raise ValueError(
            f"features={features!r} are columns that steps of the Pipeline may need. "
            "Pass the network by itself, and X past those steps."
        )
    if not isinstance(net.categorical_features, str | None):
        raise ValueError(
            "features cannot be taken out of X where categorical_features names "
            "columns. Leave it at 'from_dtype', with X a data frame."
        )
    tried = positions_of(features, names, parameter="features", of="X")
    _refuse_twice(tried, names, "features")
    if len(tried) and len(names) < 2:
        raise ValueError("X has a single column. Pass one more that is left in X.")
    return tried


def _refuse_twice(tried: list[int], names: Sequence[Hashable], parameter: str) -> None:
    twice = [t for t in tried if tried.count(t) > 1]
    if twice:
        raise ValueError(
            f"{parameter} names {names[twice[0]]!r} twice. Name each column once."
        )


def _scored_beside(roles: Roles, t: int) -> Team:
    return tuple(s for s in roles.predicted if s != t)


def _base(roles: Roles) -> Trial:
    return Trial(tuple(range(len(roles.names))), tuple(roles.predicted))


def _with(roles: Roles, t: int) -> Trial:
    return Trial(tuple(range(len(roles.names))), _scored_beside(roles, t))


def _without(roles: Roles, t: int) -> Trial:
    others = tuple(s for s in range(len(roles.names)) if s != t)
    return Trial(others, _scored_beside(roles, t))


def _trials(of_y: list[int], roles: Roles) -> list[Trial]:
    """All trials on X as it is, each once."""
    each = [trial(roles, t) for t in of_y for trial in (_with, _without)]
    return list(dict.fromkeys([_base(roles), *each]))


def _scores(net: Any, fold: Fold, trials: Sequence[Trial]) -> list[float]:
    """Mean skill of each trial over the columns that it is scored by."""
    learned, scored = zip(*trials, strict=True)
    with warnings.catch_warnings():
        # Whether columns harm each other is what the report tells.
        warnings.simplefilter("ignore", NegativeTransferWarning)
        skill = skill_of_teams(net, fold, learned, scored)
    return [
        mean_of_known(own[list(columns)])
        for own, columns in zip(skill, scored, strict=True)
    ]


def _as_outputs(
    net: Any, roles: Roles, X: Any, y: Any, pairs: list[Any], groups: Any
) -> np.ndarray:
    """Mean skill (n_folds,) of the predicted columns beside a last one of y."""
    number = len(roles.names)
    wider = _with_one_more(net, number)
    trial = [Trial(tuple(range(number + 1)), tuple(roles.predicted))]
    folds = folds_of(None, wider, X, y, pairs, groups)
    return np.array([_scores(wider, fold, trial)[0] for fold in folds])


def _with_one_more(net: Any, number: int) -> Any:
    """Copy a net for one more column of y, of which lists say nothing."""
    changed = {}
    for name in OF_COLUMNS:
        value = getattr(net, name)
        if name == "task_types" and value is not None and not _is_by_column(value):
            value = [value] * number
        is_list = isinstance(value, list | tuple | np.ndarray) and len(value) == number
        if is_list:
            changed[name] = [*value, None]
    return clone(net).set_params(**changed)


def _is_by_column(value: Any) -> bool:
    return isinstance(value, dict | list | tuple | np.ndarray)


def _report(
    tried: list[tuple[str, Hashable]],
    learned: np.ndarray,
    without: np.ndarray,
    test_share: float,
    confidence: float,
) -> AuxiliaryReport:
    """Compare skills (n_folds, n_tried)."""
    gains = learned - without
    interval = paired_interval(gains, test_share, confidence)
    p_values = holm_adjusted(paired_p_values(gains, test_share))
    return AuxiliaryReport(
        tuple(
            Served(
                name=name,
                table=table,
                learned=float(learned[:, i].mean()),
                without=float(without[:, i].mean()),
                gain=float(gains[:, i].mean()),
                low=float(interval[i, 0]),
                high=float(interval[i, 1]),
                p_value=float(p_values[i]),
                verdict=verdict_on(
                    float(gains[:, i].mean()), bool(p_values[i] < 1.0 - confidence)
                ),
            )
            for i, (table, name) in enumerate(tried)
        )
    )
