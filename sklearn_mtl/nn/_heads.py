"""The layers of each task's own, above those that all tasks share.

Tasks are known by their column of y. Inside of heads they stand in the order in which
their raw outputs do.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch

from sklearn_mtl.nn._layer import AutogradPass, Binding, Layer, Pass
from sklearn_mtl.nn._links import Links

Tensor = torch.Tensor

OUTPUT_GAIN = 0.1
"""Small initial output weights keep the first predictions near the prior."""
ALIKE_GAIN = 0.5
"""Where tasks start alike, the units below learn what is common, and soon."""


class Heads(Layer):
    """From units to the raw outputs of all tasks.

    Units are (K, B, h) for all tasks, or (K, T, B, h) where each task reads its own.

    Parameters
    ----------
    task_of_output : int array of shape (C,)
        The task that owns each raw output; the outputs of each task are neighbours.
    by_task : bool
        Whether each task reads units of its own.

    Attributes
    ----------
    tasks : int ndarray
        Tasks in the order of their outputs.
    rank_of_output : int ndarray of shape (C,)
        Position of the owner of each output in `tasks`.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    owner: Tensor
    rank: Tensor

    def __init__(self, task_of_output: np.ndarray, by_task: bool) -> None:
        super().__init__()
        self.task_of_output, self.by_task = task_of_output, by_task
        self.tasks = np.array(list(dict.fromkeys(task_of_output.tolist())))
        self.rank_of_output = positions(task_of_output, self.tasks)
        self.one_output_each = len(self.tasks) == len(task_of_output)
        self.register_buffer("owner", torch.from_numpy(self.tasks), persistent=False)
        self.register_buffer(
            "rank", torch.from_numpy(self.rank_of_output), persistent=False
        )

    @abstractmethod
    def set_prior(self, raw: Tensor) -> None:
        """Let every member start from predicting these raw outputs, (C,) or (K, C)."""

    @property
    def parts(self) -> list[Heads]:
        """Heads that have parameters of their own: all tasks' in one by default."""
        return [self]

    def start_alike(self) -> None:
        """Start all tasks from the same weights; private layers stay as drawn."""

    @abstractmethod
    def links(self, padding: np.ndarray) -> list[Links]:
        """Find the links of the tasks, one object for each tensor that holds some.

        Parameters
        ----------
        padding : bool array of shape (C,)
            Raw outputs that no loss reads; their weights count in no task's group.
        """

    def bind(self, binding: Binding) -> HeadsPass:
        """Look up what the pass needs."""
        return HeadsByAutograd(self, binding)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """As `Layer`, but what is left can still tell tasks apart."""
        super().__init_subclass__(**kwargs)
        if vars(cls).get("bind") is Layer.bind:
            cls.bind = Heads.bind  # type: ignore[method-assign]


class HeadsPass(Pass):
    """A pass that can also tell the tasks' gradients apart."""

    @abstractmethod
    def backward_by_task(self, upstream: Tensor) -> Tensor:
        """Gradient of the units that follows from the raw outputs of each task.

        Parameters
        ----------
        upstream : tensor of shape (K, B, C)
            May be overwritten, as may the gradients of the parameters.

        Returns
        -------
        tensor of shape (K, T, B, h)
            Tasks in the order of their outputs.
        """

    def gramian(self, upstream: Tensor) -> Tensor:
        """Inner products (K, T, T) of what `backward_by_task` would return.

        Parameters
        ----------
        upstream : tensor of shape (K, B, C)
            May be overwritten, as may the gradients of the parameters.
        """
        flat = self.backward_by_task(upstream).flatten(2)
        return torch.bmm(flat, flat.transpose(1, 2))

    def sums_over_rows(self, upstream: Tensor) -> Tensor:
        """Sum what `backward_by_task` would return over rows, (K, T, h).

        Parameters
        ----------
        upstream : tensor of shape (K, B, C)
            May be overwritten, as may the gradients of the parameters.
        """
        return self.backward_by_task(upstream).sum(dim=2)


class HeadsByAutograd(AutogradPass, HeadsPass):
    """The pass of heads without a formula."""

    def __init__(self, heads: Heads, binding: Binding) -> None:
        super().__init__(heads, binding)
        self.heads = heads

    def backward_by_task(self, upstream: Tensor) -> Tensor:
        if self.heads.by_task:
            (by_task,) = torch.autograd.grad(
                self.y, self.x, upstream, retain_graph=True
            )
            return by_task.index_select(1, self.heads.owner)
        of_tasks = []
        for rank in range(len(self.heads.tasks)):
            of_task = upstream * (self.heads.rank == rank)
            found = torch.autograd.grad(self.y, self.x, of_task, retain_graph=True)
            of_tasks.append(found[0])
        return torch.stack(of_tasks, dim=1)


class OwnUnits:
    """Which of the tasks' own units heads read, (K, T, B, h), and the way back.

    Parameters
    ----------
    tasks : int tensor of shape (m,)
        Tasks whose units are read, in the order in which they are.
    """

    def __init__(self, tasks: Tensor) -> None:
        self.tasks = tasks
        self.in_order = tasks.tolist() == list(range(len(tasks)))
        self.n_tasks = 0

    def pick(self, units: Tensor) -> Tensor:
        """Give the units that are read, (K, m, B, h)."""
        self.n_tasks = units.shape[1]
        return units if self.all_are_read else units.index_select(1, self.tasks)

    def put_back(self, gradient: Tensor) -> Tensor:
        """Give all tasks the gradients (K, m, B, h) of those that are read."""
        if self.all_are_read:
            return gradient
        n_members, _, *others = gradient.shape
        total = gradient.new_zeros(n_members, self.n_tasks, *others)
        return total.index_add_(1, self.tasks, gradient)

    @property
    def all_are_read(self) -> bool:
        """Whether the tasks that are read are all tasks, in the order of y."""
        return self.in_order and len(self.tasks) == self.n_tasks


def positions(wanted: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Position of each entry of `wanted` in `among`, whose entries are distinct."""
    order = np.argsort(among)
    found: np.ndarray = order[np.searchsorted(among[order], wanted)]
    return found
