"""Makers of members: an ensemble, teams of columns, the candidates of a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from sklearn_mtl.training._members import OF_EACH, Fold, Members


def ensemble(
    n_members: int,
    *,
    task_weight: np.ndarray,
    generator: torch.Generator,
    folds: Sequence[Fold] = (),
    learning_rate: float = 1e-3,
    weight_decay: float = 0.0,
    dropout: float = 0.0,
    depth: int = 1,
    watched: np.ndarray | None = None,
) -> Members:
    """Make members that differ in their initial weights, and in what they hold out.

    Parameters
    ----------
    n_members : int
        Networks in the stack.
    task_weight : ndarray of shape (T,)
        Columns in the order of y.
    generator : torch.Generator
        Draws the members' seeds.
    folds : sequence of Fold
        Dealt out to members in turn; empty where no rows are held out.
    learning_rate, weight_decay, dropout : float
        Of every member.
    depth : int
        Shared hidden layers that every member uses.
    watched : ndarray of shape (T,), default=None
        How much each task counts where members stop, beside its weight; 1 by default.

    Returns
    -------
    Members
        In the order in which their seeds were drawn.

    See Also
    --------
    teams : Copies of members that learn from some of the tasks.
    search : Members of several candidates.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.training import Fold, ensemble
    >>> folds = [Fold(None, np.array([0, 1])), Fold(None, np.array([2, 3]))]
    >>> members = ensemble(
    ...     4,
    ...     task_weight=np.array([0.5, 0.5]),
    ...     generator=torch.Generator().manual_seed(0),
    ...     folds=folds,
    ... )
    >>> members.fold
    array([0, 1, 0, 1])
    """
    shape = (n_members,)
    seeds = torch.randint(2**31 - 1, shape, generator=generator)
    return Members(
        watched=None if watched is None else np.tile(watched, (n_members, 1)),
        task_weight=np.tile(np.asarray(task_weight, dtype=np.float64), (n_members, 1)),
        learning_rate=np.full(shape, learning_rate, dtype=np.float64),
        weight_decay=np.full(shape, weight_decay, dtype=np.float64),
        dropout=np.full(shape, dropout, dtype=np.float64),
        depth=np.full(shape, depth, dtype=np.int64),
        seed=seeds.numpy(),
        fold=np.arange(n_members) % max(1, len(folds)),
        candidate=np.zeros(shape, dtype=np.int64),
        origin=np.arange(n_members),
        folds=tuple(folds[:n_members]),
    )


def teams(members: Members, columns: Sequence[Sequence[int]]) -> Members:
    """Let copies of members learn from some of the tasks each.

    Copies hold out the same rows and start from the same weights. Within a team, tasks
    keep the weights that they have to each other.

    Parameters
    ----------
    members : Members
        Copied for each team.
    columns : sequence of sequence of int
        Columns of y that each team learns from.

    Returns
    -------
    Members
        For each of `members` one copy a team, next to each other; ``candidate`` is the
        position of the team.

    See Also
    --------
    ensemble : Members of one candidate.
    search : Members of several candidates.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.training import ensemble, new_generator, teams
    >>> both = ensemble(
    ...     1, task_weight=np.array([0.25, 0.75]), generator=new_generator(0)
    ... )
    >>> teams(both, [(0, 1), (0,)]).task_weight
    array([[0.25, 0.75],
           [1.  , 0.  ]])
    """
    n_tasks = members.task_weight.shape[1]
    for position, team in enumerate(columns):
        if not len(team) or not all(0 <= t < n_tasks for t in team):
            raise ValueError(
                f"columns[{position}] is {list(team)!r}. Pass positions of columns of "
                f"y, from 0 to {n_tasks - 1}, one or more a team."
            )
    n_teams = len(columns)
    if not n_teams:
        raise ValueError("columns is empty. Pass one team or more.")
    origin = np.repeat(np.arange(members.number), n_teams)
    copies: dict[str, Any] = {name: getattr(members, name)[origin] for name in OF_EACH}
    candidate = np.tile(np.arange(n_teams), members.number)
    weight = np.array(
        [
            _of_team(weight, list(columns[team]))
            for weight, team in zip(copies["task_weight"], candidate, strict=True)
        ]
    )
    different = {"task_weight": weight, "candidate": candidate, "origin": origin}
    return replace(members, **(copies | different))


def search(candidates: Sequence[Members]) -> Members:
    """Let the members of several candidates be one stack.

    Parameters
    ----------
    candidates : sequence of Members
        Each of one candidate, of the same table; all of them hold out rows, or none
        does.

    Returns
    -------
    Members
        The deepest first, and otherwise candidate after candidate; ``candidate`` is the
        position in `candidates`. Rows that several candidates hold out are one fold.

    See Also
    --------
    ensemble : Members of one candidate.
    teams : Members that learn from some tasks.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.training import ensemble, new_generator, search
    >>> one, other = (
    ...     ensemble(
    ...         2,
    ...         task_weight=np.ones(1),
    ...         generator=new_generator(0),
    ...         learning_rate=rate,
    ...     )
    ...     for rate in (1e-3, 1e-2)
    ... )
    >>> both = search([one, other])
    >>> both.learning_rate, both.candidate
    (array([0.001, 0.001, 0.01 , 0.01 ]), array([0, 0, 1, 1]))
    """
    if not candidates:
        raise ValueError("candidates is empty. Pass the members of one or more.")
    if len({bool(members.folds) for members in candidates}) > 1:
        raise ValueError(
            "Some of the candidates hold out rows and others hold out none. Make a "
            "stack of each."
        )
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(members, name) for members in candidates])
        for name in OF_EACH
    }
    positions: dict[tuple[bytes | None, bytes], int] = {}
    folds: list[Fold] = []
    of_member = []
    for members in candidates:
        for fold in members.folds:
            if _rows_of(fold) not in positions:
                positions[_rows_of(fold)] = len(folds)
                folds.append(fold)
        own = np.array([positions[_rows_of(fold)] for fold in members.folds])
        of_member.append(own[members.fold] if len(own) else members.fold)
    sizes = [members.number for members in candidates]
    joined["fold"] = np.concatenate(of_member)
    joined["candidate"] = np.repeat(np.arange(len(candidates)), sizes)
    deepest_first = np.argsort(-joined["depth"], kind="stable")
    joined = {name: values[deepest_first] for name, values in joined.items()}
    joined["origin"] = np.arange(sum(sizes))
    return Members(**joined, folds=tuple(folds))


def _rows_of(fold: Fold) -> tuple[bytes | None, bytes]:
    train = None if fold.train is None else fold.train.tobytes()
    return train, fold.held_out.tobytes()


def _of_team(weight: np.ndarray, columns: list[int]) -> np.ndarray:
    """Weights (T,) of the tasks for a member of a team."""
    if len(columns) == len(weight):
        return weight
    share = weight[columns]
    # Columns that count for nothing beside others are learned alone all the same.
    share = share if share.any() else np.ones_like(share)
    of_team = np.zeros_like(weight)
    of_team[columns] = share / share.sum()
    return of_team
