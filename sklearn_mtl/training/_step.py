"""What one batch does to the gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from sklearn_mtl.nn import Binding, NetworkPass, bind
from sklearn_mtl.training._batches import Labels
from sklearn_mtl.training._loss import TaskLoss

Tensor = torch.Tensor


class Step:
    """Forward and backward over a batch: layers, kinds and weights by their formulas.

    Gradients are those that autograd finds for the sum over members of
    ``criterion.combine(criterion(module(features), labels))``, or of what balancing
    makes of it.

    Parameters
    ----------
    module : torch.nn.Module
    criterion : TaskLoss
    scale : tensor of shape (K, T)
        As in `Labels`; that of all batches to come.
    products : torch.dtype or None
        Number format of the products of shared layers; None for that of the weights.
        Where balancing compares gradients, these are not rounded.
    """

    def __init__(
        self,
        module: nn.Module,
        criterion: TaskLoss,
        scale: Tensor,
        products: torch.dtype | None = None,
    ) -> None:
        self.losses_and_gradient = criterion.bind()
        self.balancing, self.of_outputs = criterion.balancing, criterion.of_outputs
        self.scale = scale
        self.reads_gradients = self.balancing.reads != "losses"
        binding = Binding(
            trains=True, products=None if self.reads_gradients else products
        )
        self.network: Any = bind(module, binding.at_the_bottom)
        if self.reads_gradients:
            check_tells_gradients(self.network, self.balancing, module)
            self.scale_of_outputs = criterion.of_outputs(scale).unsqueeze(1)
        self.weights: Tensor | None = None

    def __call__(self, batch: tuple[Tensor, Labels]) -> dict[str, Tensor]:
        """Set the gradients; return raw outputs, losses (K, T), and their weights."""
        features, labels = batch
        raw = self.network.forward(features)
        loss, upstream = self.losses_and_gradient(raw, labels)
        read = self._read(upstream) if self.reads_gradients else None
        weights = self.balancing.weights(loss, read)
        if weights is not self.weights:
            self.weights = weights
            self.share = self.of_outputs(weights * self.scale).unsqueeze(1)
        self.network.backward(upstream.mul_(self.share))
        return {"y_pred": raw, "task_loss": loss, "weights": weights}

    def _read(self, upstream: Tensor) -> Tensor:
        """Find what balancing asks to know of the tasks' gradients."""
        upstream_of_losses = upstream * self.scale_of_outputs
        found: Tensor
        if self.balancing.reads == "unit_gradients":
            found = self.network.unit_gradients(upstream_of_losses)
        else:
            found = self.network.gramian(upstream_of_losses, self.balancing.wrt)
        return found


def check_tells_gradients(network: Any, balancing: Any, module: nn.Module) -> None:
    """Refuse to compare gradients where it is not known what tasks share."""
    if not isinstance(network, NetworkPass):
        raise ValueError(
            f"balancing={balancing!r} compares gradients of what tasks share, which "
            f"the module {type(module).__name__} does not tell. Use "
            "sklearn_mtl.nn.MultiTaskNetwork, or a way of balancing that reads losses "
            "alone."
        )
