"""Losses of members, some of which have left the stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def with_last_losses(losses: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Fill the losses of members that have left the stack by their last ones.

    Parameters
    ----------
    losses : sequence of ndarray of shape (K, ...)
        Of each epoch; NaN for a member that has left.

    Returns
    -------
    list of ndarray of shape (K, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.training import with_last_losses
    >>> with_last_losses([np.array([0.5, 0.6]), np.array([np.nan, 0.4])])[1]
    array([0.5, 0.4])
    """
    filled: list[np.ndarray] = []
    for loss in losses:
        filled.append(np.where(np.isnan(loss), filled[-1], loss) if filled else loss)
    return filled


def with_last_of_others(net: Any, prefix: str, loss: np.ndarray) -> np.ndarray:
    """Fill losses (K,) of an epoch of a net by the last ones of members that left."""
    last = net._last_losses.get(prefix, loss)
    loss = np.where(np.isnan(loss), last, loss)
    net._last_losses = {**net._last_losses, prefix: loss}
    return loss


def mean_of_labelled(loss: np.ndarray) -> float:
    """Average losses (K,) of the members that have one; NaN without any."""
    labelled = loss[~np.isnan(loss)]
    return float(labelled.mean()) if len(labelled) else float("nan")
