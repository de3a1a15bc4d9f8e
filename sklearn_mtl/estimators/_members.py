"""The members of a fit, as the estimator's parameters say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_mtl.estimators._auto_sizes import members_of_splits, number_of_members
from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._layer_sizes import shared_sizes
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._twins import warn_of_twins
from sklearn_mtl.estimators._user_folds import asks_for_folds, user_folds
from sklearn_mtl.training import (
    Fold,
    Members,
    ensemble,
    new_generator,
    number_of_folds,
    random_folds,
)


def new_members(
    estimator: Any,
    codings: Codings,
    rows: Rows,
    *,
    may_hold_out: bool,
    holds_out: bool,
    fold_seed: int,
    generator: Any,
) -> Members:
    """Make the members of a fit that starts anew.

    Parameters
    ----------
    may_hold_out : bool
        Whether members may hold out rows, so that there are no more of them than rows.
    holds_out : bool
        Whether they do.
    fold_seed : int
    generator : torch.Generator
        Draws the members' seeds.
    """
    number = number_of_members(
        estimator.n_members, len(rows), may_hold_out, n_read=rows.n_read
    )
    folds = _folds(estimator, rows, number, holds_out, fold_seed)
    if asks_for_folds(estimator, rows.groups) and estimator.n_members == "auto":
        number = members_of_splits(number, max(1, len(folds)), rows.n_read)
    return ensemble(
        number,
        task_weight=codings.task_share,
        folds=folds[-number:],
        learning_rate=estimator.learning_rate_init,
        weight_decay=estimator.alpha,
        dropout=estimator.dropout,
        depth=len(shared_sizes(estimator)),
        watched=codings.watched,
        generator=generator,
    )


def members_on_new_rows(
    estimator: Any,
    members: Members,
    rows: Rows,
    *,
    codings: Codings,
    holds_out: bool,
    fold_seed: int,
) -> Members:
    """Let members go on, as the estimator now says and with folds of other rows.

    From the same seed, the same rows are held out again.
    """
    number = members.number
    folds = _folds(estimator, rows, number, holds_out, fold_seed)[-number:]
    return replace(
        members,
        task_weight=np.tile(codings.task_share, (number, 1)),
        watched=np.tile(codings.watched, (number, 1)),
        learning_rate=np.full(number, float(estimator.learning_rate_init)),
        weight_decay=np.full(number, float(estimator.alpha)),
        fold=np.arange(number) % max(1, len(folds)),
        folds=tuple(folds),
    )


def _folds(
    estimator: Any, rows: Rows, n_members: int, holds_out: bool, seed: int
) -> list[Fold]:
    """Split the rows; where that is said by the user, perhaps into more than enough.

    The last splits then matter most: in the order of time, they train on most rows.
    """
    if not holds_out:
        return []
    fraction = estimator.validation_fraction
    if asks_for_folds(estimator, rows.groups):
        n_folds = number_of_folds(n_members, fraction)
        return user_folds(estimator.cv, rows, n_folds, seed)
    warn_of_twins(rows.X)
    return random_folds(len(rows), n_members, fraction, new_generator(seed))
