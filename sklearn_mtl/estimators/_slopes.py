"""How the outputs of all tasks change with the features of a row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.training import InputGradients

POINTS_AT_ONCE = 1024
"""Rows that are differentiated together; bounds the memory."""
STEP = 1e-4
"""Of differences that tell the slope of a response, which is smooth in raw outputs."""


class Slopes:
    """Outputs of all tasks, side by side, and their gradients into encoded rows.

    An output is the prediction of a number or the probability of a class, the mean over
    members.

    Parameters
    ----------
    stack : FittedStack

    Attributes
    ----------
    n_outputs : int
        M.
    """

    def __init__(self, stack: FittedStack) -> None:
        self.stack = stack
        tasks = stack.tasks
        self.nets = [
            (net, own, InputGradients(net.module_))
            for net, own in stack.by_net(range(len(tasks)))
        ]
        sizes = [len(task.classes_) if task.is_classifier else 1 for task in tasks]
        stops = np.cumsum(sizes)
        self.slices = [slice(b - a, b) for a, b in zip(sizes, stops, strict=True)]
        self.n_outputs = int(stops[-1])

    def outputs(self, features: np.ndarray) -> np.ndarray:
        """Compute outputs (n, M) of encoded rows."""
        found = np.empty((len(features), self.n_outputs))
        for rows in _some_at_a_time(len(features)):
            for net, own, differentiable in self.nets:
                raw = differentiable.raw(features[rows])
                for t in own:
                    output = self._output(t, self.stack.raw_of(t, raw, net))
                    found[rows, self.slices[t]] = output.mean(axis=0)
        return found

    def gradients(
        self, features: np.ndarray
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Differentiate outputs in encoded rows, some at a time.

        Yields
        ------
        rows : slice
        outputs : ndarray of shape (rows, M)
        gradients : ndarray of shape (M, rows, d)
        """
        for rows in _some_at_a_time(len(features)):
            part = features[rows]
            outputs = np.empty((len(part), self.n_outputs))
            gradients = np.empty((self.n_outputs, *part.shape))
            for net, own, differentiable in self.nets:
                raw, pullback = differentiable.raw_and_pullback(part)
                for t in own:
                    of_task = self.stack.raw_of(t, raw, net)
                    outputs[:, self.slices[t]] = self._output(t, of_task).mean(axis=0)
                    asked, where = self.stack.outputs(t, net)
                    learning = slice(None) if asked is None else asked
                    for m, slope in enumerate(self._slopes(t, of_task)):
                        upstream = np.zeros_like(raw)
                        upstream[learning, :, where] = slope / len(slope)
                        gradients[self.slices[t].start + m] = pullback(upstream)
            yield rows, outputs, gradients

    def _output(self, t: int, own: np.ndarray) -> np.ndarray:
        """Compute outputs (..., M_t) of one task to its raw outputs (..., c)."""
        size = self.slices[t].stop - self.slices[t].start
        return self.stack.response_to(t, own)[..., :size]

    def _slopes(self, t: int, own: np.ndarray) -> np.ndarray:
        """Slopes (M_t, K, n, c) of outputs of one task in its raw outputs (K, n, c)."""
        slopes = []
        for c in range(own.shape[-1]):
            step = np.zeros_like(own)
            step[..., c] = STEP * np.maximum(1.0, np.abs(own[..., c]))
            rise = self._output(t, own + step) - self._output(t, own - step)
            slopes.append(rise / (2.0 * step[..., c : c + 1]))
        return np.moveaxis(np.stack(slopes, axis=-1), -2, 0)


def _some_at_a_time(n_rows: int) -> Iterator[slice]:
    for first in range(0, n_rows, POINTS_AT_ONCE):
        yield slice(first, first + POINTS_AT_ONCE)
