"""A step that goes equally far along each task's gradient."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing
from sklearn_mtl.balancing._quadratic import solved

Tensor = torch.Tensor


class IMTLG(GramianBalancing):
    r"""Impartial multi-task learning, by gradients: equal projections for all [1]_.

    The step has the same projection on the unit gradient of each task, and its weights
    have the sum 1: in terms of the inner products :math:`G` they are in proportion to
    :math:`G^{-1} \sqrt{\operatorname{diag} G}`. Weights of the user multiply what is
    found. A task of ``task_weights=0`` is as good as absent.

    Two things are not as in the paper, as heads are stepped by the same weights: a task
    whose weight would be below 0, by which its head would unlearn, has the weight 0;
    and where the step of sum 1 would point away from all gradients, it is turned
    round.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.

    See Also
    --------
    GradNorm : Learns weights by which gradients are of even length.
    NashMTL : Bargains among the tasks.

    References
    ----------
    .. [1] L. Liu, Y. Li, Z. Kuang, J. Xue, Y. Chen, W. Yang, Q. Liao, W. Zhang,
       "Towards Impartial Multi-task Learning", ICLR 2021.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import IMTLG
    >>> gradients = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    >>> balancing = IMTLG()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> gramian = (gradients @ gradients.T).unsqueeze(0)
    >>> balancing.weights(torch.ones(1, 2), gramian) @ gradients
    tensor([[0.7500, 0.7500]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    def solve(self, gradients: Gradients) -> Tensor:
        """Give weights of equal projections, times those of the user."""
        length = gradients.length
        cosine = gradients.invertible(gradients.cosines(length))
        along = solved(cosine, torch.ones_like(length))
        found = torch.where(gradients.some, along / length, 0.0)
        total = found.sum(dim=1, keepdim=True).abs()
        found = found.clamp_min(0.0)
        # Weights of unlike signs may cancel each other.
        total = torch.maximum(total, LEAST_SUM * found.sum(dim=1, keepdim=True))
        found = found / total.clamp_min(1e-30)
        return found * gradients.share * gradients.number


LEAST_SUM = 0.1
"""Least sum of the weights, as a part of the sum of those above 0."""
