"""Weights that are learned so that gradients are of even length."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing
from sklearn_mtl.balancing._say import LEAST_LOSS, shared_out, through_softmax

Tensor = torch.Tensor


class GradNorm(GramianBalancing):
    r"""Learn weights by which gradients are of even length [1]_.

    With weights :math:`w_t`, the softmax of :math:`\xi` times the number of tasks, and
    gradients of length :math:`\lVert g_t \rVert`, steps on :math:`\xi` lower

    .. math::

        \sum_t \left| w_t \lVert g_t \rVert - \bar G r_t^\alpha \right|,

    where :math:`\bar G` is the mean of the weighted lengths, and :math:`r_t` the part
    of its first loss that a task still has, over the mean of these: tasks that lag
    behind are to have longer gradients. Weights of the user multiply the
    :math:`w_t`. A task of ``task_weights=0`` is as good as absent.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.
    alpha : float, default=1.5
        How strongly tasks that lag behind are favoured.
    lr : float or None, default=0.025
        Learning rate of :math:`\xi`; None for that of the network.

    Attributes
    ----------
    logit : parameter of shape (K, T)
        :math:`\xi` of each member.
    first_loss : tensor of shape (K, T)
        Losses of the first batch that had labels; 0 before.

    See Also
    --------
    FAMO : Lets all losses fall at one rate, at little cost.
    IMTLG : Gives all gradients equal projections.

    References
    ----------
    .. [1] Z. Chen, V. Badrinarayanan, C.-Y. Lee, A. Rabinovich, "GradNorm: Gradient
       Normalization for Adaptive Loss Balancing in Deep Multitask Networks", ICML 2018.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import GradNorm
    >>> gradients = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    >>> balancing = GradNorm()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> gramian = (gradients @ gradients.T).unsqueeze(0)
    >>> balancing.weights(torch.ones(1, 2), gramian)
    tensor([[0.5000, 0.5000]])
    >>> bool(balancing.logit.grad[0, 0] > 0)  # the longer one will count less
    True
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight", "first_loss")

    first_loss: Tensor

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **GramianBalancing._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self, wrt: str = "units", alpha: float = 1.5, lr: float | None = 0.025
    ) -> None:
        super().__init__(wrt)
        self.alpha = alpha
        self.lr = lr

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Begin with all tasks alike."""
        super().setup(task_weight, generator)
        self.logit = nn.Parameter(torch.zeros_like(task_weight))
        self.register_buffer("first_loss", torch.zeros_like(task_weight))

    def solve(self, gradients: Gradients) -> Tensor:
        """Give weights of sum 1; set the gradient of `logit`."""
        some, number = gradients.some, gradients.number
        logit = self.logit.detach().to(gradients.share.dtype)
        even = shared_out(some / number, logit)
        length = number * even * gradients.length
        part = self._part_left(gradients)
        excess = length - _mean(length, some) * (part / _mean(part, some)) ** self.alpha
        slope = excess.sign() * number * gradients.length
        self.logit.grad = through_softmax(even, slope).to(self.logit.dtype)
        return shared_out(gradients.share, logit)

    def _part_left(self, gradients: Gradients) -> Tensor:
        """Losses (K, T) in units of the first ones."""
        loss = gradients.loss
        first = torch.where(self.first_loss == 0, loss, self.first_loss)
        self.first_loss.copy_(first)
        return loss.clamp_min(LEAST_LOSS) / first.clamp_min(LEAST_LOSS)


def _mean(values: Tensor, some: Tensor) -> Tensor:
    """Mean over the tasks that have a gradient, (K, 1)."""
    total = torch.where(some, values, 0.0).sum(dim=1, keepdim=True)
    return total / some.sum(dim=1, keepdim=True).clamp_min(1)
