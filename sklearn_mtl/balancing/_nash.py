"""The step on which the tasks agree in a bargain."""

from __future__ import annotations

from typing import ClassVar

import torch

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing
from sklearn_mtl.balancing._quadratic import solved, times

Tensor = torch.Tensor

ROUNDS = 30
"""Steps of Newton's method at most; a handful do unless gradients cancel out."""

UNDAMPED = 0.25
"""Newton decrement from which on a step is shortened."""
SHORT = 1e-4
"""Newton decrement of the last step."""

LEAST_SUM = 0.1
"""Least sum of a gradient's cosines that the first guess reckons with."""


class NashMTL(GramianBalancing):
    r"""Nash-MTL: the step of the Nash bargaining solution [1]_.

    Among steps of one length, it has the greatest product of the tasks' gains, so that
    it does not depend on the scale of any loss. Its weights solve
    :math:`G \alpha = u / \alpha` for inner products :math:`G` of the gradients and
    weights :math:`u` of the user; here they are solved for in each step, by Newton's
    method, and scaled to the sum of 1, as those of other ways of balancing. (The
    authors solve a sequence of approximations, scale by the length of
    :math:`G`, and bound the length of the step.) A task of ``task_weights=0`` is as
    good as absent, and one of twice the weight stands for two of the same gradient.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.

    See Also
    --------
    IMTLG : Gives all gradients equal projections.
    MGDA : Follows the shortest mean of the gradients.

    References
    ----------
    .. [1] A. Navon, A. Shamsian, I. Achituve, H. Maron, K. Kawaguchi, G. Chechik,
       E. Fetaya, "Multi-Task Learning as a Bargaining Game", ICML 2022.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import NashMTL
    >>> gradients = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    >>> balancing = NashMTL()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> gramian = (gradients @ gradients.T).unsqueeze(0)
    >>> balancing.weights(torch.ones(1, 2), gramian) @ gradients
    tensor([[0.7500, 0.7500]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    def solve(self, gradients: Gradients) -> Tensor:
        """Give the weights of the bargain, of sum 1."""
        length = gradients.length
        found = bargain(gradients, length) / length
        found = found * gradients.some
        return found / found.sum(dim=1, keepdim=True).clamp_min(1e-30)


def bargain(gradients: Gradients, length: Tensor) -> Tensor:
    r"""Solve :math:`C x = u / x` for cosines C and weights u of mean 1, (K, T).

    That is where :math:`x^T C x / 2 - \sum u \log x` is least, which is convex; steps
    are damped by their Newton decrement until they are short.
    """
    cosine = gradients.invertible(gradients.cosines(length))
    weight = torch.where(gradients.some, gradients.share * gradients.number, 1.0)
    least = weight.amin(dim=1, keepdim=True)
    stops = weight.device.type == "cpu"
    # Where all cosines are alike, this is the solution.
    x = weight.sqrt()
    x = x / (times(cosine, x) / x).clamp_min(LEAST_SUM).sqrt()
    for _ in range(ROUNDS):
        other_side = weight / x
        slope = times(cosine, x) - other_side
        diagonal = (other_side / x).unsqueeze(2)
        step = solved(torch.addcmul(cosine, gradients.eye, diagonal), slope)
        squared = (slope * step).sum(dim=1, keepdim=True) / least
        decrement = squared.clamp_min(0.0).sqrt()
        longest = float(decrement.max()) if stops else torch.inf
        if longest >= UNDAMPED:
            step = step / torch.where(decrement < UNDAMPED, 1.0, 1.0 + decrement)
        x = x - step
        # Of a short step, what is left over is about the square.
        if longest < SHORT:
            break
    return x
