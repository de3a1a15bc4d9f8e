"""Learning rates that change from epoch to epoch, by `MLPRegressor`'s names."""

from __future__ import annotations

from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau


def _inverse_root(epoch: int) -> float:
    return float((epoch + 1) ** -0.5)


def learning_rate_schedule(name: str, tol: float) -> LRScheduler | None:
    """Make skorch's scheduler for one of `MLPRegressor`'s names of schedules.

    Parameters
    ----------
    name : {"constant", "invscaling", "adaptive"}
        "invscaling" divides by the square root of the epoch; "adaptive" divides by 5
        where the training loss has not fallen by `tol` for two epochs.
    tol : float

    Returns
    -------
    skorch.callbacks.LRScheduler or None
    """
    if name == "invscaling":
        return LRScheduler(LambdaLR, lr_lambda=_inverse_root)
    if name == "adaptive":
        return LRScheduler(
            ReduceLROnPlateau,
            monitor="train_loss",
            factor=0.2,
            patience=1,
            threshold=tol,
            threshold_mode="abs",
        )
    return None
