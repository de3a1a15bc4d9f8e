"""Losses of members and tasks in one unit, and their gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import clone
from torch import nn

from sklearn_mtl.balancing import Balancing, FixedWeights
from sklearn_mtl.nn import check_is_module
from sklearn_mtl.tasks import OutputLayout
from sklearn_mtl.training._batches import Labels

Tensor = torch.Tensor
LossAndGradient = Callable[[Tensor, Labels], tuple[Tensor, Tensor]]


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

    of_members: ClassVar[tuple[str, ...]] = ()

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
        self.balancing = FixedWeights() if balancing is None else clone(balancing)
        check_is_module(self.balancing)
        self.balancing.setup(
            task_weight[:, layout.order], generator or torch.Generator()
        )
        _check_combines(self.balancing)
        owner = torch.from_numpy(layout.rank_of_output)
        self.register_buffer("owner", owner, persistent=False)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let no loss that is changed inherit the gradient of another one."""
        super().__init_subclass__(**kwargs)
        if "forward" in vars(cls) and "bind" not in vars(cls):
            cls.bind = _bind_autograd  # type: ignore[method-assign, assignment]

    @property
    def task_weight(self) -> Tensor:
        """Weight (K, T) of each task for each member, in block order."""
        return self.balancing.task_weight

    def forward(self, raw: Tensor, labels: Labels) -> Tensor:
        """Map raw outputs (K, B, C) to losses (K, T)."""
        return _summed(self.layout.losses(raw, labels.codes), labels) * labels.scale

    def bind(self) -> LossAndGradient:
        """Look up what losses and their gradient need.

        Returns
        -------
        callable
            Of raw outputs (K, B, C) and `Labels`. Returns the losses (K, T), and the
            gradient (K, B, C) of their sum but for `Labels.scale`: it is still to be
            multiplied by that of the task which owns each output.
        """
        one_each = len(self.layout.order) == self.layout.n_outputs
        owner = None if one_each else self.owner
        return partial(_losses_and_gradient, self.layout, owner)

    def of_outputs(self, of_tasks: Tensor) -> Tensor:
        """Repeat what each task has, (..., T), for its raw outputs, (..., C)."""
        if len(self.layout.order) == self.layout.n_outputs:
            return of_tasks
        return of_tasks.index_select(-1, self.owner)

    def combine(self, loss: Tensor) -> Tensor:
        """Map losses (K, T) to one loss a member, (K,)."""
        return self.balancing.combine(loss)


def _check_combines(balancing: Balancing) -> None:
    """Check that losses become one a member."""
    with torch.no_grad():
        found = balancing.combine(torch.ones_like(balancing.task_weight))
    n_members, n_tasks = balancing.task_weight.shape
    if found.shape != (n_members,):
        raise ValueError(
            f"{type(balancing).__name__}.combine made {tuple(found.shape)} of losses "
            f"of shape {(n_members, n_tasks)}. Return one loss a member, of shape "
            f"{(n_members,)}: sum or average over the last axis."
        )


def _summed(loss: Tensor, labels: Labels) -> Tensor:
    """Sum losses (K, B, T) over the rows of a batch, as these count."""
    if labels.label_weight is not None:
        loss = loss * labels.label_weight
    if labels.row_weight is None:
        return loss.sum(dim=1)
    return torch.bmm(labels.row_weight.unsqueeze(1), loss).squeeze(1)


def _losses_and_gradient(
    layout: OutputLayout, owner: Tensor | None, raw: Tensor, labels: Labels
) -> tuple[Tensor, Tensor]:
    loss, upstream = layout.losses_and_gradient(raw, labels.codes)
    if labels.label_weight is not None:
        weight = labels.label_weight
        upstream.mul_(weight if owner is None else weight.index_select(-1, owner))
    if labels.row_weight is not None:
        upstream.mul_(labels.row_weight.unsqueeze(2))
    return _summed(loss, labels).mul_(labels.scale), upstream


def _bind_autograd(criterion: TaskLoss) -> LossAndGradient:
    """Let autograd find the gradient of a loss that gives no formula."""

    def losses_and_gradient(raw: Tensor, labels: Labels) -> tuple[Tensor, Tensor]:
        raw = raw.detach().requires_grad_()
        unscaled = labels._replace(scale=torch.ones_like(labels.scale))
        with torch.enable_grad():
            loss = criterion(raw, unscaled)
        (gradient,) = torch.autograd.grad(loss.sum(), raw)
        return loss.detach() * labels.scale, gradient

    return losses_and_gradient


def mean_until_divergence(losses: torch.Tensor) -> np.ndarray:
    """Mean over steps of losses (steps, K, T), each member's up to its first bad step.

    Soon after the loss of one task has turned infinite, those of all that share weights
    with it are NaN: only the steps up to there tell which it was. The device is waited
    for once where all went well.
    """
    mean: np.ndarray = losses.mean(dim=0).double().cpu().numpy()
    if np.isfinite(mean).all():
        return mean
    bad = ~torch.isfinite(losses).all(dim=-1)
    after = bad.cumsum(dim=0) - bad.long() > 0
    kept = losses.masked_fill(after.unsqueeze(-1), 0.0)
    until: torch.Tensor = kept.sum(dim=0) / (~after).sum(dim=0).unsqueeze(-1)
    return until.double().cpu().numpy()
