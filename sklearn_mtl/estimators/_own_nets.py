"""Columns that go on alone from the shared weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._new_net import new_net, rate_schedule
from sklearn_mtl.training import (
    MemberRows,
    MultiTaskNet,
    TaskLoss,
    draw_seed,
    new_generator,
)

LEAST_GAIN = 0.002
"""Fall of the held-out loss, in units of the prior, that is worth a net of its own."""
MOST_TRIED = 4
"""Most columns that are tried alone, so that a fit of many columns stays bounded."""
MANY_STEPS = 20
"""Steps of an epoch from which on a column alone is given half the patience."""


def may_part(estimator: Any, codings: Codings, net: MultiTaskNet) -> bool:
    """Whether columns may leave the shared net, and it can be told which gain."""
    return (
        estimator.own_nets == "auto"
        and len(codings.tasks) > 1
        and type(net.criterion_) is TaskLoss
        and not getattr(estimator.reconstruction, "generative", False)
        and "best_weights" in dict(net.callbacks_)
        and len(net.history) > 0
    )


def train_on_one_task(
    estimator: Any,
    codings: Codings,
    net: MultiTaskNet,
    rows: MemberRows,
    n_read: int,
    generator: Any,
    t: int,
) -> MultiTaskNet:
    """Train a copy of the shared net on one task, from its weights on.

    The caller's callbacks watch the shared net only.
    """
    weight = np.zeros_like(net.task_weight)
    weight[:, t] = 1.0
    own = new_net(
        estimator,
        codings,
        n_members=len(weight),
        n_rows=n_read,
        generator=new_generator(draw_seed(generator)),
        callbacks=rate_schedule(estimator),
    )
    own.module_.load_state_dict(net.module_.state_dict())
    own.criterion_.load_state_dict(net.criterion_.state_dict())
    own.weigh_tasks(weight)
    steps = len(rows.table) / own.batch_size
    patience = patience_alone(estimator.n_iter_no_change, steps)
    best = dict(own.callbacks_)["best_weights"]
    best.set_params(monitor="valid", patience=patience)
    return own.partial_fit(rows)


def find_own_nets(
    net: MultiTaskNet, train_alone: Callable[[int], MultiTaskNet]
) -> dict[int, MultiTaskNet]:
    """Let columns that the others hold back go on alone, and keep those that gain.

    A column is tried where another epoch of the shared training would have been better
    for it than the epoch that is best for all columns. It then trains alone, from the
    shared weights on, and keeps its own net if that lowers its loss on held-out rows.
    At most `MOST_TRIED` columns are tried, those first that promise most.

    Parameters
    ----------
    net : MultiTaskNet
        Trained on all columns, with rows held out.
    train_alone : callable
        Trains a copy of `net` on one task only.

    Returns
    -------
    dict of int to MultiTaskNet
    """
    valid, kept = _valid_losses(net), _best_epochs(net)
    by_column = np.moveaxis(valid, -1, 0)
    shared = [loss_at_others_epoch(loss, kept) for loss in by_column]
    promise = {}
    for t, loss in enumerate(by_column):
        gain = shared[t] - loss_at_others_epoch(loss, _lowest(loss))
        if is_gain(gain):
            promise[t] = float(np.nanmean(gain))
    own_nets = {}
    for t in sorted(promise, key=promise.__getitem__, reverse=True)[:MOST_TRIED]:
        own = train_alone(t)
        loss = _valid_losses(own)[..., t]
        if is_gain(shared[t] - loss_at_others_epoch(loss, _best_epochs(own))):
            own_nets[t] = own
    return own_nets


def patience_alone(patience: int, steps_an_epoch: float) -> int:
    """Epochs without improvement that a column alone is given.

    It starts near its best, so that half of them find it in less time where an epoch is
    many steps. Where it is few, half are too few to tell.
    """
    return -(-patience // 2) if steps_an_epoch >= MANY_STEPS else patience


def _valid_losses(net: MultiTaskNet) -> np.ndarray:
    """Losses on held-out rows of shape (epochs, K, T)."""
    return np.stack(net.task_losses_["valid"])


def _best_epochs(net: MultiTaskNet) -> np.ndarray:
    best: np.ndarray = dict(net.callbacks_)["best_weights"].best_epoch_
    return best


def _lowest(loss: np.ndarray) -> np.ndarray:
    """Epoch of the least loss of each member; 0 where it has none."""
    known = np.where(np.isnan(loss), np.inf, loss)
    return np.where(np.isfinite(known).any(axis=0), known.argmin(axis=0) + 1, 0)


def loss_at_others_epoch(loss: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Loss of each member at the median of the epochs that the others chose.

    A member's own epoch was chosen on the rows that its loss is of, so that its loss
    there is too good; the others' was not.

    Parameters
    ----------
    loss : ndarray of shape (n_epochs, K)
    epochs : int ndarray of shape (K,)
        Counted from 1.

    Returns
    -------
    ndarray of shape (K,)
    """
    members = np.arange(len(epochs))
    if len(members) > 1:
        epochs = np.array(
            [int(np.median(np.delete(epochs, k))) for k in members], dtype=int
        )
    at_epoch: np.ndarray = loss[np.clip(epochs, 1, len(loss)) - 1, members]
    return at_epoch


def is_gain(gain: np.ndarray) -> bool:
    """Whether a gain (K,) is above `LEAST_GAIN` and one standard error of its mean."""
    gain = gain[np.isfinite(gain)]
    if not len(gain):
        return False
    error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
    return bool(gain.mean() > max(LEAST_GAIN, error))
