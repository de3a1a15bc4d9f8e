"""Members of a candidate that stop together, perhaps at a lower rate."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from skorch.callbacks import Callback

FALL = 5
"""What the learning rate is divided by."""


OF_CANDIDATES = ("_best", "_waited", "_fallen")
"""Attributes that have an entry a candidate."""


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
        Whether the learning rate of a candidate that does not improve is divided by 5,
        once, before it stops. An optimizer with one rate for all (it has no
        ``lr_ratio``) waits until no candidate improves. Rates are what they were after
        training.
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
        self._fallen = np.zeros(n_candidates, dtype=bool)
        self._rates: list[dict[str, Any]] | None = None

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
        falling = self._falling(waited_enough, net.optimizer_.param_groups)
        best_weights.stop((waited_enough & self._may_stop)[self._candidate])
        if falling.any():
            self._lower_rate(falling, net.optimizer_.param_groups)
            self._waited[falling] = 0
            best_weights.wait_anew(falling[self._candidate])

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Put back the rates, for training that goes on from here."""
        if self._rates is not None:
            for group, rates in zip(
                net.optimizer_.param_groups, self._rates, strict=True
            ):
                group.update(rates)

    def standing(self) -> dict[str, Any]:
        """Give what was seen of candidates and of members."""
        return {name: copy(getattr(self, name)) for name in (*OF_CANDIDATES, "_last")}

    def stand(self, standing: dict[str, Any], groups: Any) -> None:
        """Go on from what `standing` gave, with rates that have fallen as before."""
        for name, value in standing.items():
            setattr(self, name, value)
        fallen, self._fallen = self._fallen, np.zeros_like(self._fallen)
        if fallen.any():
            self._lower_rate(fallen, groups)

    @property
    def _may_stop(self) -> Any:
        """Candidates that no lower rate is waiting for."""
        return self._fallen if self.rate_falls else np.ones_like(self._fallen)

    def _falling(self, waited_enough: np.ndarray, groups: Any) -> np.ndarray:
        """Candidates whose rate falls now."""
        if not self.rate_falls:
            return np.zeros_like(self._fallen)
        if _has_rate_of_members(groups):
            falling: np.ndarray = waited_enough & ~self._fallen
            return falling
        together = waited_enough.all() and not self._fallen.any()
        return np.full_like(self._fallen, together)

    def _lower_rate(self, falling: np.ndarray, groups: Any) -> None:
        if self._rates is None:
            known = ("lr", "lr_ratio")
            self._rates = [{k: g[k] for k in known if k in g} for g in groups]
        self._fallen |= falling
        if falling.all():
            for group in groups:
                group["lr"] /= FALL
            return
        share = np.where(falling[self._candidate], 1.0 / FALL, 1.0)
        for group in _groups_of_members(groups, len(share)):
            ratio = group["lr_ratio"]
            before = np.ones_like(share) if ratio is None else np.array(ratio)
            group["lr_ratio"] = tuple((before * share).tolist())

    def _patience(self) -> Any:
        """Epochs that each candidate is given."""
        patience = np.where(self._fallen, -(-self.patience // 2), self.patience)
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


def _has_rate_of_members(groups: Any) -> bool:
    return all("lr_ratio" in group for group in groups)


def _groups_of_members(groups: Any, n_members: int) -> list[dict[str, Any]]:
    """Parameter groups in which each member may have a rate of its own."""
    return [
        group
        for group in groups
        if all(p.ndim for p in group["params"])
        and max(map(len, group["params"])) == n_members
    ]
