"""What one epoch came to, in a net's losses and in skorch's history."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from sklearn_mtl.training._column_losses import means_of_columns
from sklearn_mtl.training._last_losses import mean_of_labelled, with_last_of_others


def record_losses(
    net: Any, prefix: str, per_task: np.ndarray, unlabelled: np.ndarray
) -> None:
    """Keep one epoch's losses of a net, and their means in its history.

    Parameters
    ----------
    net : MultiTaskNet
    prefix : {"train", "valid"}
    per_task : ndarray of shape (k, T)
        Losses of the members at work, in the order of the training step.
    unlabelled : bool ndarray of shape (k, T)
        Where there were no labels.
    """
    per_task[~np.isfinite(per_task)] = np.inf
    per_task[unlabelled] = np.nan
    per_task = net.spread(net.of_columns(per_task))
    net.task_losses_[prefix].append(per_task)
    _record_columns(net, prefix, per_task)
    per_member = with_last_of_others(net, prefix, net.monitor(per_task))
    value, key = mean_of_labelled(per_member), f"{prefix}_loss"
    earlier = [row[key] for row in net.history[:-1] if key in row]
    net.history.record(key, value)
    net.history.record(f"{key}_best", value < min(earlier, default=np.inf))
    if prefix == "train":
        net.history.record("lr", net.optimizer_.param_groups[0]["lr"])


def _record_columns(net: Any, prefix: str, loss: np.ndarray) -> None:
    """Write the loss of each column to the history; one without labels has none."""
    last = net._last_of_columns.get(prefix, loss)
    loss = np.where(np.isnan(loss), last, loss)
    net._last_of_columns = {**net._last_of_columns, prefix: loss}
    means = means_of_columns(loss)
    for key, value in zip(net._column_keys[prefix], means, strict=True):
        if value == value:  # not NaN
            net.history.record(key, value)


def record_batches(
    net: Any, rows: list[Any], prefix: str, losses: torch.Tensor
) -> None:
    """Write the mean over members of losses (steps, K, T) to rows of batches."""
    for row, loss in zip(rows, losses.double().cpu().numpy(), strict=True):
        row[f"{prefix}_loss"] = float(net.monitor(net.of_columns(loss)).mean())
