"""Weights that stay as users set them."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.balancing._base import Balancing

Tensor = torch.Tensor


class FixedWeights(Balancing):
    """The mean of the tasks' losses, weighted by ``task_weights``.

    As losses are in units of each task's prior, equal weights treat a price in millions
    and a rare class alike. A mean, rather than a sum, keeps the step from growing with
    the number of tasks.

    See Also
    --------
    UncertaintyWeighting : Learns a variance for each task.
    FAMO : Lets all losses fall at one rate, at little cost.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import FixedWeights
    >>> balancing = FixedWeights()
    >>> balancing.setup(torch.tensor([[0.75, 0.25]]), torch.Generator())
    >>> balancing.combine(torch.tensor([[1.0, 2.0]]))
    tensor([1.2500])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    def combine(self, loss: Tensor) -> Tensor:
        """Average the losses (K, T)."""
        return (loss * self.task_weight).sum(dim=1)

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Return the weights, which are constant."""
        # Asked for in every step: torch takes longer to look an attribute up.
        return self._buffers["task_weight"]  # type: ignore[return-value]
