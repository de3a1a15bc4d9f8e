"""The geometric mean of the losses."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.balancing._base import Balancing
from sklearn_mtl.balancing._say import LEAST_LOSS, safe_log, say_of_labelled

Tensor = torch.Tensor


class GeometricLoss(Balancing):
    r"""Train on the geometric mean of the tasks' losses [1]_.

    .. math::

        \prod_t L_t^{w_t},

    so that a task counts by the share of its loss that a step removes, whatever the
    size of that loss: its weight is :math:`w_t / L_t` times the mean. The
    :math:`w_t` are ``task_weights``. A task of weight 0 is as good as absent, and one
    of twice the weight stands for two of the same loss. Losses below 0.0001, as those
    of a density may be, count as 0.0001.

    See Also
    --------
    SmoothTchebycheff : Attends to the greatest loss.

    References
    ----------
    .. [1] S. Chennupati, G. Sistu, S. Yogamani, S. A Rawashdeh, "MultiNet++:
       Multi-Stream Feature Aggregation and Geometric Loss Strategy for Multi-Task
       Learning", CVPR Workshops 2019.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import GeometricLoss
    >>> balancing = GeometricLoss()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> balancing.combine(torch.tensor([[0.25, 1.0]]))
    tensor([0.5000])
    >>> balancing.weights(torch.tensor([[0.25, 1.0]]))
    tensor([[1.0000, 0.2500]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    def combine(self, loss: Tensor) -> Tensor:
        """Map losses (K, T) to their geometric mean, (K,)."""
        weight = say_of_labelled(self.task_weight, loss)
        return _mean(loss, weight).squeeze(1)

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Give the derivative of the mean, (K, T)."""
        loss = loss.detach()
        weight = say_of_labelled(self.task_weight, loss)
        whole = _whole(weight)
        return weight * _mean(loss, weight) / (whole * loss.clamp_min(LEAST_LOSS))


def _mean(loss: Tensor, weight: Tensor) -> Tensor:
    """Geometric mean times the sum of the weights, which is 1 where all have labels."""
    whole = _whole(weight)
    return whole * ((weight * safe_log(loss)).sum(dim=1, keepdim=True) / whole).exp()


def _whole(weight: Tensor) -> Tensor:
    tiny = torch.finfo(weight.dtype).tiny
    return weight.sum(dim=1, keepdim=True).clamp_min(tiny)
