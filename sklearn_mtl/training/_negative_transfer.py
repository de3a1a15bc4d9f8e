"""Tasks that get worse while the others get better."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from skorch.callbacks import Callback

from sklearn_mtl.exceptions import NegativeTransferWarning, warn

LEAST_RISE = 0.05
"""Rise of a loss, in units of the prior, that is more than a hiccup."""
TIMES_IN_A_ROW = 3
"""Epochs that improve the mean, and leave the task worse, before it is named."""


class NegativeTransfer(Callback):
    """Warn of a task whose validation loss rises above the prior's, once a task.

    What counts is a task's loss at the epoch that each member would keep, the best in
    the mean of its tasks: in the mean over members it must lie above the prior's, and
    above the best that the members had for that task, by `LEAST_RISE` and two standard
    errors, `TIMES_IN_A_ROW` epochs.

    Parameters
    ----------
    names : sequence
        Names of the columns of y.
    asked_for : sequence of int, default=None
        Positions of those that may be warned of; all by default.
    """

    def __init__(
        self, names: Sequence[Hashable], asked_for: Sequence[int] | None = None
    ) -> None:
        self.names = names
        self.asked_for = asked_for

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Forget what was seen in an earlier fit."""
        self._best: Any = None
        self._warned: set[int] = set()
        self._times: dict[int, int] = {}

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Compare the losses of tasks with the prior, and with their best."""
        best = dict(net.callbacks_).get("best_weights")
        if best is None or best.monitor is None or not net.task_losses_["valid"]:
            return
        loss = net.task_losses_["valid"][-1]
        if self._best is None:
            self._best, self._kept = np.full((2, *loss.shape), np.inf)
            self._learns = net.task_weight > 0
            self._learns[self._learns.sum(axis=1) < 2] = False
            if self.asked_for is not None:
                self._learns &= np.isin(np.arange(loss.shape[1]), self.asked_for)
        self._best = np.fmin(self._best, loss)
        improved = best.best_epoch_ == len(net.history)
        self._kept[improved] = loss[improved]
        if not improved.any():
            return
        if (self._kept < 1.0 + LEAST_RISE).all():
            self._times = {}
            return
        worse = self._worse_than_the_prior(self._kept, self._best)
        self._times = {t: self._times.get(t, 0) + 1 for t in worse}
        for t, times in self._times.items():
            if times == TIMES_IN_A_ROW and t not in self._warned:
                self._warned.add(t)
                self._warn(t, net)

    def _worse_than_the_prior(self, loss: np.ndarray, best: np.ndarray) -> set[int]:
        known = self._learns & np.isfinite(loss) & np.isfinite(best)
        found = set()
        for t in map(int, np.flatnonzero(known.any(axis=0))):
            kept = loss[known[:, t], t]
            rise = kept - best[known[:, t], t]
            if _clearly_above(kept, 1.0) and _clearly_above(rise, 0.0):
                found.add(t)
        return found

    def _warn(self, t: int, net: Any) -> None:
        loss = self._kept[self._learns[:, t], t]
        loss = loss[np.isfinite(loss)].mean()
        epoch, total = len(net.history), net.history[-1]["valid_loss"]
        warn(
            f"The validation loss of column {self.names[t]!r} rose to {loss:.2f} in "
            f"epoch {epoch}, above the 1 of its prior, while the mean over columns "
            f"fell to {total:.2f}: what the other columns learn may harm it. Compare "
            "with sklearn_mtl.inspection.compare_single_task, raise its weight in "
            "task_weights, or fit it apart.",
            NegativeTransferWarning,
        )


def _clearly_above(values: np.ndarray, level: float) -> bool:
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return bool(values.mean() - level > max(LEAST_RISE, 2 * error))
