"""Weights by how far each task is from what it can reach."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval

from sklearn_mtl.balancing._fixed import FixedWeights
from sklearn_mtl.balancing._say import say_of_labelled, shared_out

Tensor = torch.Tensor

LEAST_SQUARE = 1e-7
"""Added to sums of squares before their root is divided by."""
TINY = 1e-30
"""Least number that is divided by."""


class ExcessMTL(FixedWeights):
    r"""ExcessMTL: favour tasks that are far from the least loss they can have [1]_.

    A column of noisy labels has a large loss for good, and methods that go by losses
    would favour it in vain. Here a task counts by its excess risk, what is left to be
    learned, which is told by its gradient :math:`g` of the units that heads read, as a
    sum over the rows of a batch, and by the sum of the squares of all of these so far:

    .. math::

        E_t = \sum_j g_{tj}^2 \Big/ \sqrt{\textstyle\sum_\tau g_{tj}^2(\tau)}.

    In each step the logarithm of a task's weight grows by `step_size` times
    :math:`E_t`, in units of its mean in the first epochs, in which weights stay as the
    user says. Weights of the user multiply what is found.
    A task without labels in a batch keeps its weight beside the mean of the others;
    one of ``task_weights=0`` is as good as absent, and one of twice the weight stands
    for two of the same gradient.

    The authors have gradients of the shared parameters, or of the units, as here.

    Parameters
    ----------
    step_size : float, default=0.01
        How quickly weights move.
    warmup : int, default=3
        Epochs whose mean excess risk later ones are compared with; with 0, the first
        batch that has labels, which may be small by chance.

    Attributes
    ----------
    logit : tensor of shape (K, T)
        Logarithms of the weights, but for a constant of each member.
    epochs : tensor of shape (K, 1)
        Epochs that are over.
    first_excess, n_batches : tensor of shape (K, T)
        Mean excess risk that others are compared with, and of how many batches it is.
    squares : tensor of shape (K, T, n_units)
        Sums of squared gradients.

    See Also
    --------
    FAMO : Lets all losses fall at one rate, at little cost.

    References
    ----------
    .. [1] Y. He, S. Zhou, G. Zhang, H. Yun, Y. Xu, B. Zeng, T. Chilimbi, H. Zhao,
       "Robust Multi-Task Learning with Excess Risks", ICML 2024.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing import ExcessMTL
    >>> balancing = ExcessMTL(step_size=1.0, warmup=0)
    >>> balancing.setup(torch.tensor([[0.5, 0.5]]), torch.Generator())
    >>> balancing.setup_units(1)
    >>> loss, gradients = torch.ones(1, 2), torch.tensor([[[2.0], [2.0]]])
    >>> balancing.weights(loss, gradients)
    tensor([[0.5000, 0.5000]])
    >>> gradients[0, 1] = 0.1  # there is nothing left to learn
    >>> balancing.weights(loss, gradients)
    tensor([[0.6692, 0.3308]])
    """

    of_members: ClassVar[tuple[str, ...]] = (
        "task_weight",
        "logit",
        "epochs",
        "first_excess",
        "n_batches",
        "squares",
    )

    reads = "unit_gradients"

    logit: Tensor
    epochs: Tensor
    n_batches: Tensor
    first_excess: Tensor
    squares: Tensor

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "step_size": [Interval(Real, 0, None, closed="neither")],
        "warmup": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(self, step_size: float = 0.01, warmup: int = 3) -> None:
        super().__init__()
        self.step_size = step_size
        self.warmup = warmup

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Begin with all tasks alike."""
        super().setup(task_weight, generator)
        for name in ("logit", "first_excess", "n_batches"):
            self.register_buffer(name, torch.zeros_like(task_weight))
        self.register_buffer("epochs", torch.zeros_like(task_weight[:, :1]))
        self.setup_units(0)

    def setup_units(self, n_units: int) -> None:
        """Make room for the sums of squares."""
        shape = *self.task_weight.shape, n_units
        self.register_buffer("squares", self.task_weight.new_zeros(shape))

    def weights(self, loss: Tensor, gradients: Tensor | None = None) -> Tensor:
        """Step the weights (K, T) by gradients (K, T, n_units)."""
        assert gradients is not None
        say = say_of_labelled(self.task_weight, loss.detach())
        squared = gradients.detach() ** 2
        self.squares.add_(squared)
        excess = (squared / (self.squares + LEAST_SQUARE).sqrt()).sum(dim=2)
        self._favour(excess, say)
        return shared_out(say, self.logit)

    def _favour(self, excess: Tensor, say: Tensor) -> None:
        """Move weights towards tasks whose excess risk is large for them."""
        is_first = (self.epochs < self.warmup) | (self.n_batches == 0)
        part = torch.where(is_first, 0.0, excess / self.first_excess.clamp_min(TINY))
        compared = torch.where(is_first, 0.0, say)
        whole = compared.sum(dim=1, keepdim=True).clamp_min(TINY)
        mean = (compared * part).sum(dim=1, keepdim=True) / whole
        self.logit.add_(torch.where(compared > 0, self.step_size * (part - mean), 0.0))
        self._remember(excess, is_first & (say > 0))

    def _remember(self, excess: Tensor, some: Tensor) -> None:
        """Let the mean that others are compared with count some tasks' excess risk."""
        self.n_batches.add_(some)
        off = (excess - self.first_excess) / self.n_batches.clamp_min(1.0)
        self.first_excess.add_(torch.where(some, off, 0.0))

    def end_epoch(self, loss: Tensor) -> None:
        """Count epochs."""
        self.epochs.add_(1.0)
