"""Columns that go on alone from the shared weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._new_net import new_net, rate_schedule, watchers_of
from sklearn_mtl.estimators._scoring import stops_by_loss
from sklearn_mtl.training import (
    Course,
    MemberRows,
    Members,
    MultiTaskNet,
    StopTogether,
    TaskLoss,
    copy_members,
    draw_seed,
    go_on_with,
    new_generator,
    stacks_that_fit,
    teams,
    train,
)

LEAST_GAIN = 0.002
"""Fall of the held-out loss, in units of the prior, that is worth a net of its own."""
LEAST_PROMISE = 4 * LEAST_GAIN
"""Fall at another epoch that is worth a trial: of most, less than half comes true."""
PATIENCE, PATIENCE_WITHOUT_GAIN = 1 / 2, 1 / 3
"""Of a member's epochs without improvement, those that end a column's trial: the mean
over members hangs less on chance, and a trial that gains nothing shall end early."""


def may_part(estimator: Any, codings: Codings, net: MultiTaskNet) -> bool:
    """Whether columns may leave the shared net, and it can be told which gain."""
    return (
        estimator.own_nets == "auto"
        and len(codings.tasks) > 1
        and type(net.criterion_) is TaskLoss
        and not getattr(estimator.reconstruction, "generative", False)
        and stops_by_loss(estimator)
        and "best_weights" in dict(net.callbacks_)
        and len(net.history) > 0
    )


def find_own_net(
    estimator: Any,
    codings: Codings,
    net: MultiTaskNet,
    rows: MemberRows,
    n_read: int,
    generator: Any,
    course: Course,
) -> MultiTaskNet | None:
    """Let columns that the others hold back go on alone, and keep those that gain.

    A column is tried where another epoch of the shared training would have been better
    for it than the epoch that is best for all columns. All these are tried at once, in
    one stack that starts from the shared weights, in which each member learns from one
    column. A column keeps its members if they lower its loss on held-out rows. Where
    memory does not hold all, those are tried that promise most. Columns that belong
    together are predicted together, and stay.

    Parameters
    ----------
    net : MultiTaskNet
        Trained on all columns, with rows held out.
    rows : MemberRows
        Those that it was trained on.
    n_read : int
        Number of rows that training reads.
    generator : torch.Generator
    course : Course
        Of the fit; where it ends, columns are judged by the epochs of their trial.

    Returns
    -------
    MultiTaskNet or None
        For each column that goes on alone, as many members as `net` has.
    """
    make = partial(_new_net, estimator, codings, n_read, generator)
    try:
        shared, promise = _promises(net, codings)
        tried = sorted(promise, key=promise.__getitem__, reverse=True)
        tried = sorted(tried[: stacks_that_fit(net)])
        if not tried:
            return None
        members = teams(net.members, _each(tried))
        trials = _trials(estimator, members, [shared[t] for t in tried])
        own = make(members, ("trials", trials))
        copy_members(net, own.members.origin, own)
        train(own, rows.select(own.members.origin), None, course, "trials")
        return _what_gains(own, net, tried, shared, make)
    except KeyboardInterrupt:  # what all columns share has been learned
        course.end("interrupt")
        return None


def _what_gains(
    own: MultiTaskNet,
    net: MultiTaskNet,
    tried: list[int],
    shared: list[np.ndarray],
    make: Callable[[Members], MultiTaskNet],
) -> MultiTaskNet | None:
    """Keep the members of the columns that have gained by their trial."""
    if not own.history:
        return None
    kept = [t for t in tried if _gains(own, t, shared[t])]
    if not kept:
        return None
    gained = make(teams(net.members, _each(kept)))
    learned = own.members.task_weight[:, kept].any(axis=1)
    go_on_with(own, np.flatnonzero(learned), gained)
    return gained


def _promises(
    net: MultiTaskNet, codings: Codings
) -> tuple[list[np.ndarray], dict[int, float]]:
    """Loss (K,) of each column with the shared weights, and what some may gain."""
    valid, kept = _valid_losses(net), _best_epochs(net)
    by_column = np.moveaxis(valid, -1, 0)
    shared = [loss_at_others_epoch(loss, kept) for loss in by_column]
    promise = {}
    for t in codings.predicted:
        if codings.tasks[t].group_position is not None:
            continue
        loss = by_column[t]
        gain = gain_between(shared[t], loss_at_others_epoch(loss, _lowest(loss)))
        if is_gain(gain, LEAST_PROMISE):
            promise[t] = float(np.nanmean(gain))
    return shared, promise


def _trials(estimator: Any, members: Members, shared: list[np.ndarray]) -> StopTogether:
    """Tell when the trial of each column ends."""
    patience = estimator.n_iter_no_change
    return StopTogether(
        members.candidate,
        max(1, round(PATIENCE * patience)),
        max(LEAST_GAIN / 2, estimator.tol),
        aim=np.array([np.nanmean(loss) for loss in shared]) - LEAST_GAIN,
        patience_above=max(1, round(PATIENCE_WITHOUT_GAIN * patience)),
    )


def _new_net(
    estimator: Any,
    codings: Codings,
    n_read: int,
    generator: Any,
    members: Members,
    *callbacks: tuple[str, Any],
) -> MultiTaskNet:
    return new_net(
        estimator,
        codings,
        members,
        n_rows=n_read,
        generator=new_generator(draw_seed(generator)),
        callbacks=[*rate_schedule(estimator), *callbacks, *watchers_of(estimator)],
    )


def _each(columns: list[int]) -> list[tuple[int]]:
    return [(t,) for t in columns]


def _gains(own: MultiTaskNet, t: int, shared: np.ndarray) -> bool:
    """Whether a column has gained by its trial."""
    members = own.members.learning(t)
    loss, epochs = _valid_losses(own)[:, members, t], _best_epochs(own)[members]
    return is_gain(gain_between(shared, loss_at_others_epoch(loss, epochs)))


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
        NaN once a member has left; its last loss then stands for later ones.
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
    last = len(loss) - np.argmax(~np.isnan(loss[::-1]), axis=0)
    at_epoch: np.ndarray = loss[np.clip(epochs, 1, last) - 1, members]
    return at_epoch


def gain_between(loss: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Fall (K,) from one loss to another; NaN where one of them is not finite."""
    known = np.isfinite(loss) & np.isfinite(lower)
    return np.subtract(loss, lower, out=np.full(loss.shape, np.nan), where=known)


def is_gain(gain: np.ndarray, least: float = LEAST_GAIN) -> bool:
    """Whether the mean of a gain (K,) is above `least` and one standard error."""
    gain = gain[np.isfinite(gain)]
    if not len(gain):
        return False
    error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
    return bool(gain.mean() > max(least, error))
