"""Callbacks, and what they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from skorch.callbacks import Callback

from sklearn_mtl.training._checkpoints import pickled_whole
from sklearn_mtl.training._course import EndOfTraining
from sklearn_mtl.training._schedules import end_schedules


def tell_all(net: Any, event: str, **what: Any) -> np.ndarray | None:
    """Tell a net, its callbacks and who watches the fit of an event.

    Returns
    -------
    int ndarray or None
        Members that go on, at the end of an epoch of a net that knows them.

    Raises
    ------
    EndOfTraining
        Every member or the fit has ended.
    """
    if event == "on_epoch_begin":
        _begin_epoch(net)
    was_notifying, net._is_notifying = net._is_notifying, True
    try:
        getattr(net, event)(net, **what)
        for _, callback in net.callbacks_:
            with pickled_whole(callback, net):
                tell(callback, event, net, **what)
    finally:
        net._is_notifying = was_notifying
    if event == "on_train_end":
        end_schedules(net.callbacks_)
    return _end_epoch(net) if event == "on_epoch_end" else None


def _begin_epoch(net: Any) -> None:
    if not (net._is_first_epoch or net.course.goes_on()):
        raise EndOfTraining
    net._is_first_epoch = False
    if net.course.watcher is not None:
        net.course.watcher.epoch_begins(net)


def _end_epoch(net: Any) -> np.ndarray | None:
    watcher = net.course.watcher
    if watcher is not None and watcher.epoch_ends(net):
        raise EndOfTraining
    best = dict(net.callbacks_).get("best_weights")
    if best is None:
        return None
    going = np.flatnonzero(best.going)
    if not len(going):
        raise EndOfTraining
    return going


def tell(callback: Any, event: str, net: Any, **what: Any) -> None:
    """Tell a callback; one that raises KeyboardInterrupt ends the whole fit."""
    try:
        getattr(callback, event)(net, **what)
    except KeyboardInterrupt:
        # Within the package's own callbacks it can only be Ctrl-C.
        if type(callback).__module__.partition(".")[0] != "sklearn_mtl":
            net.course.end("callback")
        raise


def somebody_listens(callbacks: Iterable[tuple[str, Any]], *events: str) -> bool:
    """Whether a callback does anything at one of the events."""
    return any(
        getattr(getattr(callback, event), "__func__", None)
        is not getattr(Callback, event)
        for _, callback in callbacks
        for event in events
    )
