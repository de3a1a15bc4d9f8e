"""Some members of a trained net, as a net of their own."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from skorch.history import History

from sklearn_mtl.nn import can_select_members, select_members
from sklearn_mtl.training._last_losses import mean_of_labelled, with_last_losses
from sklearn_mtl.training._net import MultiTaskNet


def can_take_members(net: MultiTaskNet) -> bool:
    """Tell whether members of a net can be taken out of it."""
    return can_select_members(net.module_) and can_select_members(net.criterion_)


def take_members(net: MultiTaskNet, members: np.ndarray) -> MultiTaskNet:
    """Copy some members of a trained net, with what was noted while they trained.

    It predicts, and is not to be trained on: it has no optimizer.

    Parameters
    ----------
    net : MultiTaskNet
    members : int ndarray of shape (k,)
        In increasing order, of one candidate.

    Returns
    -------
    MultiTaskNet
    """
    taken = object.__new__(type(net))
    vars(taken).update(vars(net))
    vars(taken).pop("optimizer_", None)
    known: dict[str, Any] = {
        "members": net.members.select(members),
        "module_": select_members(net.module_, members),
        "criterion_": select_members(net.criterion_, members),
        "callbacks_": [
            (name, _best_of(callback, members) if name == "best_weights" else callback)
            for name, callback in net.callbacks_
        ],
    }
    trained = np.array(
        [np.isfinite(loss[members]).any() for loss in net.task_losses_["train"]]
    )
    # A candidate without an epoch of finite losses has diverged in the first one.
    n_epochs = int(np.flatnonzero(trained)[-1]) + 1 if trained.any() else len(trained)
    for name in net.losses_by_epoch:
        known[name] = {
            part: [loss[members] for loss in losses[:n_epochs]]
            for part, losses in getattr(net, name).items()
        }
    vars(taken).update(known)
    vars(taken)["history"] = _history_of(taken, net.history[:n_epochs])
    return taken


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


def _history_of(net: MultiTaskNet, rows: Any) -> History:
    """Make the history of a net whose losses are known, of that of a larger stack."""
    history = History(dict(row) for row in rows)
    for part, losses in net.task_losses_.items():
        means = [
            mean_of_labelled(net.monitor(loss)) for loss in with_last_losses(losses)
        ]
        for row, mean in zip(history, means, strict=False):
            if f"{part}_loss" in row:
                row[f"{part}_loss"] = mean
    for row, average in zip(
        history, with_last_losses(net.scores_["average"]), strict=False
    ):
        if "valid_score" in row:
            row["valid_score"] = mean_of_labelled(average)
    return history
