"""What makes one network of a stack different from the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import torch


class Fold(NamedTuple):
    """Rows that a member trains on, and rows that it holds out.

    Attributes
    ----------
    train : int ndarray of shape (m,), or None
        None for all rows but those that are held out. A row may be in neither part.
    held_out : int ndarray of shape (m,)
    """

    train: np.ndarray | None
    held_out: np.ndarray

    def trains_on(self, n_rows: int) -> np.ndarray:
        """Tell which of all rows are trained on, (n_rows,)."""
        trains = np.full(n_rows, self.train is None)
        trains[self.held_out if self.train is None else self.train] = (
            self.train is not None
        )
        return trains


@dataclass(frozen=True, eq=False)
class Members:
    """What makes each network of a stack different from the others.

    Made by `ensemble`, `teams` and `search`; nobody changes it. Members of one stack
    stand in the order of their depth, the deepest first.

    Attributes
    ----------
    task_weight : float64 ndarray of shape (K, T)
        Weight of each task's loss; columns in the order of y.
    learning_rate, weight_decay : float64 ndarray of shape (K,)
    dropout : float64 ndarray of shape (K,)
        Share of hidden units that are dropped.
    depth : int64 ndarray of shape (K,)
        Shared hidden layers that a member uses.
    seed : int64 ndarray of shape (K,)
        Draws the initial weights: those of a member do not depend on the others.
    fold : int64 ndarray of shape (K,)
        Members of one fold hold out the same rows, those of ``folds[fold]``.
    candidate : int64 ndarray of shape (K,)
        Members of one candidate differ in seed and fold alone.
    origin : int64 ndarray of shape (K,)
        Position of a member among those that `teams` copied; its own without.
    folds : tuple of Fold
        Empty where no rows are held out; all members then train on all rows.
    watched : float64 ndarray of shape (K, T)
        How much the loss of each task on held-out rows counts, beside its weight, where
        it is said when a member stops and which epoch it keeps; 1 by default.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.training import ensemble, new_generator, random_folds
    >>> folds = random_folds(50, 5, 0.2, new_generator(0))
    >>> members = ensemble(
    ...     5, task_weight=np.array([0.5, 0.5]), folds=folds, generator=new_generator(1)
    ... )
    >>> members.number, members.task_weight.shape, members.fold
    (5, (5, 2), array([0, 1, 2, 3, 4]))
    """

    task_weight: np.ndarray
    learning_rate: np.ndarray
    weight_decay: np.ndarray
    dropout: np.ndarray
    depth: np.ndarray
    seed: np.ndarray
    fold: np.ndarray
    candidate: np.ndarray
    origin: np.ndarray
    folds: tuple[Fold, ...] = ()
    watched: Any = None

    def __post_init__(self) -> None:
        if self.task_weight.ndim != 2 or not len(self.task_weight):
            raise ValueError(
                f"task_weight has shape {self.task_weight.shape}. Pass one row a "
                "member, of one weight a task, for one member or more."
            )
        if self.watched is None:
            object.__setattr__(self, "watched", np.ones(self.task_weight.shape))
        for name in OF_EACH:
            values = getattr(self, name)
            if len(values) != self.number:
                raise ValueError(
                    f"{name} has {len(values)} entries for {self.number} members. Pass "
                    "one a member."
                )
            values.setflags(write=False)
        for name, most in BOUNDS.items():
            _check_between(name, getattr(self, name), most)
        if (np.diff(self.depth) > 0).any():
            raise ValueError(
                f"depth is {self.depth.tolist()}. Order the members by depth, the "
                "deepest first."
            )
        _check_folds(self.folds, self.fold)

    @property
    def number(self) -> int:
        """How many members there are, K."""
        return len(self.task_weight)

    @property
    def tasks(self) -> list[int]:
        """Tasks that some member learns from."""
        tasks: list[int] = np.flatnonzero(self.task_weight.any(axis=0)).tolist()
        return tasks

    def select(self, positions: np.ndarray) -> Members:
        """Give some of the members; they hold out the same rows."""
        chosen = {name: getattr(self, name)[positions] for name in OF_EACH}
        return replace(self, **chosen)

    def learning(self, t: int) -> np.ndarray:
        """Positions of the members that learn from task `t`."""
        return np.flatnonzero(self.task_weight[:, t] > 0)


BOUNDS = {
    "task_weight": np.inf,
    "learning_rate": np.inf,
    "weight_decay": np.inf,
    "dropout": 1.0,
}
"""Numbers of members that are 0 or more, and what they are below."""

OF_EACH = tuple(field.name for field in fields(Members) if field.name != "folds")
"""Attributes that have an entry a member."""


def _check_between(name: str, values: np.ndarray, most: float) -> None:
    good = (values >= 0) & (values < most)
    if not good.all():
        where = np.argwhere(~good)[0]
        bound = "finite" if np.isinf(most) else f"below {most:g}"
        raise ValueError(
            f"{name} of member {where[0]} is {values[tuple(where)]}. Pass a number of "
            f"0 or more that is {bound}."
        )


def _check_folds(folds: tuple[Fold, ...], fold: np.ndarray) -> None:
    """Check that members hold out rows, and that they do not train on these."""
    if folds and not ((fold >= 0) & (fold < len(folds))).all():
        raise ValueError(
            f"fold is {fold.tolist()}, but folds has {len(folds)} entries. Pass "
            "positions in folds."
        )
    for position, (train, held_out) in enumerate(folds):
        if not len(held_out) or (train is not None and not len(train)):
            part = "trains on" if len(held_out) else "holds out"
            raise ValueError(f"folds[{position}] {part} no row. Pass one row or more.")
        if train is None:
            continue
        both = np.intersect1d(train, held_out)
        if len(both):
            raise ValueError(
                f"folds[{position}] trains on row {both[0]}, which it holds out. Leave "
                "it out of one of the two."
            )


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
    learning_rate, weight_decay, dropout, depth
        Of every member.
    watched : ndarray of shape (T,), default=None
        How much each task counts where members stop, beside its weight; 1 by default.

    Returns
    -------
    Members
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
