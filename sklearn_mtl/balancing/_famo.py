"""Weights by which the losses of all tasks fall at the same rate."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.balancing._base import Balancing
from sklearn_mtl.balancing._say import (
    LEAST_LOSS,
    safe_log,
    say_of_labelled,
    shared_out,
    through_softmax,
)

Tensor = torch.Tensor


class FAMO(Balancing):
    r"""Fast Adaptive Multitask Optimization: let all losses fall at one rate [1]_.

    With :math:`z = \operatorname{softmax}(\xi)`, times ``task_weights``, tasks have the
    weights :math:`z_t / L_t`, scaled to the sum of 1. :math:`\xi_t` falls for tasks
    whose logarithm of the loss has fallen more than that of the others.

    The authors measure that fall on the batch of the step, by another pass over it.
    Here it is the fall from that batch to the next one, which costs nothing and is
    the same but for what differs between batches; a step's weights know the falls up to
    the step before it. A task that one of two batches has no label of keeps its
    :math:`\xi_t` but for the decay. A task of ``task_weights=0`` is as good as absent,
    and one of twice the weight stands for two of the same losses. Losses below 0.0001,
    as those of a density may be, count as 0.0001.

    Parameters
    ----------
    lr : float or None, default=0.025
        Learning rate of :math:`\xi`; None for that of the network.
    decay : float, default=0.001
        Decay of :math:`\xi` towards 0.

    Attributes
    ----------
    logit : parameter of shape (K, T)
        :math:`\xi` of each member.
    last_loss : tensor of shape (K, T)
        Losses of the last batch; 0 where it had no label.

    See Also
    --------
    DynamicWeightAverage : Favours tasks whose losses fall slowly.
    GradNorm : Learns weights by which gradients are of even length.

    References
    ----------
    .. [1] B. Liu, Y. Feng, P. Stone, Q. Liu, "FAMO: Fast Adaptive Multitask
       Optimization", NeurIPS 2023.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import FAMO
    >>> balancing = FAMO()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> balancing.weights(torch.tensor([[1.0, 0.25]]))  # one over the loss
    tensor([[0.2000, 0.8000]])
    >>> _ = balancing.weights(torch.tensor([[0.9, 0.25]]))
    >>> bool(balancing.logit.grad[0, 0] > 0)  # the first fell more: it will count less
    True
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight", "last_loss")

    last_loss: Tensor

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "lr": [Interval(Real, 0, None, closed="neither"), None],
        "decay": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, lr: float | None = 0.025, decay: float = 0.001) -> None:
        super().__init__()
        self.lr = lr
        self.decay = decay

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Begin with all tasks alike."""
        super().setup(task_weight, generator)
        self.logit = nn.Parameter(torch.zeros_like(task_weight))
        self.register_buffer("last_loss", torch.zeros_like(task_weight))

    def combine(self, loss: Tensor) -> Tensor:
        """Map losses (K, T) to one of which `weights` are the derivative, (K,)."""
        weight = say_of_labelled(self.task_weight, loss)
        share = shared_out(weight, self.logit.detach())
        each = share / loss.detach().clamp_min(LEAST_LOSS)
        scale = weight.sum(dim=1) / _positive(each.sum(dim=1))
        return scale * (share * safe_log(loss)).sum(dim=1)

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Give the weights (K, T) of this step; set the gradient of `logit`."""
        loss, logit = loss.detach(), self.logit.detach()
        weight = say_of_labelled(self.task_weight, loss)
        self._compare(loss, logit, weight)
        each = shared_out(weight, logit) / loss.clamp_min(LEAST_LOSS)
        whole = weight.sum(dim=1, keepdim=True)
        return each * (whole / _positive(each.sum(dim=1, keepdim=True)))

    def _compare(self, loss: Tensor, logit: Tensor, weight: Tensor) -> None:
        """Tell from two batches which tasks get on, and remember the later one."""
        both = torch.where(self.last_loss != 0, weight, 0.0)
        fall = safe_log(self.last_loss) - safe_log(loss)
        share = shared_out(both, logit)
        share = share / _positive(share.sum(dim=1, keepdim=True))
        self.logit.grad = through_softmax(share, fall) + self.decay * logit
        self.last_loss.copy_(loss)


def _positive(total: Tensor) -> Tensor:
    return total.clamp_min(torch.finfo(total.dtype).tiny)
