"""The way of one fit, from X and y to all that is learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import (
    Codings,
    learn_codings,
    with_further_tasks,
    with_task_weights,
)
from sklearn_mtl.estimators._fit_tasks import FitTasks
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._freeze import labels_read
from sklearn_mtl.estimators._kinds import further_tasks, tasks_of
from sklearn_mtl.estimators._lessons import check_can_teach, learn_lessons
from sklearn_mtl.estimators._nets import Trained, Windows, train_nets
from sklearn_mtl.estimators._parameters import check_parts
from sklearn_mtl.estimators._reading import Table, read_table
from sklearn_mtl.estimators._rows import Rows, labelled_rows, validation_rows
from sklearn_mtl.estimators._teaching_record import teaching_record
from sklearn_mtl.estimators._trust import Trust, trust_of
from sklearn_mtl.estimators._user_folds import asks_for_folds
from sklearn_mtl.estimators._warm_start import check_can_go_on
from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables import (
    Container,
    FeatureEncoder,
    first_shifted,
    refuse_unreadable_rows,
    varied_since,
)
from sklearn_mtl.tasks import warn_of_unknown_classes
from sklearn_mtl.training import (
    Course,
    Members,
    mean_gate_weights,
    std_of_shared,
    usual_torch_modes,
)


@dataclass(frozen=True, eq=False)
class Fitted:
    """All that one fit learned.

    Attributes
    ----------
    stack : FittedStack
    unit_std : ndarray of shape (K * U,), or None
        How much every shared unit varies over some rows; None for a module that does
        not tell which they are.
    gate_usage : ndarray of shape (K, T, E), or None
        How much each task reads of each expert; None where there are no gates.
    trust : Trust
    teaching : list of dict
        One a column that has a teacher.
    """

    stack: FittedStack
    unit_std: np.ndarray | None
    gate_usage: np.ndarray | None
    trust: Trust
    teaching: list[dict[str, Any]]


def fit_table(
    estimator: Any,
    table: Table,
    validation: Table | None,
    before: Fitted | None,
    *,
    classes: Any = None,
    epochs: int | None = None,
    holds_out: bool = True,
    arrange: Callable[[Members], Members] | None = None,
    windows: Windows | None = None,
    course: Course,
) -> Fitted:
    """Learn from a table.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
        Says its parameters; it is left as it is.
    table : Table
    validation : Table or None
        Rows to stop on, instead of those that members hold out.
    before : Fitted or None
        To go on with; its nets are trained on, or handed on where there are further
        columns.
    classes : list, dict or array
        All classes of each column, as `partial_fit` takes them.
    epochs : int or None
        None for the most that the estimator allows.
    holds_out : bool
        Whether members may hold out rows.
    arrange : callable or None
        Makes other members of those that the estimator's parameters say.
    windows : callable or None
        Makes tables of which each epoch reads one, of rows that `table` is a sample of.
    course : Course
        When training ends at the latest; what ended it stands there afterwards.
    """
    earlier = None if before is None else before.stack
    if before is not None:
        table = labels_read(estimator, table, before.stack)
    if estimator.teachers:
        judges = validation is not None or (
            holds_out
            and (estimator.early_stopping or asks_for_folds(estimator, table.groups))
        )
        check_can_teach(estimator, earlier is None, judges)
    rows = labelled_rows(table)
    if earlier is None:
        tasks = tasks_of(estimator, rows.columns, classes, table.y.container)
        rows = rows.completed(tasks).weighed(tasks, estimator.class_weight)
        codings = learn_codings(estimator, rows, tasks, table.y.container)
    else:
        rows, codings = _codings_to_go_on_with(
            estimator, earlier.codings, rows, table.y.container
        )
        refuse_unreadable_rows(codings.encoder, table.X, rows.left_out)
        _warn_of_muted_columns(codings.encoder, rows.X)
    if isinstance(course.watcher, FitTasks):
        course.watcher.codings = codings
    warn_of_unknown_classes(codings.tasks, rows.columns, estimator.class_weight)
    to_stop_on = None
    if validation is not None:
        to_stop_on = validation_rows(validation)
        _warn_of_another_scale(codings.encoder, to_stop_on.X)
        to_stop_on = to_stop_on.completed(codings.tasks)
        to_stop_on = to_stop_on.weighed(codings.tasks, estimator.class_weight)
    ask_teachers = None
    if estimator.teachers:
        ask_teachers = partial(
            learn_lessons, estimator, codings, table, rows, to_stop_on
        )
    trained = train_nets(
        estimator,
        codings,
        rows,
        to_stop_on,
        earlier,
        epochs=epochs,
        holds_out=holds_out,
        arrange=arrange,
        windows=windows,
        ask_teachers=ask_teachers,
        course=course,
    )
    fitted = learned_by(estimator, codings, trained, rows, to_stop_on)
    return fitted if before is None else keep_what_is_held(fitted, before, trained.held)


def _codings_to_go_on_with(
    estimator: Any, earlier: Codings, rows: Rows, container: Container
) -> tuple[Rows, Codings]:
    """Weigh tasks and labels anew, and learn what further columns mean."""
    n_known = len(earlier.tasks)
    scoring_weight = rows.scoring_weight[:, :n_known]
    check_can_go_on(earlier.tasks, rows.columns[:n_known], scoring_weight)
    if len(rows.columns) == n_known:
        codings = with_task_weights(earlier, estimator.task_weights)
        rows = rows.completed(codings.tasks)
        return rows.weighed(codings.tasks, estimator.class_weight), codings
    tasks = [*earlier.tasks, *further_tasks(estimator, rows.columns, earlier.tasks)]
    rows = rows.completed(tasks).weighed(tasks, estimator.class_weight)
    return rows, with_further_tasks(earlier, estimator, rows, tasks, container)


def learned_by(
    estimator: Any,
    codings: Codings,
    trained: Trained,
    rows: Rows,
    to_stop_on: Rows | None,
) -> Fitted:
    """Put together what a fit learned, and how far it can be trusted.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
    codings : Codings
    trained : Trained
    rows : Rows
        Those that were trained on.
    to_stop_on : Rows or None
        Those that members stopped on, where these are others.
    """
    stack = FittedStack(
        net=trained.net,
        own_net=trained.own_net,
        codings=codings,
        shrinkage=np.ones(len(codings.predicted)),
        temperature=np.ones(len(codings.predicted)),
        fold_seed=trained.fold_seed,
    )
    if to_stop_on is not None:
        to_stop_on = to_stop_on.of_columns(codings.predicted)
    trust = trust_of(
        stack,
        trained.rows,
        rows.of_columns(codings.predicted),
        to_stop_on,
        calibrates=bool(estimator.calibrate),
    )
    calibrated = replace(
        stack, shrinkage=trust.shrinkage, temperature=trust.temperature
    )
    return Fitted(
        stack=calibrated,
        unit_std=std_of_shared(trained.net.module_, trained.rows.table),
        gate_usage=mean_gate_weights(trained.net.module_, trained.rows.table),
        trust=trust,
        teaching=[]
        if trained.taught is None
        else teaching_record(calibrated, trained.taught, rows, to_stop_on),
    )


def keep_what_is_held(fitted: Fitted, before: Fitted, held: Sequence[int]) -> Fitted:
    """Keep what an earlier fit learned of the columns that were not trained.

    Parameters
    ----------
    fitted, before : Fitted
        Of this fit and of the one before.
    held : sequence of int
        Columns of which no weight has changed.
    """
    if not held:
        return fitted
    trust = fitted.trust.keeping(before.trust, held, fitted.stack.codings.tasks)
    known, unit_std = before.unit_std, fitted.unit_std
    if known is not None and unit_std is not None and len(known) == len(unit_std):
        unit_std = known
    return replace(
        fitted,
        stack=replace(
            fitted.stack, shrinkage=trust.shrinkage, temperature=trust.temperature
        ),
        unit_std=unit_std,
        trust=trust,
    )


def _warn_of_muted_columns(encoder: FeatureEncoder, X: Any) -> None:
    """Warn of columns that vary since the call which learned how X is read."""
    found = varied_since(encoder, X)
    if found:
        name, saw, holds = found[0]
        others = f" (and {len(found) - 1} more columns)" if len(found) > 1 else ""
        warn(
            f"Column {name!r} of X{others} holds {holds!r}, but the first call saw "
            f"{saw}, so that the column is read as constant for good. Let the first "
            "call have rows in which it varies, or fit anew on all rows."
        )


def _warn_of_another_scale(encoder: FeatureEncoder, X_val: Any) -> None:
    """Warn of rows to stop on that a step before the net has not transformed."""
    shift = first_shifted(encoder, X_val)
    if shift is not None:
        warn(
            f"X_val lies far outside of X: its column {shift.name!r} has the median "
            f"{shift.median:.4g}, where X has the mean {shift.mean:.4g} and the "
            f"standard deviation {shift.std:.4g}. A Pipeline transforms X_val only if "
            'it is told so: Pipeline(..., transform_input=["X_val"]).'
        )


def fit_arranged(
    estimator: Any,
    X: Any,
    y: Any,
    arrange: Callable[[Members], Members],
    groups: Any = None,
) -> Fitted:
    """Learn from X and y with other members than the estimator's parameters say.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
        Says its parameters; it is left as it is.
    X, y : as in ``fit``
    arrange : callable
        Makes members of those that the parameters say.
    groups : as in ``fit``

    Raises
    ------
    KeyboardInterrupt
        Where Ctrl-C ended training: members that were broken off compare with none.
    """
    course = Course(estimator.time_limit)
    estimator._validate_params()
    check_parts(estimator)
    table = read_table(estimator, X, y, None, None, groups)
    with usual_torch_modes():
        fitted = fit_table(estimator, table, None, None, arrange=arrange, course=course)
    if course.ended_by == "interrupt":
        raise KeyboardInterrupt
    return fitted
