"""Gradients of tasks that are kept from undoing each other."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import StrOptions

from sklearn_mtl.balancing._fixed import FixedWeights
from sklearn_mtl.nn import Drawing

Tensor = torch.Tensor


class PCGrad(FixedWeights):
    """Project each task's gradient onto the normal plane of those it conflicts with.

    Where the gradients of two tasks point against each other, the part of one along the
    other is taken away, task after task in random order; the step follows the sum of
    what is left [1]_. All of that is linear in the gradients, so that it is told from
    their inner products alone. Weights of the tasks scale their gradients beforehand.

    Parameters
    ----------
    wrt : {"units", "weights"}, default="units"
        Gradients of what are compared: of the units that heads read, which costs
        little; or of the parameters that tasks share, as in the paper, which costs
        about as many backward passes through the shared layers as there are tasks.

    See Also
    --------
    CAGrad : Stays near the mean gradient.
    UPGrad : Projects, so that no task is harmed.

    References
    ----------
    .. [1] T. Yu, S. Kumar, A. Gupta, S. Levine, K. Hausman, C. Finn, "Gradient Surgery
       for Multi-Task Learning", NeurIPS 2020.

    Examples
    --------
    Two gradients at an angle of more than 90 degrees:

    >>> import torch
    >>> from sklearn_mtl.balancing import PCGrad
    >>> gradients = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
    >>> balancing = PCGrad()
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator().manual_seed(0))
    >>> gramian = (gradients @ gradients.T).unsqueeze(0)
    >>> weights = balancing.weights(torch.ones(1, 2), gramian)
    >>> weights @ gradients  # half of [0.5, 0.5] + [0, 1]
    tensor([[0.2500, 0.7500]])
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    reads = "gramian"

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "wrt": [StrOptions({"units", "weights"})]
    }

    def __init__(self, wrt: str = "units") -> None:
        super().__init__()
        self.wrt = wrt

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Prepare to draw orders of the tasks."""
        super().setup(task_weight, generator)
        self.drawing = Drawing(generator)

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Tell projected gradients as weights (K, T) of the given ones.

        The projections of one task follow each other, so that there are T rounds; those
        of all tasks and members are one.
        """
        assert gramian is not None
        scale = self.task_weight
        gramian = gramian * scale.unsqueeze(1) * scale.unsqueeze(2)
        n_members, n_tasks, _ = gramian.shape
        squared = gramian.diagonal(dim1=1, dim2=2)
        orders = self._orders(gramian)
        itself = torch.arange(n_tasks, device=gramian.device)
        # Row i of `kept` says what gradient i became, in terms of the given ones.
        kept = torch.eye(n_tasks, dtype=gramian.dtype, device=gramian.device)
        kept = kept.repeat(n_members, 1, 1)
        for other in orders.unbind(-1):  # (K, T): whom each task meets now
            expanded = other.unsqueeze(-1).expand(-1, -1, n_tasks)
            along = (gramian.gather(1, expanded) * kept).sum(dim=-1)
            conflicts = (along < 0) & (other != itself)
            shorter_by = torch.where(conflicts, along / squared.gather(1, other), 0.0)
            kept.scatter_add_(-1, other.unsqueeze(-1), -shorter_by.unsqueeze(-1))
        return kept.sum(dim=1) * scale

    def _orders(self, like: Tensor) -> Tensor:
        """Draw an order of all tasks for each task of each member, (K, T, T)."""
        generator = self.drawing.generator_on(like.device)
        return torch.empty_like(like).uniform_(generator=generator).argsort(dim=-1)
