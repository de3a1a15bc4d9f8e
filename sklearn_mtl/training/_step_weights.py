"""How much tasks counted in the steps of an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


def mean_weights(weights: Sequence[torch.Tensor], losses: torch.Tensor) -> np.ndarray:
    """Mean over the steps in which a task had labels.

    Parameters
    ----------
    weights : sequence of tensor of shape (K, T)
        Of each step; one and the same tensor where they do not change.
    losses : tensor of shape (steps, K, T)
        0 where a batch had no label.

    Returns
    -------
    ndarray of shape (K, T)
        NaN where no batch had a label.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.training._step_weights import mean_weights
    >>> weights = [torch.tensor([[0.2, 0.8]]), torch.tensor([[0.4, 0.0]])]
    >>> mean_weights(weights, torch.tensor([[[1.0, 1.0]], [[1.0, 0.0]]])).tolist()
    [[0.30000001192092896, 0.800000011920929]]
    """
    counts = losses != 0
    first = weights[0]
    same = all(of_step is first for of_step in weights)
    each = first.expand_as(losses) if same else torch.stack(list(weights))
    total = torch.where(counts, each, 0.0).sum(dim=0)
    found: np.ndarray = (total / counts.sum(dim=0)).double().cpu().numpy()
    return found


def add_unknown_weights(net: Any) -> None:
    """Give a net of an earlier version, which kept no weights, as many unknown ones."""
    if not hasattr(net, "step_weights_") and hasattr(net, "task_losses_"):
        unknown = [np.full_like(loss, np.nan) for loss in net.task_losses_["train"]]
        net.step_weights_ = {"train": unknown}
