"""Losses of members and tasks in one unit, and their gradient."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import nn

from sklearn_mtl.balancing import Balancing, FixedWeights
from sklearn_mtl.tasks import OutputLayout
from sklearn_mtl.training._batches import Labels

Tensor = torch.Tensor


class TaskLoss(nn.Module):
    """Losses of all members and tasks, in units of the prior's cost.

    Parameters
    ----------
    layout : OutputLayout
    task_weight : tensor of shape (K, T)
        Weight of each task's loss for each member; columns in the order of y, and in
        block order from here on.
    balancing : Balancing or None
        How losses are combined; None for `FixedWeights`. A copy is set up.
    generator : torch.Generator or None
        For balancing that draws at random.
    """

    owner: Tensor

    def __init__(
        self,
        layout: OutputLayout,
        task_weight: Tensor,
        balancing: Balancing | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.balancing = FixedWeights() if balancing is None else deepcopy(balancing)
        self.balancing.setup(
            task_weight[:, layout.order], generator or torch.Generator()
        )
        owner = torch.from_numpy(layout.rank_of_output)
        self.register_buffer("owner", owner, persistent=False)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let no loss that is changed inherit the gradient of another one."""
        super().__init_subclass__(**kwargs)
        if "forward" in vars(cls) and "losses_and_gradient" not in vars(cls):
            cls.losses_and_gradient = _by_autograd  # type: ignore[method-assign]

    @property
    def task_weight(self) -> Tensor:
        """Weight (K, T) of each task for each member, in block order."""
        return self.balancing.task_weight

    def forward(self, raw: Tensor, labels: Labels) -> Tensor:
        """Map raw outputs (K, B, C) to losses (K, T)."""
        return _summed(self.layout.losses(raw, labels.codes), labels) * labels.scale

    def losses_and_gradient(self, raw: Tensor, labels: Labels) -> tuple[Tensor, Tensor]:
        """Losses, and the gradient of their sum but for `Labels.scale`.

        Returns
        -------
        losses : tensor of shape (K, T)
        gradient : tensor of shape (K, B, C)
            To be multiplied by the scale of the task that owns each output.
        """
        loss, upstream = self.layout.losses_and_gradient(raw, labels.codes)
        if labels.label_weight is not None:
            upstream.mul_(self.of_outputs(labels.label_weight))
        if labels.row_weight is not None:
            upstream.mul_(labels.row_weight.unsqueeze(2))
        return _summed(loss, labels).mul_(labels.scale), upstream

    def of_outputs(self, of_tasks: Tensor) -> Tensor:
        """Repeat what each task has, (..., T), for its raw outputs, (..., C)."""
        if len(self.layout.order) == self.layout.n_outputs:
            return of_tasks
        return of_tasks.index_select(-1, self.owner)

    def combine(self, loss: Tensor) -> Tensor:
        """Map losses (K, T) to one loss a member, (K,)."""
        return self.balancing.combine(loss)


def _summed(loss: Tensor, labels: Labels) -> Tensor:
    """Sum losses (K, B, T) over the rows of a batch, as these count."""
    if labels.label_weight is not None:
        loss = loss * labels.label_weight
    if labels.row_weight is None:
        return loss.sum(dim=1)
    return torch.bmm(labels.row_weight.unsqueeze(1), loss).squeeze(1)


def _by_autograd(self: TaskLoss, raw: Tensor, labels: Labels) -> tuple[Tensor, Tensor]:
    """Find the gradient of a loss that gives no formula."""
    raw = raw.detach().requires_grad_()
    with torch.enable_grad():
        loss = self(raw, labels)
    (gradient,) = torch.autograd.grad(loss.sum(), raw)
    # The step multiplies by the scale again; it is 0 where a member has no label.
    inverse = torch.where(labels.scale > 0, 1.0 / labels.scale, 0.0)
    return loss.detach(), gradient.mul_(self.of_outputs(inverse).unsqueeze(1))
