"""Some members of a trained net, as a net of their own."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np
from skorch.history import History

from sklearn_mtl.nn import can_select_members, select_members
from sklearn_mtl.training._copy_members import go_on_with
from sklearn_mtl.training._last_epochs import LastEpochs
from sklearn_mtl.training._last_losses import mean_of_labelled, with_last_losses
from sklearn_mtl.training._loss import TaskLoss
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.training._pause import PAUSE


def can_take_members(net: MultiTaskNet) -> bool:
    """Tell whether members of a net can be taken out of it."""
    return can_select_members(net.module_) and can_select_members(net.criterion_)


def take_candidates(net: MultiTaskNet) -> Iterator[tuple[np.ndarray, MultiTaskNet]]:
    """Take the members of each candidate out of a trained net.

    Parameters
    ----------
    net : MultiTaskNet

    Yields
    ------
    members : int ndarray of shape (k,)
        Of one candidate.
    taken : MultiTaskNet
        A copy of these, with what was noted while they trained. It predicts, and is
        not to be trained on: it has no optimizer.
    """
    noted = _Noted(net)
    candidate = net.members.candidate
    for number in range(candidate.max() + 1):
        members = np.flatnonzero(candidate == number)
        yield members, _take(net, members, noted)


def become_candidate(
    source: MultiTaskNet, number: int, target: MultiTaskNet
) -> MultiTaskNet:
    """Let a new net be one candidate of a trained stack, as if trained by itself.

    Parameters
    ----------
    source : MultiTaskNet
    number : int
        The candidate.
    target : MultiTaskNet
        Made by the same settings, of as many members as the candidate has.

    Returns
    -------
    MultiTaskNet
        `target`, which may be trained on.
    """
    members = np.flatnonzero(source.members.candidate == number)
    noted = _Noted(source)
    n_epochs = noted.n_epochs(members)
    go_on_with(source, members, target)
    target.history_ = noted.history(members, n_epochs)
    for name in target.losses_by_epoch:
        for losses in getattr(target, name).values():
            del losses[n_epochs:]
    best = dict(target.callbacks_)["best_weights"]
    best.diverged_ = _best_of(
        dict(source.callbacks_)["best_weights"], members
    ).diverged_
    return target


def _take(net: MultiTaskNet, members: np.ndarray, noted: _Noted) -> MultiTaskNet:
    taken = object.__new__(type(net))
    known = vars(net).copy()
    known.pop("optimizer_", None)
    n_epochs = noted.n_epochs(members)
    known |= {
        "members": net.members.select(members),
        "module_": select_members(net.module_, members),
        "criterion_": _criterion_of(net.criterion_, members),
        "history_": noted.history(members, n_epochs),
        "callbacks_": [
            (name, _best_of(callback, members) if name == "best_weights" else callback)
            for name, callback in net.callbacks_
            if name != PAUSE and not isinstance(callback, LastEpochs)
        ],
    }
    for name in net.losses_by_epoch:
        known[name] = {
            part: [loss[members] for loss in losses[:n_epochs]]
            for part, losses in getattr(net, name).items()
        }
    taken.__dict__.update(known)
    return taken


def _criterion_of(criterion: TaskLoss, members: np.ndarray) -> TaskLoss:
    """Select members of a loss; its layout, which nobody changes, stays the same."""
    own = copy(criterion)
    parts = {"balancing": select_members(criterion.balancing, members)}
    own.__dict__["_modules"] = criterion._modules | parts
    return own


class _Noted:
    """Means of a stack by epoch and member, of which each candidate has its own.

    Parameters
    ----------
    net : MultiTaskNet
    """

    def __init__(self, net: MultiTaskNet) -> None:
        self.rows = net.history
        trained = np.array(net.task_losses_["train"])
        self.trained = ~np.isnan(trained).all(axis=2)
        self.means = {
            f"{part}_loss": np.array(
                [net.monitor(loss) for loss in with_last_losses(losses)]
            )
            for part, losses in net.task_losses_.items()
        }
        average = with_last_losses(net.scores_["average"])
        self.means["valid_score"] = np.array(average)

    def n_epochs(self, members: np.ndarray) -> int:
        """Epochs until the last of some members had left."""
        return int(np.flatnonzero(self.trained[:, members].any(axis=1))[-1]) + 1

    def history(self, members: np.ndarray, n_epochs: int) -> History:
        """Make the history that members would have as a stack of their own."""
        history = History(dict(row) for row in self.rows[:n_epochs])
        for epoch, row in enumerate(history):
            for key, mean in self.means.items():
                if key in row:
                    row[key] = mean_of_labelled(mean[epoch, members])
        return history


def _best_of(callback: Any, members: np.ndarray) -> Any:
    best = copy(callback)
    best.best_epoch_ = callback.best_epoch_[members]
    best.best_loss_ = callback.best_loss_[members]
    best.diverged_ = {
        position: callback.diverged_[k]
        for position, k in enumerate(members.tolist())
        if k in callback.diverged_
    }
    return best
