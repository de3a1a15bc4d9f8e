"""Members of a candidate that stop together, perhaps at a lower rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from skorch.callbacks import Callback

FALL = 5
"""What the learning rate is divided by."""


class StopTogether(Callback):
    """Stop the members of a candidate once their mean loss does not improve.

    The mean over members hangs less on chance than the loss of each, so that it tells
    within fewer epochs that there is nothing more to gain. Each member still keeps its
    own best weights, and may stop before.

    Where the rate may fall, members first go on at a fifth of it, from where they are:
    a high rate gets there in few epochs, a low one takes out what it leaves to chance.
    As losses hardly go up and down then, half the patience will do.

    Parameters
    ----------
    candidate : int ndarray of shape (K,), or None
        The candidate of each member, counted from 0; None for that of the net's
        `Members`.
    patience : int
        Epochs without improvement after which a candidate stops.
    tol : float
        Least decrease of the loss, in units of the prior, that is an improvement.
    aim : float ndarray of shape (n_candidates,), default=None
        Mean loss that a candidate is to get below.
    patience_above : int, default=None
        The patience with a candidate that is above its aim.
    rate_falls : bool, default=False
        Whether the learning rate is divided by 5, once no candidate improves, before
        any of them stops. It is what it was after training.
    """

    def __init__(
        self,
        candidate: np.ndarray | None,
        patience: int,
        tol: float,
        *,
        aim: np.ndarray | None = None,
        patience_above: int | None = None,
        rate_falls: bool = False,
    ) -> None:
        self.candidate = candidate
        self.patience, self.tol = patience, tol
        self.aim, self.patience_above = aim, patience_above
        self.rate_falls = rate_falls

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Forget what was seen in an earlier fit."""
        given = self.candidate
        self._candidate = net.members.candidate if given is None else given
        n_candidates = self._candidate.max() + 1
        self._best = np.full(n_candidates, np.inf)
        self._waited = np.zeros(n_candidates, dtype=int)
        self._last = np.full(len(self._candidate), np.nan)
        self._fallen_from: list[float] | None = None

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Compare the mean losses of candidates with their best."""
        best_weights = dict(net.callbacks_).get("best_weights")
        if best_weights is None or best_weights.monitor is None:
            return  # nobody stops early
        loss = net.monitored_loss()
        # A member that has left the stack counts with its last loss.
        self._last = np.where(np.isnan(loss), self._last, loss)
        mean = self._mean_of_candidates(self._last)
        better = mean < self._best - self.tol
        self._best[better] = mean[better]
        self._waited += 1
        self._waited[better] = 0
        waited_enough = self._waited >= self._patience()
        if not self.rate_falls or self._fallen_from is not None:
            best_weights.stop(waited_enough[self._candidate])
        elif waited_enough.all():
            self._lower_rate(net)
            self._waited[:] = 0
            best_weights.wait_anew()

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Put back the rate, for training that goes on from here."""
        if self._fallen_from is not None:
            for group, rate in zip(
                net.optimizer_.param_groups, self._fallen_from, strict=True
            ):
                group["lr"] = rate

    def _lower_rate(self, net: Any) -> None:
        groups = net.optimizer_.param_groups
        self._fallen_from = [group["lr"] for group in groups]
        for group in groups:
            group["lr"] /= FALL

    def _patience(self) -> Any:
        """Epochs that each candidate is given."""
        patience = self.patience
        if self._fallen_from is not None:
            patience = -(-patience // 2)
        if self.aim is None or self.patience_above is None:
            return patience
        return np.where(self._best < self.aim, patience, self.patience_above)

    def _mean_of_candidates(self, loss: np.ndarray) -> np.ndarray:
        """Mean finite losses of the members that have one; inf where none has."""
        known = np.isfinite(loss)  # one that diverged says nothing of the others
        n_candidates = len(self._best)
        count = np.bincount(self._candidate[known], minlength=n_candidates)
        total = np.bincount(
            self._candidate[known], weights=loss[known], minlength=n_candidates
        )
        return np.divide(
            total, count, out=np.full(n_candidates, np.inf), where=count > 0
        )
