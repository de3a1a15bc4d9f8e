"""Members of a candidate that stop together."""

from __future__ import annotations

from typing import Any

import numpy as np
from skorch.callbacks import Callback


class StopTogether(Callback):
    """Stop the members of a candidate once their mean loss does not improve.

    The mean over members hangs less on chance than the loss of each, so that it tells
    within fewer epochs that there is nothing more to gain. Each member still keeps its
    own best weights, and may stop before.

    Parameters
    ----------
    candidate : int ndarray of shape (K,)
        The candidate of each member, counted from 0.
    patience : int
        Epochs without improvement after which a candidate stops.
    tol : float
        Least decrease of the loss, in units of the prior, that is an improvement.
    aim : float ndarray of shape (n_candidates,), default=None
        Mean loss that a candidate is to get below.
    patience_above : int, default=None
        The patience with a candidate that is above its aim.
    """

    def __init__(
        self,
        candidate: np.ndarray,
        patience: int,
        tol: float,
        *,
        aim: np.ndarray | None = None,
        patience_above: int | None = None,
    ) -> None:
        self.candidate = candidate
        self.patience, self.tol = patience, tol
        self.aim, self.patience_above = aim, patience_above

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Forget what was seen in an earlier fit."""
        n_candidates = self.candidate.max() + 1
        self._best = np.full(n_candidates, np.inf)
        self._waited = np.zeros(n_candidates, dtype=int)
        self._last = np.full(len(self.candidate), np.nan)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Compare the mean losses of candidates with their best."""
        loss = net.monitored_loss()
        # A member that has left the stack counts with its last loss.
        self._last = np.where(np.isnan(loss), self._last, loss)
        mean = self._mean_of_candidates(self._last)
        better = mean < self._best - self.tol
        self._best[better] = mean[better]
        self._waited += 1
        self._waited[better] = 0
        stopped = self._waited >= self._patience()
        dict(net.callbacks_)["best_weights"].stop(stopped[self.candidate])

    def _patience(self) -> Any:
        """Epochs that each candidate is given."""
        if self.aim is None or self.patience_above is None:
            return self.patience
        return np.where(self._best < self.aim, self.patience, self.patience_above)

    def _mean_of_candidates(self, loss: np.ndarray) -> np.ndarray:
        """Mean finite losses of the members that have one; inf where none has."""
        known = np.isfinite(loss)  # one that diverged says nothing of the others
        n_candidates = len(self._best)
        count = np.bincount(self.candidate[known], minlength=n_candidates)
        total = np.bincount(
            self.candidate[known], weights=loss[known], minlength=n_candidates
        )
        return np.divide(
            total, count, out=np.full(n_candidates, np.inf), where=count > 0
        )
