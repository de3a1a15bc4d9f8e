"""The shortest mean of the tasks' gradients."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing
from sklearn_mtl.balancing._quadratic import least_of_nonnegative

Tensor = torch.Tensor


class MGDA(GramianBalancing):
    """Multiple-gradient descent: follow the shortest mean of the gradients [1]_, [2]_.

    No weighted mean of the tasks' gradients is shorter, so that a small step along it
    lowers all losses, or none can be lowered without another one rising. Tasks of long
    gradients get small weights. Weights of the user multiply what is found, which then
    keeps that promise only where they are equal. A task of ``task_weights=0`` is as
    good as absent.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.

    See Also
    --------
    CAGrad : Stays near the mean gradient.
    NashMTL : Bargains among the tasks.

    References
    ----------
    .. [1] J.-A. Desideri, "Multiple-gradient descent algorithm (MGDA) for
       multiobjective optimization", Comptes Rendus Mathematique 350, 2012.
    .. [2] O. Sener, V. Koltun, "Multi-Task Learning as Multi-Objective Optimization",
       NeurIPS 2018.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import MGDA
    >>> gradients = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    >>> balancing = MGDA()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> balancing.weights(torch.ones(1, 2), (gradients @ gradients.T).unsqueeze(0))
    tensor([[0.2000, 0.8000]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    def solve(self, gradients: Gradients) -> Tensor:
        """Give the weights of the shortest mean, times those of the user."""
        return shortest(gradients) * gradients.share * gradients.number


def shortest(gradients: Gradients) -> Tensor:
    """Weights (K, T) of sum 1 for which the mean of the gradients is shortest.

    The least of ``x @ G @ x + (x.sum() - 1) ** 2`` over x >= 0 points there: whatever
    the sum of x, the direction of least length costs least.
    """
    some = gradients.some.to(gradients.gramian).unsqueeze(1)
    whole = some * some.mT
    curvature = gradients.invertible(gradients.gramian) + whole
    found = least_of_nonnegative(curvature, -some)[0].squeeze(1)
    return found / found.sum(dim=1, keepdim=True).clamp_min(1e-30)
