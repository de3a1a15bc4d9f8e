"""Gradients that are made orthogonal and of one length."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing

Tensor = torch.Tensor


class AlignedMTL(GramianBalancing):
    r"""Aligned-MTL: follow the principal components of the gradients, evened out [1]_.

    The gradients are replaced by the closest ones that are orthogonal to each other and
    as long as the least principal component; the step follows the mean of these,
    weighted by the user:
    :math:`w = \sqrt{\lambda_{\min}}\, G^{-1/2} u` for inner products :math:`G` of least
    eigenvalue :math:`\lambda_{\min}`. A task of ``task_weights=0`` is as good as
    absent. Not as in the paper, a task whose weight would be below 0 has the weight 0:
    heads are stepped by the same weights, and would unlearn.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.

    See Also
    --------
    PCGrad : Projects gradients that conflict.
    IMTLG : Gives all gradients equal projections.

    References
    ----------
    .. [1] D. Senushkin, N. Patakin, A. Kuznetsov, A. Konushin, "Independent Component
       Alignment for Multi-Task Learning", CVPR 2023.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import AlignedMTL
    >>> gradients = torch.tensor([[4.0, 0.0], [0.0, 1.0]])
    >>> balancing = AlignedMTL()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> gramian = (gradients @ gradients.T).unsqueeze(0)
    >>> balancing.weights(torch.ones(1, 2), gramian) @ gradients
    tensor([[0.5000, 0.5000]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    def solve(self, gradients: Gradients) -> Tensor:
        """Give the gradients the weights that make the mean of the aligned ones."""
        values, vectors = torch.linalg.eigh(gradients.gramian)
        rounding = gradients.number * torch.finfo(torch.float32).eps
        counts = values > values.amax(dim=1, keepdim=True) * rounding
        least = torch.where(counts, values, torch.inf).amin(dim=1, keepdim=True)
        scale = torch.where(counts, (least / torch.where(counts, values, 1.0)), 0.0)
        along = (vectors.mT @ gradients.share.unsqueeze(2)).squeeze(2) * scale.sqrt()
        return (vectors @ along.unsqueeze(2)).squeeze(2).clamp_min(0.0)
