"""Weights by how fast the losses have fallen from one epoch to the next."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval

from sklearn_mtl.balancing._base import Balancing
from sklearn_mtl.balancing._say import LEAST_LOSS, say_of_labelled, shared_out

Tensor = torch.Tensor


class DynamicWeightAverage(Balancing):
    r"""Weigh those tasks more whose losses fall more slowly [1]_.

    .. math::

        w_t \propto \exp \left( \frac{r_t}{\tau} \right), \quad
        r_t = \frac{L_t(e - 1)}{L_t(e - 2)},

    with the mean training losses of the last two epochs, times ``task_weights``; up to
    the third epoch as these say. A task of ``task_weights=0`` is as good as absent, and
    one of twice the weight stands for two of the same losses.

    Parameters
    ----------
    temperature : float, default=2.0
        :math:`\tau`: the larger, the more alike are the weights.

    Attributes
    ----------
    last_loss, loss_before : tensor of shape (K, T)
        Of the last epoch and the one before; 0 where there is none.

    See Also
    --------
    UncertaintyWeighting : Learns a variance for each task.
    FAMO : Lets all losses fall at one rate, at little cost.

    References
    ----------
    .. [1] S. Liu, E. Johns, A. J. Davison, "End-to-End Multi-Task Learning with
       Attention", CVPR 2019.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import DynamicWeightAverage
    >>> balancing = DynamicWeightAverage()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> for losses in [[1.0, 1.0]], [[0.5, 1.0]]:
    ...     balancing.end_epoch(torch.tensor(losses))
    >>> balancing.weights(torch.ones(1, 2))
    tensor([[0.4378, 0.5622]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight", "last_loss", "loss_before")

    last_loss: Tensor
    loss_before: Tensor

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "temperature": [Interval(Real, 0, None, closed="neither")]
    }

    def __init__(self, temperature: float = 2.0) -> None:
        super().__init__()
        self.temperature = temperature

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Begin without any epoch."""
        super().setup(task_weight, generator)
        self.register_buffer("last_loss", torch.zeros_like(task_weight))
        self.register_buffer("loss_before", torch.zeros_like(task_weight))

    def end_epoch(self, loss: Tensor) -> None:
        """Remember the mean losses (K, T) of an epoch."""
        self.loss_before.copy_(self.last_loss)
        self.last_loss.copy_(loss)

    def combine(self, loss: Tensor) -> Tensor:
        """Average the losses (K, T)."""
        return (loss * self.weights(loss)).sum(dim=1)

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Give the weights (K, T) of this epoch."""
        last, before = self.last_loss, self.loss_before
        # Of a task without labels, or with the loss of a density, there is no ratio.
        known = (last > LEAST_LOSS) & (before > LEAST_LOSS)
        rate = torch.where(known, last / torch.where(known, before, 1.0), 1.0)
        weight = say_of_labelled(self.task_weight, loss.detach())
        return shared_out(weight, rate, self.temperature)
