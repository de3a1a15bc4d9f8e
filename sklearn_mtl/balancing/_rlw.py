"""Weights that are drawn in each step."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.balancing._fixed import FixedWeights
from sklearn_mtl.balancing._say import say_of_labelled, shared_out
from sklearn_mtl.nn import Drawing

Tensor = torch.Tensor


class RandomLossWeighting(FixedWeights):
    r"""Weigh the tasks at random, anew in each step [1]_.

    Weights are the softmax of standard normal numbers, multiplied by ``task_weights``.
    What another way of balancing gains should be more than what this one does: it is
    the control. A task of ``task_weights=0`` has no weight; what the others draw is
    then not what they would draw without that column.

    See Also
    --------
    FixedWeights : The default: weights that stay as they are.

    References
    ----------
    .. [1] B. Lin, F. Ye, Y. Zhang, I. W. Tsang, "Reasonable Effectiveness of Random
       Weighting: A Litmus Test for Multi-Task Learning", TMLR 2022.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import RandomLossWeighting
    >>> balancing = RandomLossWeighting()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator().manual_seed(0))
    >>> weights = balancing.weights(torch.ones(1, 2))
    >>> torch.equal(weights, balancing.weights(torch.ones(1, 2)))
    False
    >>> round(float(weights.sum()), 4)
    1.0
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Prepare to draw weights."""
        super().setup(task_weight, generator)
        self.drawing = Drawing(generator)

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Draw weights (K, T)."""
        loss = loss.detach()
        generator = self.drawing.generator_on(loss.device)
        score = torch.empty_like(loss).normal_(generator=generator)
        return shared_out(say_of_labelled(self.task_weight, loss), score)
