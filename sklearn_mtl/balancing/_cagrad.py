"""The best step for the task that gains least, near the mean of the gradients."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing
from sklearn_mtl.balancing._quadratic import among, least_of_nonnegative, times

Tensor = torch.Tensor

PIVOTS = 8
"""Guesses of the tasks that have a weight; nearly always two or three do."""
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

    See Also
    --------
    MGDA : Follows the shortest mean of the gradients.
    PCGrad : Projects gradients that conflict.

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
        """Add the weights of the direction to those of the user."""
        share = gradients.share
        mean = times(gradients.gramian, share)
        length = (share * mean).sum(dim=1, keepdim=True).clamp_min(0.0).sqrt()
        added = _towards_the_least(gradients, mean, self.c * length)
        # It is of that length, so that a short mean is one of a large sum of weights.
        most = max(self.c / SHORTEST, 1e-30)
        total = added.sum(dim=1, keepdim=True)
        return share + added * (most / total.clamp_min(most))


def _towards_the_least(gradients: Gradients, mean: Tensor, radius: Tensor) -> Tensor:
    """Weights (K, T) of what is added to the mean gradient.

    The step from there to where each loss falls by t at least has a length that is
    convex in t; wanted is the t whose step is as long as `radius`.

    Parameters
    ----------
    mean : tensor of shape (K, T)
        Inner products of the mean gradient with each one.
    radius : tensor of shape (K, 1)
    """
    # Where there is no gradient, no fall is asked for.
    some = gradients.some
    asked = torch.where(some, mean, mean.amax(dim=1, keepdim=True))
    least, which = asked.min(dim=1, keepdim=True)
    most = least + radius * gradients.length.gather(1, which)
    if mean.device.type == "cpu":
        found = _by_pivoting(gradients, mean, radius, some & (mean <= most))
        if found is not None:
            return found
    return _by_newton(gradients, mean, radius, most)


def _by_pivoting(
    gradients: Gradients, mean: Tensor, radius: Tensor, free: Tensor
) -> Tensor | None:
    """Guess which tasks have a weight, which tells t, and exchange those it refutes.

    Without a proof that this ends, None where it has not.
    """
    curvature = gradients.invertible(gradients.gramian)
    both = torch.stack([torch.ones_like(mean), mean], dim=2)
    # Inner products are about 1: what is a trifle below 0 is so by rounding.
    square, absent = radius * radius, ~gradients.some
    for _ in range(PIVOTS):
        asked = both * free.unsqueeze(2)
        parts: Tensor = torch.linalg.solve_ex(
            among(free, curvature, gradients.eye), asked
        )[0]
        # Weights are t times the first part less the second one: their squared length
        # is a quadratic function of t.
        a, b, _, c = torch.bmm(asked.mT, parts).view(-1, 4).split(1, dim=1)
        root = torch.addcmul(b * b, a, square - c).clamp_min(0.0).sqrt()
        fall = (b + root) / a.clamp_min(1e-30)
        first, second = parts.unbind(2)
        added = fall * first - second
        rise = times(curvature, added) + mean - fall
        right = (torch.where(free, added, rise) >= -1e-12) | absent
        if bool(right.all()):
            return added.clamp_min(0.0)
        free = free ^ ~right
    return None


def _by_newton(
    gradients: Gradients, mean: Tensor, radius: Tensor, fall: Tensor
) -> Tensor:
    """Come down to t from a larger one, by the slope of the length.

    The derivative of half the squared length is the sum of the weights.
    """
    curvature = gradients.invertible(gradients.gramian)
    free: Tensor | None = None
    stops = fall.device.type == "cpu"
    for _ in range(ROUNDS):
        slope = torch.where(gradients.some, mean - fall, 0.0).unsqueeze(1)
        few = None if stops or free is None else GUESSES
        found, free = least_of_nonnegative(curvature, slope, free, few)
        added = found.squeeze(1)
        step = _length(curvature, added)
        excess = step - radius
        if stops and not bool((excess > 1e-7 * radius).any()):
            break
        total = added.sum(dim=1, keepdim=True).clamp_min(1e-30)
        fall = fall - excess.clamp_min(0.0) * step / total
    return added * (radius / _length(gradients.gramian, added).clamp_min(1e-30))


def _length(gramian: Tensor, weight: Tensor) -> Tensor:
    """Lengths (K, 1) of weighted sums of gradients."""
    squared = (weight * times(gramian, weight)).sum(dim=1, keepdim=True)
    return squared.clamp_min(0.0).sqrt()
