"""What makes one network of a stack different from the others."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np


class Fold(NamedTuple):
    """Rows that a member trains on, and rows that it holds out.

    Parameters
    ----------
    train : int ndarray of shape (m,), or None
        None for all rows but those that are held out. A row may be in neither part.
    held_out : int ndarray of shape (m,)
        Rows that tell when the member stops.

    See Also
    --------
    ensemble : Members of one candidate.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.training import Fold
    >>> Fold(train=None, held_out=np.array([1, 3])).trains_on(5)
    array([ True, False,  True, False,  True])
    """

    train: np.ndarray | None
    held_out: np.ndarray

    def trains_on(self, n_rows: int) -> np.ndarray:
        """Tell which of all rows are trained on.

        Parameters
        ----------
        n_rows : int
            Rows of the table.

        Returns
        -------
        bool ndarray of shape (n_rows,)
            True for rows of `train`.
        """
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

    Parameters
    ----------
    task_weight : float64 ndarray of shape (K, T)
        Weight of each task's loss; columns in the order of y.
    learning_rate, weight_decay : float64 ndarray of shape (K,)
        Of the optimizer.
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

    See Also
    --------
    ensemble : Members of one candidate.
    teams : Members that learn from some tasks.
    search : Members of several candidates.

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
        """Give some of the members; they hold out the same rows.

        Parameters
        ----------
        positions : int ndarray of shape (k,)
            Which members.

        Returns
        -------
        Members
            Those, in the order of `positions`.
        """
        chosen = {name: getattr(self, name)[positions] for name in OF_EACH}
        return replace(self, **chosen)

    def learning(self, t: int) -> np.ndarray:
        """Find the members that learn from a task.

        Parameters
        ----------
        t : int
            Position of the task.

        Returns
        -------
        int ndarray of shape (k,)
            Positions of the members.
        """
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
