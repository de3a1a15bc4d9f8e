"""Candidates of a search, trained as members of one stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from sklearn_mtl.estimators._codings import (
    Codings,
    learn_codings,
    with_task_weights,
)
from sklearn_mtl.estimators._encode import encode_rows
from sklearn_mtl.estimators._fit import Fitted, learned_by
from sklearn_mtl.estimators._kinds import tasks_of
from sklearn_mtl.estimators._members import new_members
from sklearn_mtl.estimators._nets import Trained, report_divergence, run, score_by
from sklearn_mtl.estimators._new_net import new_net, own_callbacks
from sklearn_mtl.estimators._parameters import check_parts
from sklearn_mtl.estimators._reading import read_table, seed_of
from sklearn_mtl.estimators._rows import Rows, labelled_rows
from sklearn_mtl.estimators._scoring import scorer_of
from sklearn_mtl.estimators._user_folds import asks_for_folds
from sklearn_mtl.tasks import warn_of_unknown_classes
from sklearn_mtl.training import (
    Course,
    MemberRows,
    Members,
    MultiTaskNet,
    bytes_of_training,
    can_take_members,
    draw_seed,
    new_generator,
    search,
    take_candidates,
    usual_torch_modes,
)

OF_MEMBERS = (
    *("calibrate", "dropout", "head_sparsity", "random_state", "task_weights"),
    "validation_fraction",
)
"""Parameters in which candidates of one stack may differ."""
OF_MEMBERS_UNDER_ADAM = ("alpha", "learning_rate_init")
"""Those in which they may differ beside, where each member can have its own rate."""

ALONE = ("callbacks", "net_params", "own_nets", "time_limit", "verbose", "warm_start")
"""Parameters that mean one fit: candidates that differ in them are fitted alone."""

MEMBERS_OF_A_CANDIDATE = 2
"""What ``n_members="auto"`` stands for while a search compares candidates."""


class Outcome(NamedTuple):
    """What became of the candidates of a stack.

    Attributes
    ----------
    fitted : list of (Fitted or Exception)
        Of each candidate.
    n_members : int
        Networks that were trained.
    n_bytes : int
        Memory that their weights took while they trained.
    """

    fitted: list[Fitted | Exception]
    n_members: int
    n_bytes: int


def parameters_of_stack(net: Any, searched: Set[str]) -> set[str] | None:
    """Name the parameters in which candidates of one stack must agree.

    Parameters
    ----------
    net : MultiTaskNetEstimator or a sibling
        With the parameters of a candidate.
    searched : set of str
        Parameters that candidates are told apart by.

    Returns
    -------
    set of str or None
        None for a net that is only to be fitted by itself.
    """
    if net.callbacks or net.net_params or net.time_limit is not None:
        return None
    if not searched.isdisjoint(ALONE) or getattr(net, "_skl_callbacks", None):
        return None
    free = {*OF_MEMBERS, *(OF_MEMBERS_UNDER_ADAM if net.solver == "adam" else ())}
    return {*net.get_params(deep=False)} - free


def members_of_candidate(net: Any) -> int:
    """Members that a candidate has in a stack."""
    return MEMBERS_OF_A_CANDIDATE if net.n_members == "auto" else int(net.n_members)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Rows that candidates learn from, and what is learned of their columns."""

    rows: Rows
    codings: Codings
    groups: Any


class Candidate(NamedTuple):
    """A candidate, what it makes of the columns, its members and its generator."""

    net: Any
    codings: Codings
    members: Members
    fold_seed: int
    generator: Any


def fit_candidates(
    nets: Sequence[Any],
    X: Any,
    y: Any,
    sample_weight: Any = None,
    groups: Any = None,
) -> Outcome | None:
    """Fit candidates side by side, as members of one stack.

    Each starts from the weights, and holds out the rows, that it has if it is fitted
    alone; the order of rows in batches is common to all. No column goes on alone, as
    with ``own_nets="never"``.

    Parameters
    ----------
    nets : sequence of estimators
        Not fitted; alike in what `parameters_of_stack` names.
    X, y, sample_weight, groups : as in ``fit``

    Returns
    -------
    Outcome or None
        None if no candidate can be taken out of a stack again.

    Raises
    ------
    ValueError
        For a reason that is common to all candidates.
    KeyboardInterrupt
        Where Ctrl-C ended training: candidates that were broken off compare with none.
    """
    nets = [_for_comparison(net) for net in nets]
    failed: dict[int, Exception] = {}
    _try_each(failed, range(len(nets)), lambda c: _check(nets[c], groups))
    course = Course()
    with usual_torch_modes():
        able = [c for c in range(len(nets)) if c not in failed]
        if not able:
            return Outcome([failed[c] for c in range(len(nets))], 0, 0)
        prepared = _prepare(nets[able[0]], X, y, sample_weight, groups)
        candidates = _try_each(failed, able, lambda c: _candidate(nets[c], prepared))
        if not candidates:
            return Outcome([failed[c] for c in range(len(nets))], 0, 0)
        trained = _train(list(candidates.values()), prepared, course)
        if course.ended_by == "interrupt":
            raise KeyboardInterrupt
        if trained is None:
            return None
        net, encoded = trained
        taken = dict(zip(candidates, take_candidates(net), strict=True))
        fitted = _try_each(
            failed,
            candidates,
            lambda c: _fitted(*taken[c], encoded, candidates[c], prepared),
        )
    return Outcome(
        [failed[c] if c in failed else fitted[c] for c in range(len(nets))],
        net.members.number,
        bytes_of_training(net),
    )


def _for_comparison(net: Any) -> Any:
    return clone(net).set_params(
        n_members=members_of_candidate(net), own_nets="never", warm_start=False
    )


def _try_each(
    failed: dict[int, Exception], positions: Any, function: Callable[[int], Any]
) -> dict[int, Any]:
    """Call a function for some candidates; note the errors of those that fail."""
    done = {}
    for c in positions:
        try:
            done[c] = function(c)
        except Exception as error:
            failed[c] = error
    return done


def _check(net: Any, groups: Any) -> None:
    net._validate_params()
    check_parts(net)
    holds_out = net.early_stopping or asks_for_folds(net, groups)
    net._check_calibrate(holds_out, "fit")


def _prepare(net: Any, X: Any, y: Any, sample_weight: Any, groups: Any) -> Prepared:
    """Read and learn what is common to all candidates."""
    common = clone(net).set_params(task_weights=None)
    table = read_table(common, X, y, sample_weight, None, groups)
    rows = labelled_rows(table)
    tasks = tasks_of(common, rows.columns, None, table.y.container)
    rows = rows.weighed(tasks, common.class_weight)
    codings = learn_codings(common, rows, tasks, table.y.container)
    warn_of_unknown_classes(codings.tasks, rows.columns, common.class_weight)
    return Prepared(rows, codings, groups)


def _candidate(net: Any, prepared: Prepared) -> Candidate:
    """Make the members of a candidate, by the draws of a fit of its own."""
    generator = new_generator(seed_of(net.random_state))
    fold_seed = draw_seed(generator)
    codings = with_task_weights(prepared.codings, net.task_weights)
    members = new_members(
        net,
        codings,
        prepared.rows,
        may_hold_out=True,
        holds_out=_holds_out(net, prepared),
        fold_seed=fold_seed,
        generator=generator,
    )
    return Candidate(net, codings, members, fold_seed, generator)


def _holds_out(net: Any, prepared: Prepared) -> bool:
    return bool(net.early_stopping) or asks_for_folds(net, prepared.rows.groups)


def _train(
    candidates: list[Candidate], prepared: Prepared, course: Course
) -> tuple[MultiTaskNet, MemberRows] | None:
    """Train all members; None if they cannot be taken apart again."""
    first, rows = candidates[0], prepared.rows
    scorer = scorer_of(first.net, _holds_out(first.net, prepared))
    if scorer is not None:
        scorer.columns_of(first.codings.tasks)  # an error before anything is made
    members = search([candidate.members for candidate in candidates])
    net = new_net(
        first.net,
        first.codings,
        members,
        n_rows=rows.n_read,
        generator=first.generator,
        callbacks=own_callbacks(first.net, members),
        head_sparsity=_of_members([c.net.head_sparsity for c in candidates], members),
    )
    if not can_take_members(net):
        return None
    encoded = encode_rows(net, first.codings, rows, None)
    if scorer is not None:
        score_by(scorer, net, encoded, first.codings.tasks, rows)
    run(net, encoded, bool(first.net.early_stopping), None, course)
    return net, encoded


def _of_members(values: list[float], members: Members) -> Any:
    """Give a number that all candidates have, or a tuple of one a member."""
    if len(set(values)) == 1:
        return values[0]
    return tuple(values[c] for c in members.candidate.tolist())


def _fitted(
    own: np.ndarray,
    own_net: MultiTaskNet,
    encoded: MemberRows,
    candidate: Candidate,
    prepared: Prepared,
) -> Fitted:
    """Learn how far a candidate can be trusted that was taken out of the stack."""
    own_rows = encoded.select(own)
    if own_rows.held_out is not None:
        own_rows.held_out.scorer = None
    report_divergence(own_net, candidate.codings.tasks, candidate.net)
    trained = Trained(own_net, None, candidate.fold_seed, own_rows)
    return learned_by(candidate.net, candidate.codings, trained, prepared.rows, None)


def adopt(net: Any, fitted: Fitted, y: Any) -> None:
    """Let an estimator be what one that was fitted in a stack is."""
    reader = vars(fitted.stack.codings.reader)
    for name in ("n_features_in_", "feature_names_in_"):
        if name in reader:
            setattr(net, name, reader[name])
    net._keep(fitted, y)
