"""How far predictions can be trusted, as rows tell that members did not train on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sklearn_mtl.estimators._conformal import Conformal
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._held_out import collect
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._shrinkage import shrinkage_of
from sklearn_mtl.joint import HeldOutLabels
from sklearn_mtl.training import MemberRows


@dataclass(frozen=True, eq=False)
class Trust:
    """What is known of the errors of a fit.

    Attributes
    ----------
    shrinkage : ndarray of shape (n_tasks,)
        1 where members know more than the prior, and where nothing tells.
    temperature : ndarray of shape (n_tasks,)
        1 for numbers, and where there is nothing to learn it from.
    residual_std : ndarray of shape (n_tasks,)
        NaN for classes.
    conformal : Conformal or None
        None where no rows were held out.
    held_out_labels : HeldOutLabels or None
        As `conformal`; for what columns say of each other.
    oof_predictions : list of ndarray of shape (n_passed,), or None
        Of each task, for the rows of the user's X; None where none were held out.
    oof_score : float
        NaN without these.
    """

    shrinkage: np.ndarray
    temperature: np.ndarray
    residual_std: np.ndarray
    conformal: Conformal | None = None
    held_out_labels: HeldOutLabels | None = None
    oof_predictions: list[np.ndarray] | None = None
    oof_score: float = float("nan")


def trust_of(
    stack: FittedStack,
    member_rows: MemberRows,
    rows: Rows,
    validation: Rows | None,
    *,
    calibrates: bool,
) -> Trust:
    """Ask members for rows that they held out.

    Parameters
    ----------
    stack : FittedStack
        Its shrinkages and temperatures are ones.
    member_rows : MemberRows
        Rows that it was trained on.
    rows, validation : Rows
        Those behind `member_rows`, and those behind what was held out, where these are
        others.
    calibrates : bool
        Whether shrinkages and temperatures are sought.
    """
    shrinkage, temperature = stack.shrinkage, stack.temperature
    if member_rows.held_out is None:
        if all(task.is_classifier for task in stack.tasks):
            return Trust(shrinkage, temperature, np.full(len(temperature), np.nan))
        # Nothing better is known than what the members say of rows they trained on.
        residual_std = collect(stack, member_rows, rows).residual_std()
        return Trust(shrinkage, temperature, residual_std)
    source = rows if validation is None else validation
    held_out = collect(stack, member_rows.held_out, source)
    if calibrates:
        temperature = held_out.temperature()
        beaten = held_out.tempered(temperature).beats_prior()
        shrinkage = shrinkage_of(stack, member_rows.held_out, source, beaten)
        if (shrinkage != 1.0).any():
            stack = replace(stack, shrinkage=shrinkage)
            held_out = collect(stack, member_rows.held_out, source)
            temperature = held_out.temperature()
        held_out = held_out.tempered(temperature)
    residual_std = held_out.residual_std()
    conformal = held_out.conformal(residual_std)
    labels = held_out.to_keep(residual_std)
    if validation is not None:
        return Trust(shrinkage, temperature, residual_std, conformal, labels)
    return Trust(
        shrinkage,
        temperature,
        residual_std,
        conformal,
        labels,
        held_out.spread_predictions(),
        held_out.score(),
    )
