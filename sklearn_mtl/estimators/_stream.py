"""Rows that come in batches, again and again: what a fit reads of them, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from sklearn_mtl.estimators._reading import n_rows_of
from sklearn_mtl.tables import (
    hash_of_groups,
    hash_of_positions,
    pick_rows,
    read_groups,
    stack_rows,
)

PARTS = "X", "y", "sample_weight", "groups"


class Batch(NamedTuple):
    """Some rows as the user passed them, and a random number for each.

    Attributes
    ----------
    X, y, sample_weight : containers of n rows
        The last may be None.
    hashes : uint64 ndarray of shape (n,)
        The same in each pass; one for all rows of a group.
    """

    X: Any
    y: Any
    sample_weight: Any
    hashes: np.ndarray

    def take(self, rows: np.ndarray) -> Batch:
        """Take some rows, by a mask or by position."""
        if rows.dtype == bool:
            if rows.all():
                return self
            rows = np.flatnonzero(rows)
        weight = self.sample_weight
        return Batch(
            pick_rows(self.X, rows),
            pick_rows(self.y, rows),
            None if weight is None else pick_rows(weight, rows),
            self.hashes[rows],
        )


def below_each_other(batches: list[Batch]) -> Batch:
    """Make one batch of several."""
    X, y, weights, hashes = zip(*batches, strict=True)
    given = [weight is not None for weight in weights]
    if any(given) and not all(given):
        raise ValueError(
            f"Batch {given.index(False)} has no sample_weight, and batch "
            f"{given.index(True)} has. Pass it in each batch or in none."
        )
    return Batch(
        stack_rows(X, "X"),
        stack_rows(y, "y"),
        stack_rows(weights, "sample_weight") if all(given) else None,
        np.concatenate(hashes),
    )


@dataclass(frozen=True)
class RowStream:
    """Batches that can be read again and again.

    Attributes
    ----------
    open_batches : callable
        Gives an iterator over all batches.
    seed : int
        Of the numbers that rows get.
    """

    open_batches: Callable[[], Iterator[Any]]
    seed: int

    def __iter__(self) -> Iterator[Batch]:
        n_before = 0
        for position, passed in enumerate(self.open_batches()):
            batch = _read(passed, position, n_before, self.seed)
            n_before += len(batch.hashes)
            if len(batch.hashes):
                yield batch


def opener_of(batches: Any) -> Callable[[], Iterator[Any]]:
    """Tell how batches are read from their beginning.

    Raises
    ------
    TypeError
        For an iterator, which could be read once only.
    """
    if callable(batches):
        return partial(_opened, batches)
    if not hasattr(batches, "__iter__") or iter(batches) is batches:
        raise TypeError(
            f"batches is a {type(batches).__name__}, which cannot be read again and "
            "again. Pass a function that opens it anew, as lambda: read_batches(path), "
            "or a list of pairs (X, y)."
        )
    return partial(iter, batches)


def _opened(open_batches: Callable[[], Any]) -> Iterator[Any]:
    opened = open_batches()
    if not hasattr(opened, "__iter__"):
        raise TypeError(
            f"batches is a function that gives a {type(opened).__name__}. Let it give "
            "an iterator over pairs (X, y), as a function with `yield` does."
        )
    return iter(opened)


def _read(passed: Any, position: int, n_before: int, seed: int) -> Batch:
    parts = _parts_of(passed, position)
    X, y, weight, groups = (parts.get(name) for name in PARTS)
    if X is None or y is None:
        raise ValueError(
            f"{'X' if X is None else 'y'} of batch {position} is None. Pass both."
        )
    n_rows = n_rows_of(X)
    for name, part in (("y", y), ("sample_weight", weight), ("groups", groups)):
        if part is not None and n_rows_of(part) != n_rows:
            raise ValueError(
                f"Batch {position} has {n_rows} rows of X and {n_rows_of(part)} of "
                f"{name}. Pass one of {name} for each row of X."
            )
    if groups is None:
        hashes = hash_of_positions(n_before, n_rows, seed)
    else:
        everywhere = np.ones(n_rows, dtype=bool)
        hashes = hash_of_groups(read_groups(groups, everywhere), seed)
    return Batch(X, y, weight, hashes)


def _parts_of(passed: Any, position: int) -> Mapping[str, Any]:
    if isinstance(passed, Mapping):
        odd = sorted(set(passed) - set(PARTS), key=str)
        if odd or not {"X", "y"} <= set(passed):
            raise ValueError(
                f"Batch {position} is a dict of {sorted(map(str, passed))}. Pass 'X' "
                "and 'y', and perhaps 'sample_weight' and 'groups'."
            )
        return passed
    if isinstance(passed, tuple | list) and len(passed) in (2, 3):
        return dict(zip(PARTS, passed, strict=False))
    raise TypeError(
        f"Batch {position} is a {type(passed).__name__}. Pass pairs (X, y), triples "
        "(X, y, sample_weight), or dicts with 'X', 'y', 'sample_weight' and 'groups'."
    )


@dataclass
class HashSample:
    """Rows with the least hashes, of all that pass by.

    A draw without replacement that needs one pass and no more memory than twice what
    is kept (bottom-k sampling; Cohen & Kaplan 2007). Groups are kept as a whole.

    Attributes
    ----------
    most_rows : int
    below : int
        Rows with hashes from here on are not kept.
    """

    most_rows: int
    below: int
    _kept: list[Batch] = field(default_factory=list)
    _n_kept: int = 0

    def add(self, batch: Batch) -> None:
        """Let some rows pass by."""
        chosen = batch.take(batch.hashes < np.uint64(self.below))
        if not len(chosen.hashes):
            return
        self._kept.append(chosen)
        self._n_kept += len(chosen.hashes)
        if self._n_kept > 2 * self.most_rows:
            self._thin()

    def rows(self) -> Batch | None:
        """Give what is kept of all that passed by; None where there is nothing."""
        if self._n_kept > self.most_rows:
            self._thin()
        return self._joined()

    def _joined(self) -> Batch | None:
        if not self._n_kept:
            return None
        if len(self._kept) > 1:
            self._kept = [below_each_other(self._kept)]
        return self._kept[0]

    def _thin(self) -> None:
        """Keep the rows with the least hashes, as many as there may be."""
        joined = self._joined()
        assert joined is not None
        in_order = np.partition(joined.hashes, self.most_rows)
        self.below = int(in_order[self.most_rows])
        kept = joined.take(joined.hashes < np.uint64(self.below))
        self._kept, self._n_kept = [kept], len(kept.hashes)


class Survey(NamedTuple):
    """What the first pass over a stream finds.

    Attributes
    ----------
    n_rows : int
        Of the stream.
    sample : Batch
        Rows that codings are learned from.
    held_out : Batch or None
        Rows that nothing is trained on.
    trained_from : int
        Least hash of the rows that are trained on.
    """

    n_rows: int
    sample: Batch
    held_out: Batch | None
    trained_from: int


HASHES = 2**64


def survey(stream: RowStream, most_rows: int, held_out_share: float) -> Survey:
    """Read a stream once, and keep some of its rows.

    Parameters
    ----------
    stream : RowStream
    most_rows : int
        Of the sample; a quarter of that is held out at most.
    held_out_share : float
        Of the rows, at most; 0 for none.
    """
    sample = HashSample(most_rows, HASHES - 1)
    held_out = HashSample(max(1, most_rows // 4), int(held_out_share * HASHES))
    n_rows = 0
    for batch in stream:
        # Drawn apart from what is held out; of rows, also where these are in groups.
        of_rows = hash_of_positions(n_rows, len(batch.hashes), stream.seed + 1)
        n_rows += len(batch.hashes)
        sample.add(batch._replace(hashes=of_rows))
        if held_out_share:
            held_out.add(batch)
    of_sample, rows = sample.rows(), held_out.rows() if held_out_share else None
    if of_sample is None:
        raise ValueError("batches has no row. Pass one batch with a row, or more.")
    return Survey(n_rows, of_sample, rows, held_out.below if rows else 0)


def windows_of(stream: RowStream, found: Survey, n_rows: int) -> Iterator[Batch]:
    """Give the rows that are trained on, round and round, so many at a time.

    A window may begin at the end of one pass and end in the next, so that all are of
    one size; where the stream has fewer rows, a window is all of it.
    """
    waiting: list[Batch] = []
    n_waiting = 0
    while True:
        n_in_pass = 0
        for batch in stream:
            batch = batch.take(batch.hashes >= np.uint64(found.trained_from))
            n_in_pass += len(batch.hashes)
            while n_waiting + len(batch.hashes) >= n_rows:
                missing = n_rows - n_waiting
                positions = np.arange(len(batch.hashes))
                yield below_each_other([*waiting, batch.take(positions[:missing])])
                waiting, n_waiting = [], 0
                batch = batch.take(positions[missing:])
            if len(batch.hashes):
                waiting.append(batch)
                n_waiting += len(batch.hashes)
        if not n_in_pass:
            raise ValueError(
                "batches gives no row to train on when it is read again. Pass a "
                "function that opens it anew each time, or early_stopping=False where "
                "all rows are of one group."
            )
        if n_in_pass < n_rows:
            yield below_each_other(waiting)
            waiting, n_waiting = [], 0
