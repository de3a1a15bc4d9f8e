"""Columns of classes, each of which says more than the one before."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._class_level import Level, ParentOf
from sklearn_mtl.tasks._column_group import ColumnGroup
from sklearn_mtl.tasks._families import ancestors, downwards, families_of
from sklearn_mtl.tasks._parents import (
    has_child,
    joined_name,
    n_labelled,
    orphan,
    parent_codes,
    with_labels,
)


class ClassTree(ColumnGroup):
    """Columns of classes of which each parts those of the column before.

    Family and species, country and region, diagnosis and its form: a tuple of columns
    in ``task_types``, from the top down. What is predicted never disagrees: the
    probability of a class is that of its parent times that within the parent, a softmax
    among the parent's children, and `predict` gives a class within the predicted
    parent.

    Which parent a class has is learned from the rows. A label implies those of the
    columns above, which may be missing; those of the columns below may be missing too.

    Parameters
    ----------
    parents : dict, list of dict or None, default=None
        Parent of each class that no row shows beside its parent; a list has one dict
        for each column below the top.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.tasks import ClassTree
    >>> X = [[0.0], [1.0], [2.0], [3.0]] * 10
    >>> y = pd.DataFrame(
    ...     {
    ...         "family": ["cat", "cat", "dog", None] * 10,
    ...         "species": ["lion", "lynx", None, "wolf"] * 10,
    ...     }
    ... )
    >>> y.loc[3, "family"] = "dog"  # one row shows whose child a wolf is
    >>> net = MultiTaskNetEstimator(
    ...     task_types={("family", "species"): ClassTree()}, max_iter=5, random_state=0
    ... ).fit(X, y)
    >>> family, species = net.predict_proba(X)
    >>> net.classes_[1].tolist()
    ['lion', 'lynx', 'wolf']
    >>> bool(abs(family[:, 0] - species[:, :2].sum(axis=1)).max() < 1e-9)
    True
    """

    kind: ClassVar[str] = Level.kind

    def __init__(self, parents: Any = None) -> None:
        self.parents = parents

    def task_of(self, columns: tuple[Hashable, ...], position: int) -> Level:
        """Make the unfitted task of one column."""
        return Level(self, columns, position)

    def completed(
        self, tasks: Sequence[Any], columns: Sequence[Column], rows: np.ndarray
    ) -> list[Column]:
        """Fill in the classes that those below imply."""
        found = list(columns)
        parents = self._parents(tasks, columns, rows)
        for level in range(len(found) - 1, 0, -1):
            codes, labels = found[level].factorize()
            lacking = np.flatnonzero((codes >= 0) & found[level - 1].missing)
            if len(lacking):
                implied = []
                for code in codes[lacking]:
                    parent = parents[level - 1].get(labels[code], None)
                    if parent is None:
                        raise orphan(labels[code], columns[level], columns[level - 1])
                    implied.append(parent)
                found[level - 1] = with_labels(found[level - 1], lacking, implied)
        return found

    def _parents(
        self, tasks: Sequence[Any], columns: Sequence[Column], rows: np.ndarray
    ) -> list[ParentOf]:
        """Parent of each class of every column below the top, as far as is known."""
        known = self._said(len(columns), columns[0].name)
        for level in range(1, len(columns)):
            parent_of = known[level - 1]
            if hasattr(tasks[level], "structure_"):
                parent_of.update(tasks[level].parent_labels(tasks[level - 1]))
            above, names = columns[level - 1].factorize()
            below, labels = columns[level].factorize()
            both = np.flatnonzero((above >= 0) & (below >= 0))
            pairs = np.stack([below[both], above[both]])
            _, first = np.unique(pairs, axis=1, return_index=True)
            for at in np.sort(first):
                child, parent = labels[pairs[0, at]], names[pairs[1, at]]
                other = parent_of.setdefault(child, parent)
                if other != parent:
                    raise ValueError(
                        f"Label {child!r} of column {columns[level].name!r} stands "
                        f"under {parent!r} of column {columns[level - 1].name!r} in "
                        f"row {int(rows[both[at]])}, and elsewhere under {other!r}. A "
                        "class has one parent: correct the labels, or tell the classes "
                        f"apart by their names, such as {joined_name(parent, child)!r}."
                    )
        return known

    def _said(self, n_levels: int, name: Hashable) -> list[ParentOf]:
        said = self.parents
        if said is None:
            return [{} for _ in range(1, n_levels)]
        given = [said] if isinstance(said, Mapping) else said
        is_list = isinstance(given, list | tuple)
        if not is_list or not all(isinstance(entry, Mapping) for entry in given):
            raise TypeError(
                f"parents={said!r} of the ClassTree of column {name!r}: pass a dict "
                "that says the parent of a class, such as {'wolf': 'dog'}, or a list "
                "of them."
            )
        if len(given) != n_levels - 1:
            raise ValueError(
                f"parents of the ClassTree of column {name!r} has {len(given)} dicts, "
                f"but {n_levels - 1} columns stand below the top. Pass one for each."
            )
        return [dict(entry) for entry in given]

    def fit(
        self, tasks: Sequence[Any], columns: Sequence[Column], weight: np.ndarray
    ) -> None:
        """Learn the classes, whose children they are, and their shares."""
        rows = np.arange(len(weight))
        parents = self._parents(tasks, columns, rows)
        kept = weight.copy()
        depth = n_labelled(columns, weight)
        for level in range(len(tasks) - 1, -1, -1):
            if level < depth - 1:
                kept[:, level] *= has_child(tasks[level : level + 2], columns[level])
            tasks[level].fit(columns[level], kept[:, level])
            # Those above ask which classes stand below.
            tasks[level].parent_of_ = {} if level == 0 else parents[level - 1]
        structure = tuple(
            parent_codes(tasks, level, columns) for level in range(len(tasks))
        )
        width = max(task.block_width() for task in tasks)
        prior = np.zeros((len(tasks), width))
        for level, task in enumerate(tasks):
            task.structure_, task.width_ = structure, width
            prior[level, : task.n_outputs_] = task.prior_raw_
        for task in tasks:
            task.learn_prior(prior.ravel())

    def check_weights(self, tasks: Sequence[Any], weight: np.ndarray) -> None:
        """Raise where classes are to be learned within classes that are not."""
        for level, (above, below) in enumerate(pairwise(weight)):
            if above == 0 < below:
                raise ValueError(
                    f"task_weights is 0 for column {tasks[level].name_!r}, but the "
                    f"classes of column {tasks[level + 1].name_!r} are predicted "
                    "within its classes. Give it a weight above 0."
                )

    def completed_codes(self, tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
        """Fill in the codes of the classes that those below imply."""
        labels = labels.copy()
        for level in range(len(tasks) - 1, 0, -1):
            known = np.flatnonzero(~np.isnan(labels[:, level]))
            below = labels[known, level].astype(int)
            implied = np.asarray(tasks[0].structure_[level], dtype=float)[below]
            above = labels[known, level - 1]
            wrong = np.flatnonzero(~np.isnan(above) & (above != implied))
            if len(wrong):
                child, parent = tasks[level], tasks[level - 1]
                said, other = above[wrong[0]], implied[wrong[0]]
                raise ValueError(
                    f"Row {int(known[wrong[0]])} says {parent.classes_[int(said)]!r} "
                    f"of column {parent.name_!r} beside "
                    f"{child.classes_[below[wrong[0]]]!r} of column {child.name_!r}, "
                    f"which stood under {parent.classes_[int(other)]!r} in fit. "
                    "Correct one of them, or make it missing."
                )
            labels[known, level - 1] = implied
        return labels

    def agreed(
        self,
        tasks: Sequence[Any],
        labels: np.ndarray,
        responses: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """Take probabilities from the top down, within what is known."""
        structure = tasks[0].structure_
        families = families_of(structure)
        told = [
            _certain(response, own)
            for response, own in zip(responses, labels.T, strict=True)
        ]
        depth = len(families)
        chain = [told[0]] + [
            family.shares(response)
            for family, response in zip(families[1:], told[1:depth], strict=True)
        ]
        return [*downwards(structure, chain), *told[depth:]] if depth else told

    def agreed_draws(
        self,
        tasks: Sequence[Any],
        labels: np.ndarray,
        drawn: Sequence[np.ndarray],
        responses: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """Let the last column's draw say the classes above it."""
        structure = tasks[0].structure_
        deepest = len(families_of(structure)) - 1
        if deepest < 1:
            return list(drawn)
        held = self.agreed(tasks, labels, responses)[deepest]
        codes = drawn[deepest].astype(int)
        impossible = np.take_along_axis(held, codes, axis=1) <= 0
        likeliest = np.broadcast_to(held.argmax(axis=1)[:, np.newaxis], codes.shape)
        codes = np.where(impossible, likeliest, codes)
        chain = ancestors(structure, codes, deepest)
        return [*(level.astype(float) for level in chain), *drawn[deepest + 1 :]]


def _certain(response: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Give the classes that are known, (n,), the probability 1."""
    certain = np.array(response, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(codes))
    certain[known] = np.eye(response.shape[1])[codes[known].astype(int)]
    return certain
