"""Files of weights and history: written whole, and read with what they lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

import numpy as np
from skorch.callbacks import Checkpoint

from sklearn_mtl.exceptions import warn
from sklearn_mtl.files import written_whole
from sklearn_mtl.training._restore import weights_unchanged_on_failure

FILES = ("f_params", "f_optimizer", "f_criterion", "f_history")
"""What ``skorch.NeuralNet.save_params`` takes by position."""


def save_whole(
    save: Callable[..., None], files: dict[str, Any], *, is_heard: bool
) -> None:
    """Let skorch write files, each of them whole or not at all.

    Parameters
    ----------
    save : callable
        skorch's ``save_params``.
    files : dict
        What it is handed.
    is_heard : bool
        Whether the caller hears of an error; skorch's callbacks keep it to themselves.
    """
    try:
        with written_whole(files) as beside:
            save(**beside)
    except Exception as error:
        if not is_heard:
            asked = ", ".join(str(f) for name, f in files.items() if name[:2] == "f_")
            warn(
                f"{asked} could not be written ({type(error).__name__}: {error}). What "
                "stood there before is unchanged. Make room, or choose another folder."
            )
        raise


@contextmanager
def pickled_whole(callback: Any, net: Any) -> Iterator[None]:
    """Let skorch's `Checkpoint` write its pickle whole or not at all, too.

    It opens the file itself; so what it is handed meanwhile takes the bytes.
    """
    asked = getattr(callback, "f_pickle", None)
    if not isinstance(callback, Checkpoint) or not isinstance(asked, str):
        yield
        return
    taken = _Taken(asked)
    callback.f_pickle = taken
    try:
        yield
    finally:
        callback.f_pickle = asked
    if taken.tell():
        path = callback._format_target(net, asked, -1)
        with suppress(OSError):
            save_whole(taken.write_to, {"f_pickle": path}, is_heard=False)


class _Taken(BytesIO):
    """Bytes that stand in for a path, also in what is pickled meanwhile."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def close(self) -> None:
        """Keep the bytes, which skorch's context would let go."""

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (self.path,)

    def write_to(self, f_pickle: Any) -> None:
        with open(f_pickle, "wb") as file:
            file.write(self.getbuffer())


def load_all_or_none(net: Any, load: Callable[[], None]) -> None:
    """Let skorch load files, and give each epoch of their history its losses.

    Parameters
    ----------
    net : MultiTaskNet
        Left as it was if a file lacks or does not fit.
    load : callable
        skorch's ``load_params``.
    """
    known = net.history
    with weights_unchanged_on_failure(net):
        load()
        if net.history is not known:
            _adopt_losses(net, known)
    best = dict(net.callbacks_).get("best_weights")
    if best is not None:
        best.weights_were_loaded()


def _adopt_losses(net: Any, known: list[Any]) -> None:
    """Keep the losses of epochs that both histories have; NaN for the others."""
    n_same = _n_same(known, net.history)
    shape = net.criterion_.task_weight.shape
    for name, axes in net.losses_by_epoch.items():
        for part, n_axes in axes.items():
            unknown = np.full(shape[:n_axes], np.nan)
            losses = getattr(net, name)[part]
            del losses[n_same:]
            losses += [unknown] * (len(net.history) - len(losses))


def _n_same(known: list[Any], loaded: list[Any]) -> int:
    """Count the epochs with which both histories begin."""
    n_same = 0
    for before, now in zip(known, loaded, strict=False):
        if any(before.get(key) != now.get(key) for key in ("dur", "train_loss")):
            break
        n_same += 1
    return n_same
