"""The members of a fit, as the estimator's parameters say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_mtl.estimators._auto_sizes import number_of_members
from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._layer_sizes import shared_sizes
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.training import (
    Fold,
    Members,
    ensemble,
    new_generator,
    random_folds,
)


def new_members(
    estimator: Any,
    codings: Codings,
    rows: Rows,
    *,
    may_hold_out: bool,
    stops_on_own_rows: bool,
    fold_seed: int,
    generator: Any,
) -> Members:
    """Make the members of a fit that starts anew.

    Parameters
    ----------
    may_hold_out : bool
        Whether members may hold out rows, so that there are no more of them than rows.
    stops_on_own_rows : bool
        Whether they do.
    fold_seed : int
    generator : torch.Generator
        Draws the members' seeds.
    """
    number = number_of_members(
        estimator.n_members, len(rows), may_hold_out, n_read=rows.n_read
    )
    folds = _folds(estimator, len(rows), number, stops_on_own_rows, fold_seed)
    return ensemble(
        number,
        task_weight=codings.task_share,
        folds=folds,
        learning_rate=estimator.learning_rate_init,
        weight_decay=estimator.alpha,
        dropout=estimator.dropout,
        depth=len(shared_sizes(estimator)),
        generator=generator,
    )


def members_on_new_rows(
    estimator: Any,
    members: Members,
    n_rows: int,
    *,
    stops_on_own_rows: bool,
    fold_seed: int,
) -> Members:
    """Let members go on at the estimator's rate and decay, with folds of other rows.

    From the same seed, the same rows are held out again.
    """
    folds = _folds(estimator, n_rows, members.number, stops_on_own_rows, fold_seed)
    return replace(
        members,
        learning_rate=np.full(members.number, float(estimator.learning_rate_init)),
        weight_decay=np.full(members.number, float(estimator.alpha)),
        fold=np.arange(members.number) % max(1, len(folds)),
        folds=tuple(folds),
    )


def _folds(
    estimator: Any, n_rows: int, n_members: int, holds_out: bool, seed: int
) -> list[Fold]:
    if not holds_out:
        return []
    return random_folds(
        n_rows, n_members, estimator.validation_fraction, new_generator(seed)
    )
