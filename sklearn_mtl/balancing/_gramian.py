"""What ways of balancing that compare gradients have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

import torch
from sklearn.utils._param_validation import StrOptions

from sklearn_mtl.balancing._fixed import FixedWeights
from sklearn_mtl.balancing._say import say_of_labelled

Tensor = torch.Tensor

RIDGE = 1e-9
"""What is added to the diagonals of Gramians, of mean 1, that are to be inverted."""


class Gradients(NamedTuple):
    """What is known of the gradients of the tasks.

    Tasks that have no gradient, or no say, stand there as if they had one of length 1
    that is orthogonal to all others, so that equations have a solution.

    Attributes
    ----------
    gramian : tensor of shape (K, T, T)
        In double precision, where the device has it; the mean square of the length of
        the gradients is 1.
    share : tensor of shape (K, T)
        Weights of the user, of sum 1; 0 where there is no gradient.
    some : bool tensor of shape (K, T)
        Which tasks have a gradient and a say.
    number : tensor of shape (K, 1)
        How many these are; at least 1.
    loss : tensor of shape (K, T)
    eye : tensor of shape (T, T)
        The matrix 1.
    """

    gramian: Tensor
    share: Tensor
    some: Tensor
    number: Tensor
    loss: Tensor
    eye: Tensor

    @property
    def length(self) -> Tensor:
        """Lengths of the gradients, (K, T); 1 where there is none."""
        return self.gramian.diagonal(dim1=1, dim2=2).sqrt()

    def invertible(self, gramian: Tensor) -> Tensor:
        """Add so little to the diagonal of a Gramian that rounding makes none singular.

        Its entries are to be about 1.
        """
        return gramian.add(self.eye, alpha=RIDGE)

    def cosines(self, length: Tensor) -> Tensor:
        """Cosines of the gradients, whose lengths are given, (K, T, T)."""
        return self.gramian / (length.unsqueeze(1) * length.unsqueeze(2))


class GramianBalancing(FixedWeights):
    """Weights by the inner products of the tasks' gradients.

    A subclass defines `solve`. A task without labels in a batch, and one of
    ``task_weights=0``, are not there for it; one whose gradient is zero keeps the
    weight of the user, by which its head goes on.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    reads = "gramian"

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "wrt": [StrOptions({"units", "weights"})]
    }

    def __init__(self, wrt: str = "units") -> None:
        super().__init__()
        self.wrt = wrt

    @abstractmethod
    def solve(self, gradients: Gradients) -> Tensor:
        """Weigh the gradients, for weights of the user of sum 1.

        Parameters
        ----------
        gradients : Gradients
            Inner products of the tasks' gradients, and what users say of them.

        Returns
        -------
        tensor of shape (K, T)
            Weights of the gradients.
        """

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Weigh the tasks' gradients, (K, T)."""
        assert gramian is not None
        loss = loss.detach()
        say = say_of_labelled(self.task_weight, loss)
        gradients, whole = _gradients(gramian, say, loss)
        found = self.solve(gradients) * whole
        return torch.where(gradients.some, found.to(say.dtype), say)


def _gradients(gramian: Tensor, say: Tensor, loss: Tensor) -> tuple[Gradients, Tensor]:
    """Bring Gramians into one unit; also return the sum of the weights, (K, 1)."""
    exact = torch.float32 if gramian.device.type == "mps" else torch.float64
    gramian = gramian.detach().to(exact)
    squared = gramian.diagonal(dim1=1, dim2=2)
    # Members that have diverged shall let no solver fail.
    finite = (gramian.sum(dim=(1, 2)).abs() < torch.inf).unsqueeze(1)
    some = (say * squared > 0) & finite
    number = some.sum(dim=1, keepdim=True).clamp_min(1)
    mean = torch.where(some, squared, 0.0).sum(dim=1, keepdim=True) / number
    both = some.unsqueeze(1) & some.unsqueeze(2)
    eye = torch.eye(some.shape[1], dtype=exact, device=some.device)
    gramian = torch.where(both, gramian / mean.unsqueeze(2), eye)
    share = (say * some).to(exact)
    whole = share.sum(dim=1, keepdim=True)
    share = share / whole.clamp_min(torch.finfo(say.dtype).tiny)
    return Gradients(gramian, share, some, number, loss, eye), whole
