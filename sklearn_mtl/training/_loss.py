"""Losses of members and tasks in one unit."""

from __future__ import annotations

import torch
from torch import nn

from sklearn_mtl.balancing import weighted_mean
from sklearn_mtl.tasks import OutputLayout
from sklearn_mtl.training._data import Labels


class TaskLoss(nn.Module):
    """Losses of all members and tasks, in units of the prior's cost.

    Parameters
    ----------
    layout : OutputLayout
    task_weight : tensor of shape (K, T)
        Weight of each task's loss for each member; columns in the order of y, and in
        block order from here on.
    """

    task_weight: torch.Tensor

    def __init__(self, layout: OutputLayout, task_weight: torch.Tensor) -> None:
        super().__init__()
        self.layout = layout
        self.register_buffer("task_weight", task_weight[:, layout.order])

    def forward(self, raw: torch.Tensor, labels: Labels) -> torch.Tensor:
        """Map raw outputs (K, B, C) to losses (K, T)."""
        loss = self.layout.losses(raw, labels.codes)
        if labels.label_weight is not None:
            loss = loss * labels.label_weight
        if labels.row_weight is None:
            total = loss.sum(dim=1)
        else:
            total = torch.bmm(labels.row_weight.unsqueeze(1), loss).squeeze(1)
        return total * labels.scale

    def combine(self, loss: torch.Tensor) -> torch.Tensor:
        """Map losses (K, T) to one loss a member, (K,)."""
        return weighted_mean(loss, self.task_weight)
