"""The contract of a way of balancing."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import nn

Tensor = torch.Tensor


class Balancing(BaseEstimator, nn.Module):
    """From losses (K, T) of members and tasks to one loss a member, (K,).

    Losses are in units of each task's prior, so that 1.0 is no skill whatever the kind
    of the column. A subclass defines `combine`, through which the weights of the tasks
    follow by autograd; or `weights`, where these are no derivative of a loss. Its
    ``__init__`` calls ``super().__init__()`` and stores parameters, which scikit-learn
    can clone and search in (``balancing__lr``). Parameters that are trained are made by
    `setup`, with a leading member axis; they are stepped by the network's optimizer,
    and kept and restored with the weights of the network.

    Inside the training step tasks stand in the order of their blocks, not in that of
    y's columns; `task_weight` does too.

    Attributes
    ----------
    reads : {"losses", "gramian", "unit_gradients"}
        Whether `weights` needs the inner products of the tasks' gradients, or the
        gradients of the units that heads read.
    wrt : {"units", "weights"}
        What inner products are of: the gradients of the units that heads read, which
        is cheap, or of the parameters that tasks share.
    lr : float or None
        Learning rate of parameters of its own; None for that of the network.
    task_weight : tensor of shape (K, T)
        What users say that each task counts; rows sum to 1.

    See Also
    --------
    FixedWeights : The default: weights that stay as they are.
    GramianWeighting : Takes any function of inner products.

    Examples
    --------
    Worse columns count more, by a power of their loss:

    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.balancing import Balancing
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> class PowerMean(Balancing):
    ...     def __init__(self, power=2.0):
    ...         super().__init__()
    ...         self.power = power
    ...     def combine(self, loss):
    ...         return (self.task_weight * loss.clamp_min(0) ** self.power).sum(dim=1)
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(
    ...     balancing=PowerMean(1.5), max_iter=20, random_state=0
    ... )
    >>> net.fit(X, y).score(X, y) > 0.8
    True
    >>> net.get_params()["balancing__power"]
    1.5
    """

    of_members: ClassVar[tuple[str, ...]] = ("task_weight",)

    reads: ClassVar[Literal["losses", "gramian", "unit_gradients"]] = "losses"
    wrt: str = "units"
    lr: float | None = None

    task_weight: Tensor

    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    # Without one of its own, scikit-learn would look for parameters in torch's.
    def __init__(self) -> None:
        super().__init__()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let nothing that changes `combine` inherit the weights of something else."""
        super().__init_subclass__(**kwargs)
        if "combine" in vars(cls) and "weights" not in vars(cls):
            cls.weights = Balancing.weights  # type: ignore[method-assign]

    def setup(self, task_weight: Tensor, generator: torch.Generator) -> None:
        """Take over what users say, and make what is trained.

        Parameters
        ----------
        task_weight : tensor of shape (K, T)
            What users say that each task counts; rows sum to 1.
        generator : torch.Generator
            For what draws at random.
        """
        self.register_buffer("task_weight", task_weight)

    def setup_units(self, n_units: int) -> None:
        """Hear how many units a head reads; called where `reads` is "unit_gradients".

        Parameters
        ----------
        n_units : int
            Units that each head reads.
        """

    @abstractmethod
    def combine(self, loss: Tensor) -> Tensor:
        """Map the losses of tasks to one loss a member.

        Parameters
        ----------
        loss : tensor of shape (K, T)
            A task that a batch has no label of has the loss 0.

        Returns
        -------
        tensor of shape (K,)
            What each member lowers.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no combine.")

    def weights(self, loss: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Tell how much the gradient of each task's loss counts in a step.

        By default the derivative of `combine`; the gradients of parameters of its own
        are set on the way.

        Parameters
        ----------
        loss : tensor of shape (K, T)
            Losses of the tasks, of each member.
        gramian : tensor of shape (K, T, T) or None
            What `reads` asks for: inner products of the gradients; or the gradients of
            the units as sums over rows, (K, T, n_units).

        Returns
        -------
        tensor of shape (K, T)
            The very tensor of the last call where weights are as they were.
        """
        loss = loss.detach().requires_grad_()
        own = [p for p in self.parameters() if p.requires_grad]
        with torch.enable_grad():
            total = self.combine(loss).sum()
        weights, *gradients = torch.autograd.grad(total, [loss, *own])
        for parameter, gradient in zip(own, gradients, strict=True):
            parameter.grad = gradient
        return weights

    def end_epoch(self, loss: Tensor) -> None:
        """Hear how an epoch of training went; by default nothing comes of it.

        Parameters
        ----------
        loss : tensor of shape (K, T)
            Mean losses of its batches; 0 where no batch had a label.
        """

    def monitor(self, loss: np.ndarray, task_weight: np.ndarray) -> np.ndarray:
        """Tell the loss that is reported, and by which members stop.

        By default the mean over the tasks that have labels, weighted as users say, so
        that epochs can be compared whatever weights were used on the way.

        Parameters
        ----------
        loss, task_weight : ndarray of shape (K, T)
            Losses over all rows; NaN where a member has no label of a task, inf where
            training diverged.

        Returns
        -------
        ndarray of shape (K,)
            NaN where a member has no label at all.
        """
        weight = np.where(np.isnan(loss), 0.0, task_weight)
        total = weight.sum(axis=1)
        summed = np.where(weight > 0, loss, 0.0) * weight
        mean = np.full(len(loss), np.nan)
        return np.divide(summed.sum(axis=1), total, out=mean, where=total > 0)
