"""Rates that follow epochs or the training loss, by `MLPRegressor`'s names.

`StopTogether` holds the one that follows held-out losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skorch.callbacks import Callback, LRScheduler
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau


class EpochSchedule(LRScheduler):
    """A scheduler that steps once an epoch, and listens to nothing within it."""

    # One that is heard after each batch would keep the whole stack at work.
    on_batch_end = Callback.on_batch_end


def _inverse_root(epoch: int) -> float:
    return float((epoch + 1) ** -0.5)


def learning_rate_schedule(name: str, tol: float) -> EpochSchedule | None:
    """Make skorch's scheduler for one of `MLPRegressor`'s names of schedules.

    Parameters
    ----------
    name : {"auto", "constant", "invscaling", "adaptive"}
        "invscaling" divides by the square root of the epoch; "adaptive" divides by 5
        where the training loss has not fallen by `tol` for two epochs.
    tol : float

    Returns
    -------
    EpochSchedule or None
    """
    if name == "invscaling":
        return EpochSchedule(LambdaLR, lr_lambda=_inverse_root)
    if name == "adaptive":
        return EpochSchedule(
            ReduceLROnPlateau,
            monitor="train_loss",
            factor=0.2,
            patience=1,
            threshold=tol,
            threshold_mode="abs",
        )
    return None


def sets_rate(callback: Any) -> bool:
    """Tell whether a callback is a scheduler of the learning rate."""
    return isinstance(callback, LRScheduler)


def end_schedules(callbacks: Sequence[tuple[str, Any]]) -> None:
    """Let go of schedulers once training has ended; skorch makes new ones as it begins.

    Each holds the optimizer, of which a pickle would hold a copy for each.
    """
    for _, callback in callbacks:
        if isinstance(callback, LRScheduler):
            callback.lr_scheduler_ = None
