"""What a fit leaves as it is of what an earlier one learned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._reading import Table
from sklearn_mtl.exceptions import warn
from sklearn_mtl.training import MultiTaskNet, check_can_hold, held, tasks_held


def labels_read(estimator: Any, table: Table, earlier: FittedStack) -> Table:
    """Take out labels that train nothing, and tell of columns that may drift."""
    n_known = len(earlier.codings.tasks)
    if estimator.freeze != "all_but_new":
        _warn_of_drift(estimator, table, n_known)
        return table
    if len(table.y.columns) == n_known:
        raise ValueError(
            "freeze='all_but_new', but y has no further column to be trained: fit saw "
            f"{earlier.codings.names}. Pass one beside or alone, or set "
            "freeze='shared' or None."
        )
    weight = np.array(table.scoring_weight)
    weight[:, :n_known] = 0.0
    if not weight.any():
        name = table.y.columns[n_known].name
        raise ValueError(
            f"freeze='all_but_new' trains further columns of y alone, and {name!r} has "
            "no label that counts. Pass at least one label."
        )
    return replace(table, scoring_weight=weight)


def _warn_of_drift(estimator: Any, table: Table, n_known: int) -> None:
    """Warn where what columns share is trained, and an earlier one has no labels."""
    if estimator.freeze is not None or len(table.y.columns) == n_known:
        return
    missing = ~(table.scoring_weight[:, :n_known] > 0).any(axis=0)
    if missing.any():
        name = table.y.columns[int(missing.argmax())].name
        others = f" (and {missing.sum() - 1} more)" if missing.sum() > 1 else ""
        warn(
            f"Column {name!r} of y{others}, which an earlier fit saw, has no labels "
            "here, while what columns share is trained on: its predictions drift. Set "
            "freeze='all_but_new', or pass its labels too."
        )


@dataclass(frozen=True)
class Freeze:
    """What is not trained of the nets of a fit.

    Attributes
    ----------
    what : {None, "shared", "all_but_new"}
    trained : list of int
        Columns that have labels in this fit, and may change.
    own : list of int
        Columns that a net of their own predicts.
    n_known : int
        Number of columns of the earlier fit.
    """

    what: str | None
    trained: list[int]
    own: list[int]
    n_known: int = 0

    def check(self, net: MultiTaskNet) -> None:
        """Raise where nothing can be held."""
        if self.what is not None:
            check_can_hold(net, self.what)

    def weigh(self, task_share: np.ndarray) -> np.ndarray:
        """Let columns that are not trained weigh nothing where members stop."""
        if self.what != "all_but_new":
            return task_share
        weight = np.zeros_like(task_share)
        weight[self.trained] = task_share[self.trained]
        total = weight.sum()
        return weight / total if total else task_share

    @contextmanager
    def of(self, net: MultiTaskNet) -> Iterator[None]:
        """Hold what is not trained of a net."""
        with held(net, self.what, self.trained):
            yield

    @property
    def holds_own_net(self) -> bool:
        """Whether nothing of the columns that went on alone is trained."""
        return self.what is not None and not set(self.own) & set(self.trained)

    def columns(self, net: MultiTaskNet) -> list[int]:
        """List earlier columns of which no weight is trained; `net` is the shared."""
        held_here = set(tasks_held(net, self.what, self.trained)) - set(self.own)
        found = held_here | set(self.own if self.holds_own_net else [])
        return sorted(t for t in found if t < self.n_known)


def freeze_of(
    estimator: Any, scoring_weight: np.ndarray, earlier: FittedStack | None
) -> Freeze:
    """Say what a fit to labels of these weights (n, T) leaves as it is."""
    labelled = np.flatnonzero((scoring_weight > 0).any(axis=0)).tolist()
    if earlier is None:
        return Freeze(None, labelled, [])
    n_known = len(earlier.codings.tasks)
    return Freeze(estimator.freeze, labelled, earlier.own_tasks, n_known)
