"""What one batch does to the gradients, by formulas alone."""

from __future__ import annotations

import torch

from sklearn_mtl.nn import Backprop, MultiTaskNetwork
from sklearn_mtl.training._data import Labels
from sklearn_mtl.training._loss import TaskLoss


class StepByHand:
    """Forward and backward over a batch: layers, kinds and weights by their formulas.

    Gradients are those that autograd finds for the sum over members of
    ``criterion.combine(criterion(module(features), labels))``.

    Parameters
    ----------
    module : MultiTaskNetwork
    criterion : TaskLoss
    scale : tensor of shape (K, T)
        As in `Labels`; that of all batches to come.
    """

    def __init__(
        self, module: MultiTaskNetwork, criterion: TaskLoss, scale: torch.Tensor
    ) -> None:
        self.backprop = Backprop(module)
        self.layout = layout = criterion.layout
        self.scale = scale
        self.task_of_output: torch.Tensor | None = None
        if layout.n_outputs > scale.shape[1]:
            self.task_of_output = torch.as_tensor(layout.rank_of_output).to(
                scale.device
            )
        # `combine` is linear: the weights of the tasks are its gradient.
        share = self._of_outputs(criterion.task_weight * scale)
        self.share = share.unsqueeze(1)

    def __call__(self, batch: tuple[torch.Tensor, Labels]) -> dict[str, torch.Tensor]:
        """Set the gradients; return raw outputs and losses (K, T)."""
        features, labels = batch
        raw = self.backprop.forward(features)
        loss, upstream = self.layout.losses_and_gradient(raw, labels.codes)
        if labels.label_weight is not None:
            loss = loss * labels.label_weight
            upstream.mul_(self._of_outputs(labels.label_weight))
        if labels.row_weight is None:
            total = loss.sum(dim=1)
        else:
            total = torch.bmm(labels.row_weight.unsqueeze(1), loss).squeeze(1)
            upstream.mul_(labels.row_weight.unsqueeze(2))
        self.backprop.backward(upstream.mul_(self.share))
        return {"y_pred": raw, "task_loss": total.mul_(self.scale)}

    def _of_outputs(self, of_tasks: torch.Tensor) -> torch.Tensor:
        """Repeat what each task has, (..., T), for its raw outputs, (..., C)."""
        if self.task_of_output is None:
            return of_tasks
        return of_tasks.index_select(-1, self.task_of_output)
