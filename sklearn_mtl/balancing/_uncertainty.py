"""Weights that are learned as the noise of each task."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.balancing._base import Balancing

Tensor = torch.Tensor

LARGEST_LOG_VARIANCE = 5.0
"""Weights stay within exp(-5) and exp(5): a loss below 0, as that of a density may be,
would drive its own weight up without end."""


class UncertaintyWeighting(Balancing):
    r"""Divide each task's loss by a variance that is learned with the network [1]_.

    .. math::

        \sum_t w_t \left( e^{-s_t} L_t + s_t \right), \quad s_t = \log \sigma_t^2,

    which is twice :math:`\sum_t w_t (L_t / 2 \sigma_t^2 + \log \sigma_t)`, so that
    training begins with the weights :math:`w_t` of the user. Where a loss stays at
    :math:`L_t`, its weight goes to :math:`1 / L_t`: columns that are learned well count
    more.

    Parameters
    ----------
    lr : float or None, default=None
        Learning rate of the variances; None for that of the network.

    Attributes
    ----------
    log_variance : parameter of shape (K, T)
        :math:`s_t` of each member.

    See Also
    --------
    FixedWeights : The default: weights that stay as they are.
    DynamicWeightAverage : Favours tasks whose losses fall slowly.

    References
    ----------
    .. [1] A. Kendall, Y. Gal, R. Cipolla, "Multi-Task Learning Using Uncertainty to
       Weigh Losses for Scene Geometry and Semantics", CVPR 2018.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import UncertaintyWeighting
    >>> balancing = UncertaintyWeighting()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> balancing.weights(torch.tensor([[1.0, 0.2]]))
    tensor([[0.5000, 0.5000]])
    >>> balancing.log_variance.grad  # the variance of the second is too large
    tensor([[0.0000, 0.4000]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "lr": [Interval(Real, 0, None, closed="neither"), None]
    }

    def __init__(self, lr: float | None = None) -> None:
        super().__init__()
        self.lr = lr

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Begin with variances of 1."""
        super().setup(task_weight, generator)
        self.log_variance = nn.Parameter(torch.zeros_like(task_weight))

    def combine(self, loss: Tensor) -> Tensor:
        """Map losses (K, T) to one loss a member, (K,)."""
        limit = LARGEST_LOG_VARIANCE
        s = self.log_variance.clamp(-limit, limit)
        return (self.task_weight * ((-s).exp() * loss + s)).sum(dim=1)

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Give the derivative (K, T); sets the gradient of `log_variance`."""
        limit, weight = LARGEST_LOG_VARIANCE, self.task_weight
        s = self.log_variance.detach()
        precision = (-s.clamp(-limit, limit)).exp()
        slope = weight * (1.0 - precision * loss.detach())
        self.log_variance.grad = torch.where(s.abs() <= limit, slope, 0.0)
        return weight * precision
