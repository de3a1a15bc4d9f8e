"""The way of one fit, from X and y to all that is learned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from sklearn_mtl.estimators._codings import Codings, learn_codings
from sklearn_mtl.estimators._conformal import Conformal
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._held_out import HeldOut, collect
from sklearn_mtl.estimators._kinds import tasks_of
from sklearn_mtl.estimators._nets import train_nets
from sklearn_mtl.estimators._reading import Table, check_same_columns
from sklearn_mtl.estimators._rows import Rows, labelled_rows, validation_rows
from sklearn_mtl.training import std_of_shared


@dataclass(frozen=True, eq=False)
class Fitted:
    """All that one fit learned.

    Attributes
    ----------
    stack : FittedStack
    unit_std : ndarray of shape (K * h,)
        How much every shared unit varies over some rows.
    residual_std : ndarray of shape (n_tasks,)
        NaN for classes.
    conformal : Conformal or None
        None where no rows were held out.
    oof_predictions : list of ndarray of shape (n_passed,), or None
        Of each task, for the rows of the user's X; None where none were held out.
    oof_score : float
        NaN without these.
    """

    stack: FittedStack
    unit_std: np.ndarray
    residual_std: np.ndarray
    conformal: Conformal | None
    oof_predictions: list[np.ndarray] | None
    oof_score: float


def fit_table(
    estimator: Any,
    table: Table,
    validation: Table | None,
    earlier: FittedStack | None,
    *,
    classes: Any = None,
    epochs: int | None = None,
    holds_out: bool = True,
) -> Fitted:
    """Learn from a table.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
        Says its parameters; it is left as it is.
    table : Table
    validation : Table or None
        Rows to stop on, instead of those that members hold out.
    earlier : FittedStack or None
        To go on with; its nets are trained on.
    classes : list, dict or array
        All classes of each column, as `partial_fit` takes them.
    epochs : int or None
        None for the most that the estimator allows.
    holds_out : bool
        Whether members may hold out rows.
    """
    rows = labelled_rows(table)
    if earlier is None:
        one_dimensional = table.y.container.ndim == 1
        tasks = tasks_of(
            estimator, rows.columns, classes, one_dimensional=one_dimensional
        )
        rows = rows.weighed(tasks, estimator.class_weight)
        codings = learn_codings(estimator, rows, tasks, table.y.container)
    else:
        codings = earlier.codings
        check_same_columns(table.y, codings.names, name="y")
        rows = rows.weighed(codings.tasks, estimator.class_weight)
    to_stop_on = None
    if validation is not None:
        check_same_columns(validation.y, codings.names, name="y_val")
        to_stop_on = validation_rows(validation)
        to_stop_on = to_stop_on.weighed(codings.tasks, estimator.class_weight)
    learned = _train(
        estimator,
        codings,
        rows,
        to_stop_on,
        earlier,
        epochs=epochs,
        holds_out=holds_out,
    )
    return _conclude(estimator, learned, rows, of_X=to_stop_on is None)


class _Learned(NamedTuple):
    """Trained nets, and what they say of the rows at hand.

    Attributes
    ----------
    stack : FittedStack
    unit_std : ndarray of shape (K * h,)
    held_out : HeldOut or None
    known : HeldOut or None
        The same, or of the rows that were trained on where none were held out; None
        where nobody asks for residuals.
    """

    stack: FittedStack
    unit_std: np.ndarray
    held_out: HeldOut | None
    known: HeldOut | None


def _train(
    estimator: Any,
    codings: Codings,
    rows: Rows,
    to_stop_on: Rows | None,
    earlier: FittedStack | None,
    **how: Any,
) -> _Learned:
    """Train, and ask for the rows at hand while they are still encoded."""
    trained = train_nets(estimator, codings, rows, to_stop_on, earlier, **how)
    stack = FittedStack(
        net=trained.net,
        own_nets=trained.own_nets,
        codings=codings,
        temperature=np.ones(len(codings.tasks)),
        fold_seed=trained.fold_seed,
    )
    unit_std = std_of_shared(trained.net.module_, trained.rows.table)
    if trained.rows.held_out is not None:
        source = rows if to_stop_on is None else to_stop_on
        held_out = collect(stack, trained.rows.held_out, source)
        return _Learned(stack, unit_std, held_out, held_out)
    known = None
    if not all(task.is_classifier for task in codings.tasks):
        known = collect(stack, trained.rows, rows)
    return _Learned(stack, unit_std, None, known)


def _conclude(estimator: Any, learned: _Learned, rows: Rows, *, of_X: bool) -> Fitted:
    """Learn from held-out rows how far predictions can be trusted."""
    stack, held_out, known = learned.stack, learned.held_out, learned.known
    residual_std = np.full(len(stack.temperature), np.nan)
    if known is not None:
        residual_std = known.residual_std()
    if held_out is None:
        return Fitted(stack, learned.unit_std, residual_std, None, None, float("nan"))
    if estimator.calibrate:
        stack = replace(stack, temperature=held_out.temperature())
        held_out = held_out.tempered(stack.temperature)
    predictions, score = None, float("nan")
    if of_X:
        predictions = [
            rows.spread(prediction, held_out.positions)
            for prediction in held_out.predictions()
        ]
        score = held_out.score()
    return Fitted(
        stack=stack,
        unit_std=learned.unit_std,
        residual_std=residual_std,
        conformal=held_out.conformal(residual_std),
        oof_predictions=predictions,
        oof_score=score,
    )
