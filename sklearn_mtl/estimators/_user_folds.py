"""Folds that the user asks for, by `cv` or by groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import PredefinedSplit
from sklearn.utils import _safe_indexing

from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.exceptions import warn
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedGroupKFold,
    MultiTaskStratifiedKFold,
    pair_of,
    rows_of,
)
from sklearn_mtl.training import Fold

OWN_SPLITTERS = MultiTaskStratifiedKFold, MultiTaskStratifiedGroupKFold
"""Without and with groups."""


def asks_for_folds(estimator: Any, groups: Any) -> bool:
    """Whether it was said how members hold out rows."""
    return estimator.cv is not None or groups is not None


def user_folds(cv: Any, rows: Rows, n_folds: int, seed: int) -> list[Fold]:
    """Split the rows that have labels as `cv` says, or into folds of whole groups.

    Parameters
    ----------
    cv : int, splitter, iterable or None
    rows : Rows
    n_folds : int
        How many folds there are to be at most, if only groups are known.
    seed : int
        Stands in for the generator that a splitter which shuffles was not given.

    Returns
    -------
    list of Fold
    """
    said = "groups" if cv is None else f"cv={cv!r}"
    if _names_rows(cv):
        if rows.groups is not None:
            warn(f"groups are ignored by {said}, which says the rows of each split.")
        splits = cv.split() if hasattr(cv, "split") else iter(cv)
    else:
        splits = _splits(_splitter(cv, rows, n_folds, seed), rows, said)
    lookup = _lookup(cv, rows)
    folds = [
        _fold(*pair_of(split, n, said), lookup, f"Split {n} of {said}")
        for n, split in enumerate(splits)
    ]
    if not folds:
        raise ValueError(
            f"{said} yields no split. Pass a splitter, or a list of pairs (train, "
            "test); a generator is used up by the first fit."
        )
    return folds


def _splits(splitter: Any, rows: Rows, said: str) -> Iterator[Any]:
    """Yield the splits of the rows that have labels."""
    y, groups = rows.passed_y, None if rows.groups is None else rows.groups.values
    if len(rows) < rows.n_passed:
        y = _safe_indexing(y, rows.positions)
    try:
        yield from splitter.split(rows.X, y, groups)
    except (TypeError, ValueError) as error:
        remedy = ""
        if groups is None and "group" in str(error):
            remedy = " Pass groups to fit."
        elif not isinstance(splitter, OWN_SPLITTERS):
            remedy = " An int for cv makes folds that are balanced over every column."
        raise ValueError(
            f"{said} does not split the {len(rows)} rows that have labels: "
            f"{error}{remedy}"
        ) from error


def _splitter(cv: Any, rows: Rows, n_folds: int, seed: int) -> Any:
    """Make the splitter; what it draws comes from `seed`, not from a global state."""
    if cv is None:
        n_groups = 0 if rows.groups is None else rows.groups.number
        if n_groups < 2:
            raise ValueError(
                "groups holds one group only, so that none can be held out. Pass finer "
                "groups, or none where rows stand alone."
            )
        cv = min(n_folds, n_groups)
    if isinstance(cv, Integral):
        ungrouped, grouped = OWN_SPLITTERS
        kind: Any = ungrouped if rows.groups is None else grouped
        return kind(int(cv), shuffle=True, random_state=seed)
    draws = getattr(cv, "shuffle", True) and hasattr(cv, "random_state")
    if draws and cv.random_state is None:
        cv = copy(cv)
        cv.random_state = seed
    return cv


def _names_rows(cv: Any) -> bool:
    """Whether `cv` lists rows of X as it was passed, and splits no other table."""
    is_list = isinstance(cv, Iterable) and not hasattr(cv, "split")
    return is_list or isinstance(cv, PredefinedSplit)


def _lookup(cv: Any, rows: Rows) -> np.ndarray:
    """Position among the labelled rows of each row that `cv` speaks of; -1 without."""
    if not _names_rows(cv):
        return np.arange(len(rows))
    lookup = np.full(rows.n_passed, -1)
    lookup[rows.positions] = np.arange(len(rows))
    return lookup


def _fold(train: Any, test: Any, lookup: np.ndarray, said: str) -> Fold:
    parts = []
    for name, part in (("train", train), ("test", test)):
        index = _rows_once(part, len(lookup), f"The {name} part of {_lower(said)}")
        labelled = lookup[index]
        parts.append(np.sort(labelled[labelled >= 0]))
        if not len(parts[-1]):
            raise ValueError(
                f"{said} has no row with a label in its {name} part. Leave the split "
                "out, or pass a cv that has rows in both parts of each split."
            )
    both = np.intersect1d(parts[0], parts[1], assume_unique=True)
    if len(both):
        row = int(np.flatnonzero(lookup == both[0])[0])
        raise ValueError(
            f"{said} has row {row} in its train part and in its test part, so that it "
            "is not held out. Pass parts without a row in common."
        )
    trained_on, held_out = parts
    everything = len(trained_on) + len(held_out) == int((lookup >= 0).sum())
    # Thousands of splits of many rows then take the memory of their test parts.
    return Fold(None if everything else trained_on, held_out)


def _rows_once(part: Any, n_rows: int, said: str) -> np.ndarray:
    index = rows_of(part, n_rows, said)
    if len(np.unique(index)) < len(index):
        row = int(np.flatnonzero(np.bincount(index) > 1)[0])
        raise ValueError(
            f"{said} names row {row} twice. Name each row once, and weigh rows by "
            "sample_weight."
        )
    return index


def _lower(said: str) -> str:
    return said[0].lower() + said[1:]
