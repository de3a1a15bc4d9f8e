"""Early stopping, and the best weights of each member."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback

OF_MEMBERS = ("best_epoch_", "best_loss_", "_reference", "_waited", "_stopped")
"""Attributes that have an entry a member."""


class BestWeights(Callback):
    """Keep each member's best weights, and stop once none improves.

    A member that has not improved for `patience` epochs has stopped: its kept weights
    stay as they are while others go on. A member whose loss or weights are no longer
    finite has stopped too.

    Parameters
    ----------
    monitor : {"valid", None}
        "valid" keeps the weights of the least validation loss; None keeps the last
        finite ones, as training on all rows for a set number of epochs asks for.
    patience : int
        Epochs without improvement after which a member stops.
    tol : float
        Least decrease of the loss, in units of the prior, that resets the count.

    Attributes
    ----------
    best_epoch_ : int ndarray of shape (K,)
        Epoch, counted from 1, whose weights are kept; 0 for the initial ones.
    best_loss_ : float ndarray of shape (K,)
    diverged_ : dict of int to tuple of int
        Member to the epoch and column of y (-1 if all losses were finite)
        at which its numbers were no longer finite.
    """

    def __init__(
        self, monitor: str | None = "valid", patience: int = 10, tol: float = 1e-4
    ) -> None:
        self.monitor = monitor
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Keep the initial weights, in case none better comes."""
        self._parameters = [
            p for _, p in net.get_all_learnable_params() if p.requires_grad
        ]
        self._kept = [p.detach().clone() for p in self._parameters]
        n_members = max(map(len, self._kept))
        self.best_epoch_ = np.zeros(n_members, dtype=int)
        self.best_loss_ = np.full(n_members, np.inf)
        self._reference = np.full(n_members, np.inf)
        self._waited = np.zeros(n_members, dtype=int)
        self._stopped = np.zeros(n_members, dtype=bool)
        self.diverged_: dict[int, tuple[int, int]] = {}

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Keep the weights of the members that improved."""
        epoch = len(net.history)
        self._note_divergence(net, epoch)
        loss = None if self.monitor is None else net.monitored_loss()
        going = ~self._stopped
        better = going if loss is None else going & self._is_better(loss)
        self._keep(better)
        self.best_epoch_[better] = epoch
        if loss is not None:
            self.best_loss_[better] = np.where(np.isnan(loss), np.inf, loss)[better]
            clearly = going & (loss < self._reference - self.tol)
            self._reference[clearly] = loss[clearly]
            # A score may be missing in some epochs; that is no improvement.
            measured = ~np.isnan(loss) | np.isfinite(self.best_loss_)
            self._waited[going & measured] += 1
            self._waited[clearly] = 0
            self._stopped |= self._waited >= self.patience
            # Nothing tells when a member without labels should stop: with the others.
            measured = np.isfinite(self.best_loss_)
            if measured.any() and self._stopped[measured].all():
                self._stopped[:] = True

    def _is_better(self, loss: np.ndarray) -> np.ndarray:
        """Whether members improved; without any loss the last weights are kept."""
        never_measured = np.isnan(loss) & np.isinf(self.best_loss_)
        return (loss < self.best_loss_) | never_measured

    def standing(self) -> dict[str, Any]:
        """Give what was seen of each member, in arrays (K,), and the kept weights."""
        return {name: copy(getattr(self, name)) for name in OF_MEMBERS} | {
            "diverged_": dict(self.diverged_),
            "_kept": [kept.clone() for kept in self._kept],
        }

    def stand(self, standing: dict[str, Any]) -> None:
        """Go on from what `standing` gave."""
        for name, value in standing.items():
            setattr(self, name, value)

    @property
    def going(self) -> np.ndarray:
        """Which members have not stopped, (K,)."""
        return ~self._stopped

    def stop(self, members: np.ndarray) -> None:
        """Let some members stop; their kept weights stay."""
        self._stopped[members] = True

    def wait_anew(self, members: np.ndarray) -> None:
        """Give some members their whole patience."""
        self._waited[members] = 0

    def weights_were_loaded(self) -> None:
        """Keep weights that were loaded before the first epoch had ended."""
        if hasattr(self, "_parameters") and not self.best_epoch_.any():
            self._kept = [p.detach().clone() for p in self._parameters]

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Put the kept weights back."""
        with torch.no_grad():
            if self.best_epoch_.any() or self.diverged_:
                for parameter, kept in zip(self._parameters, self._kept, strict=True):
                    parameter.copy_(kept)
        del self._parameters, self._kept

    def _keep(self, members: np.ndarray) -> None:
        chosen = np.flatnonzero(members)
        if not len(chosen):
            return
        try:
            self._copy(chosen)
        except KeyboardInterrupt:
            self._copy(chosen)  # else what is kept were of two epochs
            raise

    def _copy(self, chosen: np.ndarray) -> None:
        index = torch.from_numpy(chosen).to(self._kept[0].device)
        for kept, parameter in zip(self._kept, self._parameters, strict=True):
            # Members are sorted by depth: a layer may be of the first ones alone.
            n_held = int(np.searchsorted(chosen, len(kept)))
            if n_held == len(kept):
                kept.copy_(parameter.detach())
            else:
                held = index[:n_held]
                kept.index_copy_(0, held, parameter.detach().index_select(0, held))

    def _note_divergence(self, net: Any, epoch: int) -> None:
        losses = [values[-1] for values in net.task_losses_.values() if values]
        infinite = [np.isinf(loss) for loss in losses]
        bad = np.any(infinite, axis=(0, 2)) | self._members_not_finite()
        for k in np.flatnonzero(bad & ~self._stopped):
            # Training comes first: by the time of validation all may be infinite.
            first = next((of[k] for of in infinite if of[k].any()), None)
            task = -1 if first is None else int(first.argmax())
            self.diverged_[int(k)] = (epoch, task)
        self._stopped |= bad

    def _members_not_finite(self) -> np.ndarray:
        """Tell which members have weights that are not finite."""
        parameters = [p.detach() for p in self._parameters]
        # A sum is finite only if all its terms are; it is one pass, without a mask.
        if torch.stack([p.sum() for p in parameters]).isfinite().all():
            return np.zeros_like(self._stopped)
        finite = np.ones_like(self._stopped)
        for parameter in parameters:
            of_parameter = parameter.flatten(1).isfinite().all(dim=1).cpu().numpy()
            finite[: len(of_parameter)] &= of_parameter
        return ~finite
