"""Losses of the tasks, shape (K, T), to one loss a member, shape (K,)."""

from __future__ import annotations

import torch


def weighted_mean(loss: torch.Tensor, task_weight: torch.Tensor) -> torch.Tensor:
    """Average the tasks' losses with fixed weights.

    Losses are in units of each task's prior, so that equal weights treat a price in
    millions and a rare class alike; the mean, rather than the sum, keeps the step
    from growing with the number of tasks.

    Parameters
    ----------
    loss : tensor of shape (K, T)
    task_weight : tensor of shape (K, T)
        Non-negative; each row sums to 1.

    Returns
    -------
    tensor of shape (K,)
    """
    return (loss * task_weight).sum(dim=1)
