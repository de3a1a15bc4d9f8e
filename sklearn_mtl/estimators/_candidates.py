"""Candidates of a search, fitted side by side."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from sklearn.base import clone

from sklearn_mtl.estimators._candidate_stack import (
    Candidate,
    Learned,
    Stack,
    bytes_of_candidate,
    can_go_on,
    holds_out,
    kind_of_table,
    take_apart,
    train_on,
    train_stack,
)
from sklearn_mtl.estimators._codings import learn_codings, with_task_weights
from sklearn_mtl.estimators._fit import Fitted
from sklearn_mtl.estimators._fit_tasks import told_to_callbacks
from sklearn_mtl.estimators._kinds import tasks_of
from sklearn_mtl.estimators._members import new_members
from sklearn_mtl.estimators._parameters import check_parts
from sklearn_mtl.estimators._reading import read_table, seed_of
from sklearn_mtl.estimators._rows import labelled_rows
from sklearn_mtl.estimators._user_folds import asks_for_folds
from sklearn_mtl.tasks import warn_of_unknown_classes
from sklearn_mtl.training import (
    Course,
    bytes_of_training,
    draw_seed,
    new_generator,
    usual_torch_modes,
)

OF_MEMBERS = (
    *("calibrate", "dropout", "head_sparsity", "max_iter", "random_state"),
    *("task_weights", "validation_fraction"),
)
"""Parameters in which candidates of one stack may differ."""
OF_MEMBERS_UNDER_ADAM = ("alpha", "learning_rate_init")
"""Those in which they may differ beside, where each member can have its own rate."""

ALONE = (
    *("callbacks", "freeze", "net_params", "own_nets", "teachers", "time_limit"),
    "verbose",
    "warm_start",
)
"""Parameters that mean one fit: candidates that differ in them are fitted alone."""

MEMBERS_OF_A_CANDIDATE = 2
"""What ``n_members="auto"`` stands for while a search compares candidates."""


MOST_BYTES = 64 * 2**20
"""Memory of the weights of a stack of several candidates: larger ones are no faster,
as they do not stay in the caches."""


class Split(NamedTuple):
    """Rows of one split that are trained on."""

    X: Any
    y: Any
    sample_weight: Any = None
    groups: Any = None


Place = tuple[int, int]
"""Positions of a split and of a candidate."""


class Paused(NamedTuple):
    """A stack whose candidates can go on."""

    places: list[Place]
    stack: Stack


class Outcome(NamedTuple):
    """What became of candidates.

    Attributes
    ----------
    fitted : list of list of (Fitted or Exception)
        Of each split and candidate.
    n_stacks : int
    n_members : int
        Networks of the largest stack.
    n_bytes : int
        Memory that their weights took while they trained.
    paused : tuple of Paused
        Where it was asked for, stacks whose candidates can go on.
    n_broken_off : int
        Fits that time did not let train to their end.
    """

    fitted: list[list[Any]]
    n_stacks: int
    n_members: int
    n_bytes: int
    paused: tuple[Paused, ...] = ()
    n_broken_off: int = 0


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
    if net.teachers:  # which are fitted, and weighed, for each fit anew
        return None
    if net.learning_rate == "adaptive":  # follows the mean loss of a whole stack
        return None
    if not searched.isdisjoint(ALONE) or getattr(net, "_skl_callbacks", None):
        return None
    free = {*OF_MEMBERS, *(OF_MEMBERS_UNDER_ADAM if net.solver == "adam" else ())}
    return {*net.get_params(deep=False)} - free


def members_of_candidate(net: Any) -> int:
    """Members that a candidate has in a stack."""
    return MEMBERS_OF_A_CANDIDATE if net.n_members == "auto" else int(net.n_members)


def fit_candidates(
    nets: Sequence[Any],
    splits: Sequence[Split],
    *,
    pauses: bool = False,
    seconds: float | None = None,
) -> Outcome:
    """Fit candidates to the rows of several splits, as members of few stacks.

    In each split a candidate starts from the weights, and holds out the rows, that it
    has if it is fitted alone; encoder, bins and scales are learned from the rows of the
    split. The order of rows in batches is common to all candidates. No column goes on
    alone, as with ``own_nets="never"``.

    Parameters
    ----------
    nets : sequence of estimators
        Not fitted; alike in what `parameters_of_stack` names.
    splits : sequence of Split
    pauses : bool
        Whether they may go on later with `go_on_with_candidates`.
    seconds : float or None
        For all of them; stacks share what is left, and take an epoch at least.

    Returns
    -------
    Outcome

    Raises
    ------
    KeyboardInterrupt
        Where Ctrl-C ended training: candidates that were broken off compare with none.
    """
    course = Course(seconds)
    nets = [_for_comparison(net) for net in nets]
    outcome = Outcome([[None] * len(nets) for _ in splits], 0, 0, 0)
    with usual_torch_modes():
        able = _able(nets, splits, outcome.fitted)
        stacks = list(_stacks(able))
        for number, stack in enumerate(stacks):
            own = course.of_one_among(len(stacks) - number)
            places = [place for place, _ in stack]
            together = [candidate for _, candidate in stack]
            trained = train_stack(together, own, pauses=pauses)
            outcome = _with_stack(outcome, Paused(places, trained), own)
    return outcome


def go_on_with_candidates(
    paused: Paused, nets: Mapping[Place, Any], *, seconds: float | None = None
) -> Outcome:
    """Let candidates go on that were trained to fewer epochs.

    They become what they would have become without a pause.

    Parameters
    ----------
    paused : Paused
        Not to be used afterwards.
    nets : dict of (int, int) to estimator
        Places of those that go on; alike in what `parameters_of_stack` names.
    seconds : float or None
        For all of them, which take an epoch at least.

    Returns
    -------
    Outcome
        In which places are as before.
    """
    course = Course(seconds)
    positions = {paused.places.index(place): place for place in nets}
    places = [positions[i] for i in sorted(positions)]
    n_splits, n_candidates = (1 + max(of) for of in zip(*places, strict=True))
    outcome = Outcome([[None] * n_candidates for _ in range(n_splits)], 0, 0, 0)
    with usual_torch_modes():
        asked = {i: _for_comparison(nets[place]) for i, place in positions.items()}
        trained = train_on(paused.stack, asked, course)
        return _with_stack(outcome, Paused(places, trained), course)


def _with_stack(outcome: Outcome, trained: Paused, course: Course) -> Outcome:
    """Add what became of the candidates of a stack."""
    if course.ended_by == "interrupt":
        raise KeyboardInterrupt
    places, stack = trained
    for (s, c), fitted in zip(places, take_apart(stack), strict=True):
        outcome.fitted[s][c] = fitted
    return outcome._replace(
        n_stacks=outcome.n_stacks + 1,
        n_members=max(outcome.n_members, stack.net.members.number),
        n_bytes=max(outcome.n_bytes, bytes_of_training(stack.net)),
        paused=(*outcome.paused, trained) if can_go_on(stack) else outcome.paused,
        n_broken_off=outcome.n_broken_off + len(places) * (course.ended_by == "time"),
    )


def _for_comparison(net: Any) -> Any:
    return clone(net).set_params(
        n_members=members_of_candidate(net), own_nets="never", warm_start=False
    )


def _able(
    nets: Sequence[Any], splits: Sequence[Split], fitted: list[list[Any]]
) -> dict[Place, Candidate]:
    """Make the candidates of each split; note the errors of those that cannot be."""
    able: dict[Place, Candidate] = {}
    wrong = [_error_of(net) for net in nets]
    for s, split in enumerate(splits):
        learned: Learned | Exception | None = None
        for c, net in enumerate(nets):
            try:
                if wrong[c] is not None:
                    raise wrong[c]
                _check_with(net, split.groups)
                learned = learned or _learned(net, split)
                if isinstance(learned, Exception):
                    raise learned
                able[s, c] = _candidate(net, learned)
            except Exception as error:
                fitted[s][c] = error
    return able


def _error_of(net: Any) -> Any:
    """Tell what is wrong with the parameters of a candidate, in every split."""
    try:
        net._validate_params()
        check_parts(net)
    except Exception as error:
        return error
    return None


def _check_with(net: Any, groups: Any) -> None:
    rows_are_held_out = net.early_stopping or asks_for_folds(net, groups)
    net._check_calibrate(rows_are_held_out, "fit")


def _learned(net: Any, split: Split) -> Learned | Exception:
    """Read and learn what is common to all candidates; or what is wrong with it."""
    common = clone(net).set_params(task_weights=None)
    try:
        table = read_table(
            common, split.X, split.y, split.sample_weight, None, split.groups
        )
        rows = labelled_rows(table)
        tasks = tasks_of(common, rows.columns, None, table.y.container)
        rows = rows.completed(tasks).weighed(tasks, common.class_weight)
        codings = learn_codings(common, rows, tasks, table.y.container)
        warn_of_unknown_classes(codings.tasks, rows.columns, common.class_weight)
    except Exception as error:
        return error
    return Learned(rows, codings)


def _candidate(net: Any, learned: Learned) -> Candidate:
    """Make the members of a candidate, by the draws of a fit of its own."""
    generator = new_generator(seed_of(net.random_state))
    fold_seed = draw_seed(generator)
    codings = with_task_weights(learned.codings, net.task_weights)
    members = new_members(
        net,
        codings,
        learned.rows,
        may_hold_out=True,
        holds_out=holds_out(net, learned.rows),
        fold_seed=fold_seed,
        generator=generator,
    )
    return Candidate(net, learned, codings, members, fold_seed, generator)


def _stacks(
    able: dict[Place, Candidate],
) -> Iterator[list[tuple[Place, Candidate]]]:
    """Cut candidates into stacks: of one kind of table, and no larger than is fast."""
    kinds: dict[Hashable, list[tuple[Place, Candidate]]] = {}
    for place, candidate in sorted(able.items(), key=lambda item: item[0][::-1]):
        kind = kind_of_table(candidate.net, candidate.learned)
        key = place[0] if kind is None else (kind,)
        kinds.setdefault(key, []).append((place, candidate))
    for known in kinds.values():
        size = max(1, MOST_BYTES // bytes_of_candidate(known[0][1]))
        for start in range(0, len(known), size):
            yield sorted(known[start : start + size], key=lambda entry: entry[0])


def adopt(net: Any, fitted: Fitted, X: Any, y: Any) -> None:
    """Let an estimator be what one that was fitted in a stack is; tell its callbacks.

    Parameters
    ----------
    net : MultiTaskNetEstimator or a sibling
    fitted : Fitted
    X, y : as in ``fit``
    """
    reader = vars(fitted.stack.codings.reader)
    for name in ("n_features_in_", "feature_names_in_"):
        if name in reader:
            setattr(net, name, reader[name])
    with told_to_callbacks(net, X, y, None):
        net._keep(fitted, y)
