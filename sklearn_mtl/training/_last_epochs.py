"""Members of one stack that train for unlike many epochs."""

from __future__ import annotations

from typing import Any

import numpy as np
from skorch.callbacks import Callback


class LastEpochs(Callback):
    """Let each member stop after an epoch of its own.

    It stands behind `BestWeights`, which keeps what that epoch came to.

    Parameters
    ----------
    epochs : int ndarray of shape (K,)
        The last one of each member, counted from 1.
    """

    def __init__(self, epochs: np.ndarray) -> None:
        self.epochs = epochs

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Let those stop that have got there."""
        over = np.flatnonzero(self.epochs <= len(net.history))
        dict(net.callbacks_)["best_weights"].stop(over)
