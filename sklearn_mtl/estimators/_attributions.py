"""What moved the predictions of rows away from those of a baseline."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._slopes import Slopes
from sklearn_mtl.tables import sources_of_features

NUMBERS_AT_ONCE = 2**22
"""Of what columns add on the steps of some rows; bounds the memory."""
SHARE_OF_LARGEST = 0.5
"""Error of a step, of the largest of its line, from which it is halved."""


class Attributed(NamedTuple):
    """What columns of X add to the outputs of all tasks, side by side.

    Attributes
    ----------
    added : ndarray of shape (n, n_columns, M)
    predicted, baseline : ndarray of shape (n, M)
        Outputs of the rows and of where their paths begin.
    """

    added: np.ndarray
    predicted: np.ndarray
    baseline: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """What sums of `added` miss of the difference, (n, M)."""
        missed: np.ndarray = self.predicted - self.baseline - self.added.sum(axis=1)
        return missed


class Steps(NamedTuple):
    """Steps along the straight lines from baselines to rows.

    Attributes
    ----------
    row : int ndarray of shape (s,)
    begin, width : ndarray of shape (s,)
        Shares of the line.
    before, after : ndarray of shape (s, M)
        Outputs at both ends.
    middle : ndarray of shape (s, M)
        Outputs half-way.
    added : ndarray of shape (s, n_columns, M)
        What columns add, by the gradient half-way.
    """

    row: np.ndarray
    begin: np.ndarray
    width: np.ndarray
    before: np.ndarray
    after: np.ndarray
    middle: np.ndarray
    added: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """What gradients miss, (s, M); nothing where outputs are linear."""
        missed: np.ndarray = self.after - self.before - self.added.sum(axis=1)
        return missed

    def where(self, chosen: np.ndarray) -> Steps:
        return Steps(*(values[chosen] for values in self))


def attributed(
    stack: FittedStack,
    features: np.ndarray,
    baseline: np.ndarray,
    *,
    tolerance: np.ndarray,
    n_steps: int,
    most_steps: int,
) -> Attributed:
    """Integrate gradients along straight lines, in steps as small as it takes.

    A net of linear pieces is linear between its bends, where the gradient half-way is
    exact: steps that hold a bend are halved, and the others are not.

    Parameters
    ----------
    stack : FittedStack
    features, baseline : ndarray of shape (n, d)
        Encoded rows, and where the line to each begins.
    tolerance : ndarray of shape (M,)
        Largest gap of each output.
    n_steps, most_steps : int
        Steps of a line to begin with, and their most.
    """
    slopes = Slopes(stack)
    n_columns = len(stack.codings.encoder.column_names_)
    sources = sources_of_features(stack.codings.encoder)
    to_columns = np.equal.outer(np.arange(n_columns), sources).astype(np.float64)
    size = n_steps * n_columns * slopes.n_outputs
    together = max(1, NUMBERS_AT_ONCE // size)
    parts = []
    for first in range(0, len(features), together):
        rows = slice(first, first + together)
        lines = Lines(slopes, baseline[rows], features[rows], to_columns)
        parts.append(lines.integrated(tolerance, n_steps, most_steps))
    return Attributed(*(np.concatenate(part) for part in zip(*parts, strict=True)))


class Lines:
    """Straight lines from baselines to rows, and gradients along them.

    Parameters
    ----------
    slopes : Slopes
    start, end : ndarray of shape (n, d)
    to_columns : ndarray of shape (n_columns, d)
        1 where a feature comes from a column of X.
    """

    def __init__(
        self,
        slopes: Slopes,
        start: np.ndarray,
        end: np.ndarray,
        to_columns: np.ndarray,
    ) -> None:
        self.slopes, self.to_columns = slopes, to_columns
        self.start, self.moves = start, end - start

    def integrated(
        self, tolerance: np.ndarray, n_steps: int, most_steps: int
    ) -> Attributed:
        """Sum up steps, once they are small enough."""
        n_rows = len(self.start)
        steps, ends = self._even_steps(n_steps)
        while True:
            missed = np.abs(steps.error / tolerance).max(axis=1)
            gap = np.zeros((n_rows, len(tolerance)))
            np.add.at(gap, steps.row, steps.error)
            number = np.bincount(steps.row, minlength=n_rows)
            todo = (np.abs(gap) > tolerance).any(axis=1) & (number < most_steps)
            largest = np.zeros(n_rows)
            np.maximum.at(largest, steps.row, missed)
            # Errors of many small bends cancel each other: large ones are mended first.
            halved = todo[steps.row] & (missed > SHARE_OF_LARGEST * largest[steps.row])
            if not halved.any():
                break
            steps = _joined(steps.where(~halved), self._halves(steps.where(halved)))
        added = np.zeros((n_rows, *steps.added.shape[1:]))
        np.add.at(added, steps.row, steps.added)
        return Attributed(added, ends[:, -1], ends[:, 0])

    def _even_steps(self, n_steps: int) -> tuple[Steps, np.ndarray]:
        """Make steps of one width; with outputs (n, n_steps + 1, M) at their ends."""
        n_rows = len(self.start)
        row = np.repeat(np.arange(n_rows), n_steps + 1)
        at = np.tile(np.arange(n_steps + 1) / n_steps, n_rows)
        ends = self.slopes.outputs(self._points(row, at))
        ends = ends.reshape(n_rows, n_steps + 1, -1)
        n_outputs = ends.shape[-1]
        first = np.flatnonzero(at < 1.0)
        steps = self._measured(
            row[first],
            at[first],
            np.full(len(first), 1.0 / n_steps),
            ends[:, :-1].reshape(-1, n_outputs),
            ends[:, 1:].reshape(-1, n_outputs),
        )
        return steps, ends

    def _halves(self, steps: Steps) -> Steps:
        width = 0.5 * steps.width
        return self._measured(
            np.tile(steps.row, 2),
            np.concatenate([steps.begin, steps.begin + width]),
            np.tile(width, 2),
            np.concatenate([steps.before, steps.middle]),
            np.concatenate([steps.middle, steps.after]),
        )

    def _measured(
        self,
        row: np.ndarray,
        begin: np.ndarray,
        width: np.ndarray,
        before: np.ndarray,
        after: np.ndarray,
    ) -> Steps:
        points = self._points(row, begin + 0.5 * width)
        moves = self.moves[row] * width[:, np.newaxis]
        middle = np.empty_like(before)
        added = np.empty((len(row), len(self.to_columns), before.shape[1]))
        for rows, outputs, gradients in self.slopes.gradients(points):
            middle[rows] = outputs
            for m, gradient in enumerate(gradients):
                added[rows, :, m] = (moves[rows] * gradient) @ self.to_columns.T
        return Steps(row, begin, width, before, after, middle, added)

    def _points(self, row: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Points on the lines to some rows, (s, d)."""
        points: np.ndarray = self.start[row] + at[:, np.newaxis] * self.moves[row]
        return points


def _joined(first: Steps, second: Steps) -> Steps:
    return Steps(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))
