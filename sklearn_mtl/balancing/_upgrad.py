"""Gradients that are each projected to where none is opposed."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing
from sklearn_mtl.balancing._quadratic import least_of_nonnegative

Tensor = torch.Tensor


class UPGrad(GramianBalancing):
    """Unconflicting projection of gradients, from Jacobian descent [1]_.

    Each task's gradient is projected onto the cone of steps that oppose no task's
    gradient, and the step follows the mean of the projections, weighted by the user: no
    loss rises where the step is small, and long gradients keep their say. Gradients
    that agree are left as they are. A task of ``task_weights=0`` is as good as absent,
    and one of twice the weight stands for two of the same gradient.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.

    See Also
    --------
    PCGrad : Projects gradients that conflict.
    GramianWeighting : Takes any function of inner products.

    References
    ----------
    .. [1] P. Quinton, V. Rey, "Jacobian Descent for Multi-Objective Optimization",
       arXiv:2406.16232, 2024.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import UPGrad
    >>> gradients = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
    >>> balancing = UPGrad()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> gramian = (gradients @ gradients.T).unsqueeze(0)
    >>> balancing.weights(torch.ones(1, 2), gramian) @ gradients
    tensor([[0.2500, 0.7500]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    def solve(self, gradients: Gradients) -> Tensor:
        """Mean of the projections' weights, of which each is at least that of a task.

        The projection of gradient i has the weights v that minimize ``v @ G @ v``, of
        which none is below 0 and v_i not below 1.
        """
        gramian = gradients.gramian
        added, _ = least_of_nonnegative(gradients.invertible(gramian), gramian)
        share = gradients.share.unsqueeze(1)
        return torch.baddbmm(share, share, added).squeeze(1)
