"""Weights by a function of the inner products that comes from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, get_type_hints

import torch

from sklearn_mtl.balancing._gramian import Gradients, GramianBalancing

Tensor = torch.Tensor


class GramianWeighting(GramianBalancing):
    """Weights by any function of the inner products, such as TorchJD's weightings [1]_.

    The function is called for each member in turn, with what the tasks that have
    labels in the batch have; weights of the user multiply what it returns, which keeps
    its promises only where these are equal. A task of ``task_weights=0`` is as good as
    absent.

    The methods of this package solve for all members at once; this is for those that
    it lacks, and takes about as long as there are members. What a weighting draws at
    random comes from torch's own generator. `sklearn_mtl.io.load` asks for the class
    of the weighting, and of what it holds, in ``custom``.

    Parameters
    ----------
    weighting : callable
        Maps inner products (T, T), whose diagonal has the mean 1, to weights (T,):
        ``torchjd.aggregation.UPGradWeighting()``, say. One that keeps something from
        step to step, or that asks for the gradients themselves, is refused.
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, which costs about as many
        backward passes through the shared layers as there are tasks.

    See Also
    --------
    UPGrad : Projects, so that no task is harmed.

    References
    ----------
    .. [1] P. Quinton, V. Rey, "Jacobian Descent for Multi-Objective Optimization",
       arXiv:2406.16232, 2024, and its library https://torchjd.org.

    Examples
    --------
    The less a gradient points along the others, the more its task counts:

    >>> import torch
    >>> from sklearn_mtl.balancing import GramianWeighting
    >>> def unlike(gramian):
    ...     return torch.softmax(-gramian.sum(dim=1), dim=0)
    >>> balancing = GramianWeighting(unlike)
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> gramian = torch.tensor([[[3.0, 0.0], [0.0, 1.0]]])
    >>> balancing.weights(torch.ones(1, 2), gramian)
    tensor([[0.2689, 0.7311]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    weighting: Callable[[Tensor], Any]

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **GramianBalancing._parameter_constraints,
        "weighting": [callable],
    }

    def __init__(self, weighting: Callable[[Tensor], Any], wrt: str = "units") -> None:
        super().__init__(wrt)
        # A module among the parts of this one would be stepped and copied by member.
        self.__dict__["weighting"] = weighting

    def __setattr__(self, name: str, value: Any) -> None:
        """Store a weighting that is a module as what it is, a parameter."""
        if name == "weighting":
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Refuse what is told by more than inner products."""
        _check_is_of_gramian(self.weighting)
        super().setup(task_weight, generator)

    def solve(self, gradients: Gradients) -> Tensor:
        """Give the weights of the function, times those of the user."""
        found = torch.zeros_like(gradients.share)
        for own, gramian, some in zip(
            found, gradients.gramian, gradients.some, strict=True
        ):
            which = some.nonzero().squeeze(1)
            if len(which):
                own[which] = self._checked(gramian[which][:, which]).to(own)
        return found * gradients.share * gradients.number

    def _checked(self, gramian: Tensor) -> Tensor:
        weights = self.weighting(gramian)
        if not isinstance(weights, Tensor) or weights.shape != gramian.shape[:1]:
            shape = tuple(getattr(weights, "shape", ()))
            raise ValueError(
                f"weighting={self.weighting!r} made {type(weights).__name__} of shape "
                f"{shape} of inner products of shape {tuple(gramian.shape)}. Return a "
                f"tensor of shape {(len(gramian),)}: one weight a column."
            )
        if not weights.isfinite().all() and gramian.isfinite().all():
            raise ValueError(
                f"weighting={self.weighting!r} made the weights {weights.tolist()} of "
                f"the inner products {gramian.tolist()}. Return finite numbers."
            )
        return weights.detach()


def _check_is_of_gramian(weighting: Any) -> None:
    """Check that a weighting of TorchJD looks at inner products, and at these alone."""
    if hasattr(weighting, "reset"):
        raise ValueError(
            f"weighting={weighting!r} keeps what it has seen, which members would "
            "share. Pass one without a method reset."
        )
    hints = get_type_hints(getattr(weighting, "forward", weighting.__call__))
    first = next((hint for name, hint in hints.items() if name != "return"), None)
    if getattr(first, "__name__", "") == "Matrix":
        raise ValueError(
            f"weighting={weighting!r} asks for the gradients themselves, and would "
            "get their inner products. Pass a weighting of a Gramian, such as "
            "torchjd.aggregation.UPGradWeighting() in place of UPGrad()."
        )
