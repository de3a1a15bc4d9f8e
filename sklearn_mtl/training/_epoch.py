"""One epoch of a net: its steps, and what they came to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from sklearn_mtl.training._epoch_record import record_batches
from sklearn_mtl.training._held_out_scores import record_scores
from sklearn_mtl.training._loss import mean_until_divergence

TakeStep = Callable[..., dict[str, torch.Tensor]]


def run_epoch(net: Any, batches: Any, take_step: TakeStep, *, training: bool) -> None:
    """Train or validate a net for one epoch; read the losses once at its end.

    Parameters
    ----------
    net : MultiTaskNet
        Prepared for the epoch.
    batches : Batches
        Rows of the members that are at work.
    take_step : callable
        Takes a batch, and gives "task_loss" (K, T) and, of rows held out, "y_pred".
    training : bool
    """
    prefix = "train" if training else "valid"
    rows = net.history[-1]["batches"]
    first = len(rows)
    if net._batches_are_heard:
        take_step = partial(_announced_step, net, take_step, training)
    is_scored = not training and batches.dataset.scorer is not None
    losses, raws = [], []
    for batch in batches:
        step = take_step(batch)
        losses.append(step["task_loss"].detach())
        if is_scored:
            raws.append(step["y_pred"])
    epoch_losses = torch.stack(losses)
    if net._batches_are_heard:
        record_batches(net, rows[first:], prefix, epoch_losses)
    elif not rows:
        rows.append({})  # skorch's Checkpoint reads the last one
    net.history.record(f"{prefix}_batch_count", len(losses))
    if training:
        net._at_work.put_back(net)
    net._record(prefix, mean_until_divergence(epoch_losses), batches)
    if not training:
        record_scores(net, batches.dataset if is_scored else None, raws)


def skip_epoch(net: Any, prefix: str) -> None:
    """Keep one entry an epoch where there are no rows, in line with the history."""
    for losses in (getattr(net, name) for name in net.losses_by_epoch):
        if prefix in losses:
            losses[prefix].append(np.full_like(losses["train"][-1], np.nan))
    record_scores(net, None, [])


def _announced_step(
    net: Any, take_step: TakeStep, training: bool, batch: Any
) -> dict[str, torch.Tensor]:
    """Take a step of which callbacks are told; it gets a row in the history."""
    net.notify("on_batch_begin", batch=batch, training=training)
    step = take_step(batch)
    step["loss"] = net._total(step)
    prefix = "train" if training else "valid"
    net.history.record_batch(f"{prefix}_batch_size", batch[0].shape[-2])
    net.notify("on_batch_end", batch=batch, training=training, **step)
    return step
