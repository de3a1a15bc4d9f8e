"""Which experts serve which task, where a way of sharing has gates."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from sklearn_mtl.training._batches import TaskTable
from sklearn_mtl.training._predict import sampled_rows


def mean_gate_weights(module: nn.Module, table: TaskTable) -> np.ndarray | None:
    """Tell how much of what each task reads comes from each expert.

    Returns
    -------
    float64 ndarray of shape (K, T, E)
        Means over the rows of `sampled_rows`; tasks in the order of y. None for a
        module whose way of sharing has no ``gate_weights``.
    """
    gated: Any = module
    if not hasattr(getattr(module, "sharing", None), "gate_weights"):
        return None
    was_training = module.training
    module.eval()
    with torch.no_grad():
        weights = [
            gated.sharing.gate_weights(gated.inputs(features)).double()
            for features in sampled_rows(module, table)
        ]
    module.train(was_training)
    mean: np.ndarray = torch.cat(weights, dim=1).mean(dim=1).cpu().numpy()
    return mean
