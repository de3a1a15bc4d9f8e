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

    Tasks that have no gradient, or no say, have a row and a column of zeros.

    Attributes
    ----------
    gramian : tensor of shape (K, T, T)
        In double precision, where the device has it; the mean square of the length of
        the gradients is 1.
    share : tensor of shape (K, T)
        Weights of the user, of sum 1.
    some : bool tensor of shape (K, T)
        Which tasks have a gradient and a say.
    loss : tensor of shape (K, T)
    """

    gramian: Tensor
    share: Tensor
    some: Tensor
    loss: Tensor

    @property
    def number(self) -> Tensor:
        """How many tasks have a gradient and a say, (K, 1); at least 1."""
        return self.some.sum(dim=1, keepdim=True).clamp_min(1)

    @property
    def length(self) -> Tensor:
        """Lengths of the gradients, (K, T); 1 where there is none."""
        squared = self.gramian.diagonal(dim1=1, dim2=2)
        return torch.where(self.some, squared, 1.0).sqrt()

    @property
    def cosine(self) -> Tensor:
        """Cosines of the gradients, (K, T, T)."""
        length = self.length
        return self.gramian / (length.unsqueeze(1) * length.unsqueeze(2))

    def invertible(self, gramian: Tensor) -> Tensor:
        """Fill the diagonal of a Gramian where there is no gradient."""
        return gramian + torch.where(self.some, RIDGE, 1.0).diag_embed()


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
        """Return weights (K, T) of the gradients, for weights of the user of sum 1."""

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Weights (K, T) of the tasks' gradients."""
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
    finite = gramian.isfinite().all(dim=2).all(dim=1, keepdim=True)
    some = (say > 0) & (squared > 0) & finite
    gramian = torch.where(some.unsqueeze(1) & some.unsqueeze(2), gramian, 0.0)
    number = some.sum(dim=1, keepdim=True).clamp_min(1)
    mean = torch.where(some, squared, 0.0).sum(dim=1, keepdim=True) / number
    mean = torch.where(mean > 0, mean, 1.0)
    share = torch.where(some, say.to(exact), 0.0)
    whole = share.sum(dim=1, keepdim=True)
    share = share / torch.where(whole > 0, whole, 1.0)
    return Gradients(gramian / mean.unsqueeze(2), share, some, loss), whole
