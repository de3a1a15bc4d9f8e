"""One stack of candidates: trained as one net, and taken apart."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from sklearn_mtl.estimators._auto_sizes import rows_of_a_batch
from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._encode import encode_rows, encode_table
from sklearn_mtl.estimators._fit import Fitted, learned_by
from sklearn_mtl.estimators._nets import Trained, report_divergence, run, score_by
from sklearn_mtl.estimators._new_net import new_net, own_callbacks, rate_schedule
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._scoring import scorer_of, stops_by_loss
from sklearn_mtl.estimators._user_folds import asks_for_folds
from sklearn_mtl.training import (
    Course,
    LastEpochs,
    MemberRows,
    Members,
    MultiTaskNet,
    TableOfMembers,
    bytes_of_training,
    give_rows,
    go_on,
    is_paused,
    join_tables,
    pause_at,
    read_one_table,
    search,
    take_candidates,
)

MOST_NUMBERS = 2**23
"""Numbers of an encoded table, beyond which it is not joined with those of others."""


@dataclass(frozen=True, eq=False)
class Learned:
    """Rows of one split that candidates learn from, and what is known of the columns.

    Attributes
    ----------
    rows : Rows
    codings : Codings
    """

    rows: Rows
    codings: Codings


@dataclass(frozen=True, eq=False)
class Candidate:
    """A candidate in one split.

    Attributes
    ----------
    net : MultiTaskNetEstimator or a sibling
        Its parameters.
    learned : Learned
        Of the split; the same object for all candidates in it.
    codings : Codings
        The same with the weights that the candidate gives to the columns.
    members : Members
    fold_seed : int
    generator : torch.Generator
    """

    net: Any
    learned: Learned
    codings: Codings
    members: Members
    fold_seed: int
    generator: Any


class Stack(NamedTuple):
    """A trained net of several candidates.

    Attributes
    ----------
    net : MultiTaskNet
    candidates : list of Candidate
        In the order of the net's members.
    rows : MemberRows
        Of all members.
    is_joined : bool
        Whether they are of tables of several splits.
    """

    net: MultiTaskNet
    candidates: list[Candidate]
    rows: MemberRows
    is_joined: bool


def holds_out(net: Any, rows: Rows) -> bool:
    """Whether members of a net hold out rows."""
    return bool(net.early_stopping) or asks_for_folds(net, rows.groups)


def kind_of_table(net: Any, learned: Learned) -> Hashable:
    """Tell which tables may be joined: those of an equal kind; None for none."""
    codings, n_rows = learned.codings, len(learned.rows)
    is_plain = net.reconstruction is None and stops_by_loss(net)
    if not is_plain or n_rows * codings.n_inputs > MOST_NUMBERS:
        return None
    tasks = [
        (task.block_key(), task.block_width(), task.n_outputs_)
        for task in codings.tasks
    ]
    return tuple(tasks), codings.n_inputs, rows_of_a_batch(net.batch_size, n_rows)


def bytes_of_candidate(candidate: Candidate) -> int:
    """Tell how much memory the weights of a candidate take while it trains."""
    return bytes_of_training(_net_of([candidate], is_binned=False))


def train_stack(
    candidates: Sequence[Candidate], course: Course, *, pauses: bool = False
) -> Stack:
    """Train candidates side by side; where they are of several splits, on all tables.

    Candidates of one split stand next to each other.

    Parameters
    ----------
    candidates : sequence of Candidate
    course : Course
    pauses : bool
        Whether they may go on later, where `can_go_on` tells so.
    """
    together = list(candidates)
    first = together[0]
    splits = list(dict.fromkeys(candidate.learned for candidate in together))
    net = _net_of(together, is_binned=len(splits) > 1)
    if pauses and not rate_schedule(first.net):
        pause_at(net, first.net.max_iter)
    if len(splits) > 1:
        rows = _joined(net, together, splits)
    else:
        rows = encode_rows(net, first.codings, first.learned.rows, None)
    stack = Stack(net, together, rows, is_joined=len(splits) > 1)
    with _scored(stack):
        run(net, rows, bool(first.net.early_stopping), None, course)
    return stack


def can_go_on(stack: Stack) -> bool:
    """Tell whether candidates of a stack can be trained on."""
    return is_paused(stack.net)


def train_on(stack: Stack, nets: Mapping[int, Any], course: Course) -> Stack:
    """Train some candidates of a stack on, to the most epochs that they now allow.

    Parameters
    ----------
    stack : Stack
        Not to be used afterwards.
    nets : dict of int to estimator
        Position of each candidate that goes on, and its parameters.
    course : Course
    """
    positions = sorted(nets)
    candidates = [replace(stack.candidates[i], net=nets[i]) for i in positions]
    with _scored(stack):
        net, rows = go_on(
            stack.net,
            stack.rows,
            np.array(positions),
            search([candidate.members for candidate in candidates]),
            candidates[0].net.max_iter,
            course,
        )
    if rows.held_out is not None:
        rows.held_out.scorer = None
    return Stack(net, candidates, rows, stack.is_joined)


@contextmanager
def _scored(stack: Stack) -> Iterator[None]:
    """Let members stop by the metric that the estimator names, if it does."""
    first = stack.candidates[0]
    rows = first.learned.rows
    scorer = scorer_of(first.net, holds_out(first.net, rows))
    if scorer is not None:
        score_by(scorer, stack.net, stack.rows, first.codings, rows)
    yield
    if stack.rows.held_out is not None:
        stack.rows.held_out.scorer = None


def _net_of(candidates: list[Candidate], *, is_binned: bool) -> MultiTaskNet:
    first = candidates[0]
    members = search([candidate.members for candidate in candidates])
    sparsity = [candidate.net.head_sparsity for candidate in candidates]
    epochs = [candidate.net.max_iter for candidate in candidates]
    callbacks = own_callbacks(first.net, members)
    if len(set(epochs)) > 1:
        of_members = np.array(epochs)[members.candidate]
        callbacks.append(("last_epochs", LastEpochs(of_members)))
    net = new_net(
        first.net,
        first.codings,
        members,
        n_rows=first.learned.rows.n_read,
        generator=first.generator,
        callbacks=callbacks,
        head_sparsity=_same_or_each(sparsity, members),
        is_binned=is_binned,
    )
    net.max_epochs = max(epochs)
    return net


def _same_or_each(values: list[float], members: Members) -> Any:
    """Give the number that all candidates have, or one a member."""
    if len(set(values)) == 1:
        return values[0]
    return tuple(values[c] for c in members.candidate.tolist())


def _joined(
    net: MultiTaskNet, candidates: list[Candidate], splits: list[Learned]
) -> MemberRows:
    """Rows of members that learn from several tables."""
    parts = []
    for learned in splits:
        own = [c.members for c in candidates if c.learned is learned]
        codings = learned.codings
        table = encode_table(net, codings, learned.rows)
        part = TableOfMembers(table, codings.bins, codings.tasks, search(own))
        parts.append(part)
    return join_tables(net, parts)


def take_apart(stack: Stack) -> Iterator[Fitted | Exception]:
    """Learn of each candidate how far it can be trusted; or what went wrong with it."""
    tables: dict[Learned, Any] = {}
    for candidate, (members, net) in zip(
        stack.candidates, take_candidates(stack.net), strict=True
    ):
        learned, codings = candidate.learned, candidate.codings
        net.members, net.max_epochs = candidate.members, candidate.net.max_iter
        if not stack.is_joined:
            rows = stack.rows.select(members)
        else:
            n_features = codings.encoder.n_features_out_
            read_one_table(net, n_features, codings.bins, codings.tasks)
            if learned not in tables:
                tables[learned] = encode_table(net, codings, learned.rows)
            table = tables[learned]
            rows = give_rows(net, table=table, validation_table=None, unlabelled=None)
        try:
            report_divergence(net, codings.tasks, candidate.net)
            trained = Trained(net, None, candidate.fold_seed, rows)
            yield learned_by(candidate.net, codings, trained, learned.rows, None)
        except Exception as error:
            yield error
