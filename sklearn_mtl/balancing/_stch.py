"""A smooth maximum of the losses."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval

from sklearn_mtl.balancing._base import Balancing
from sklearn_mtl.balancing._say import (
    NOTHING,
    largest,
    say_of_labelled,
    shared_out,
)

Tensor = torch.Tensor


class SmoothTchebycheff(Balancing):
    r"""Train on a smooth maximum of the tasks' losses [1]_.

    .. math::

        \mu \log \sum_t w_t \exp (L_t / \mu),

    the smooth Tchebycheff scalarization with an ideal loss of 0 and, as losses are in
    units of the prior, with the prior as the worst one. The :math:`w_t` are
    ``task_weights``; where they are equal, it is the authors' formula with equal
    preferences, but for a constant. A task of weight 0 is as good as absent, and one of
    twice the weight stands for two of the same loss.

    Parameters
    ----------
    mu : float, default=0.2
        Smoothness: near 0 the worst column alone is trained on, far above 1 all are as
        by fixed weights.

    See Also
    --------
    GeometricLoss : Multiplies losses.

    References
    ----------
    .. [1] X. Lin, X. Zhang, Z. Yang, F. Liu, Z. Wang, Q. Zhang, "Smooth Tchebycheff
       Scalarization for Multi-Objective Optimization", ICML 2024.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import SmoothTchebycheff
    >>> balancing = SmoothTchebycheff(mu=0.5)
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> balancing.weights(torch.tensor([[0.2, 0.9]]))
    tensor([[0.1978, 0.8022]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "mu": [Interval(Real, 0, None, closed="neither")]
    }

    def __init__(self, mu: float = 0.2) -> None:
        super().__init__()
        self.mu = mu

    def combine(self, loss: Tensor) -> Tensor:
        """Map losses (K, T) to their smooth maximum, (K,)."""
        tiny = torch.finfo(loss.dtype).tiny
        weight = say_of_labelled(self.task_weight, loss)
        whole = weight.sum(dim=1, keepdim=True).clamp_min(tiny)
        some = weight > 0
        top = largest(loss.detach(), some)
        log = (weight / whole).clamp_min(tiny).log()
        score = torch.where(some, log + (loss - top) / self.mu, NOTHING)
        found = top.squeeze(1) + self.mu * score.logsumexp(dim=1)
        return torch.where(some.any(dim=1), whole.squeeze(1) * found, 0.0)

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Give the derivative of the maximum, (K, T)."""
        loss = loss.detach()
        return shared_out(say_of_labelled(self.task_weight, loss), loss, self.mu)
