"""The best step for the task that gains least, near the mean of the gradients."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing
from sklearn_mtl.balancing._quadratic import least_of_nonnegative

Tensor = torch.Tensor

ROUNDS = 12
"""Steps of Newton's method, which from the right of a convex function needs few."""
GUESSES = 4
"""Guesses that follow a good first one, where nobody waits to see if they were needed.
"""
SHORTEST = 0.01
"""Shortest mean of gradients, in units of the user's, whose direction is trusted."""


class CAGrad(GramianBalancing):
    r"""Conflict-averse gradient descent [1]_.

    Within the distance :math:`c \lVert g_0 \rVert` from the mean :math:`g_0` of the
    gradients, which the user weighs, take the step by which the loss that falls least
    falls most. That is :math:`g_0 + c \lVert g_0 \rVert g_\lambda / \lVert g_\lambda
    \rVert` for some mean :math:`g_\lambda` of the gradients. A task of
    ``task_weights=0`` is as good as absent, and one of twice the weight stands for two
    of the same gradient. A :math:`g_\lambda` of less than a hundredth of :math:`g_0`,
    where gradients cancel each other, counts as that long.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.
    c : float, default=0.5
        How far from the mean: 0 for fixed weights, and below 1, so that the mean of
        the losses is led to a minimum.

    References
    ----------
    .. [1] B. Liu, X. Liu, X. Jin, P. Stone, Q. Liu, "Conflict-Averse Gradient Descent
       for Multi-task Learning", NeurIPS 2021.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import CAGrad
    >>> gradients = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    >>> balancing = CAGrad(c=0.5)
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> gramian = (gradients @ gradients.T).unsqueeze(0)
    >>> balancing.weights(torch.ones(1, 2), gramian) @ gradients
    tensor([[1.5000, 1.2906]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **GramianBalancing._parameter_constraints,
        "c": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, wrt: str = "units", c: float = 0.5) -> None:
        super().__init__(wrt)
        self.c = c

    def solve(self, gradients: Gradients) -> Tensor:
        """Weights of the user, and those of the direction that is added."""
        share = gradients.share
        mean = (gradients.gramian @ share.unsqueeze(2)).squeeze(2)
        length = (share * mean).sum(dim=1, keepdim=True).clamp_min(0.0).sqrt()
        added = _towards_the_least(gradients, mean, self.c * length)
        added = added / added.sum(dim=1, keepdim=True).clamp_min(1e-30)
        of_added = _length(gradients.gramian, added)
        of_added = torch.maximum(of_added, SHORTEST * length).clamp_min(1e-30)
        return share + self.c * length / of_added * added


def _towards_the_least(gradients: Gradients, mean: Tensor, radius: Tensor) -> Tensor:
    """Weights (K, T) of what is added to the mean gradient.

    The step from there to where each loss falls by t at least has a length that is
    convex in t. The t whose step is as long as `radius` is found by Newton's method:
    the derivative of half the squared length is the sum of the weights.

    Parameters
    ----------
    mean : tensor of shape (K, T)
        Inner products of the mean gradient with each one.
    radius : tensor of shape (K, 1)
    """
    curvature = gradients.invertible(gradients.gramian)
    # Where there is no gradient, no fall is asked for.
    some, length = gradients.some, gradients.length
    fall = torch.where(some, mean, torch.inf).amin(dim=1, keepdim=True)
    fall = torch.where(fall.isfinite(), fall, 0.0)
    of_least = torch.where(some & (mean <= fall), length, 0.0)
    fall = fall + radius * of_least.amax(dim=1, keepdim=True)
    free: Tensor | None = None
    stops = fall.device.type == "cpu"
    for _ in range(ROUNDS):
        slope = torch.where(some, mean - fall, 0.0)
        few = None if stops or free is None else GUESSES
        added, free = least_of_nonnegative(curvature, slope, free, few)
        step = _length(curvature, added)
        excess = step - radius
        if stops and not bool((excess > 1e-7 * radius).any()):
            break
        total = added.sum(dim=1, keepdim=True).clamp_min(1e-30)
        fall = fall - excess.clamp_min(0.0) * step / total
    return added


def _length(gramian: Tensor, weight: Tensor) -> Tensor:
    """Lengths (K, 1) of weighted sums of gradients."""
    squared = (weight * (gramian @ weight.unsqueeze(2)).squeeze(2)).sum(dim=1)
    return squared.clamp_min(0.0).sqrt().unsqueeze(1)
