"""How much each task of a batch may say, and how that is shared out anew."""

from __future__ import annotations

import torch

Tensor = torch.Tensor

LEAST_LOSS = 1e-4
"""Losses that are divided by, or of which logarithms are taken, count as this at least:
that of a density may be negative, and one of 0 would have all weight."""

NOTHING = -1e30
"""Logarithm of a weight of 0 that can still be subtracted from itself."""


def say_of_labelled(task_weight: Tensor, loss: Tensor) -> Tensor:
    """Weights (K, T) of the tasks that a batch has labels of; 0 for the others."""
    return torch.where(loss != 0, task_weight, 0.0)


def shared_out(
    weight: Tensor, score: Tensor, temperature: float | None = None
) -> Tensor:
    """Share the sum of weights out in proportion to ``weight * exp(score)``.

    Scores are divided by the temperature, if there is one. With equal weights it is the
    softmax of the scores, and a task of twice the weight stands for two tasks of the
    same score.

    Parameters
    ----------
    weight, score : tensor of shape (K, T)
    temperature : float, default=None

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing._say import shared_out
    >>> shared_out(torch.tensor([[0.5, 0.25, 0.0]]), torch.tensor([[1.0, 1.0, 9.0]]))
    tensor([[0.5000, 0.2500, 0.0000]])
    """
    tiny, some = torch.finfo(weight.dtype).tiny, weight > 0
    if temperature is not None:  # however small: the largest score becomes 0
        score = (score - largest(score, some)) / temperature
    log = torch.where(some, score + weight.clamp_min(tiny).log(), NOTHING)
    return log.softmax(dim=-1) * weight.sum(dim=-1, keepdim=True)


def largest(values: Tensor, some: Tensor) -> Tensor:
    """Largest of some values (K, T) of each member, (K, 1)."""
    least = torch.finfo(values.dtype).min
    return torch.where(some, values, least).amax(dim=-1, keepdim=True)


def safe_log(loss: Tensor) -> Tensor:
    """Logarithm of losses, of which too small ones count as `LEAST_LOSS`."""
    return loss.clamp_min(LEAST_LOSS).log()


def through_softmax(share: Tensor, gradient: Tensor) -> Tensor:
    """Gradient of the scores from that of the shares (K, T), which sum to 1 or less."""
    whole = share.sum(dim=-1, keepdim=True)
    whole = torch.where(whole > 0, whole, 1.0)
    mean = (share * gradient).sum(dim=-1, keepdim=True) / whole
    return share * (gradient - mean)
