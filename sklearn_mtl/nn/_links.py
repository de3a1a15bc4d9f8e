"""The links from shared units to tasks: how strong they are, and how to thin them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch

from sklearn_mtl.nn._heads import MixedHeads, PrivateHeads
from sklearn_mtl.nn._network import MultiTaskNetwork

Tensor = torch.Tensor
aten = torch.ops.aten


class HeadLinks:
    """The weights from each shared unit into the head of each task, as groups.

    The group of unit j and task t are the weights from j into the first layer of t's
    own: its private units, each piece of a maxout unit included, or else its outputs.

    Parameters
    ----------
    network : MultiTaskNetwork
    padding : bool array of shape (C,), or None
        Raw outputs that no loss reads; their weights count in no task's group.

    Attributes
    ----------
    parts : list of Links
        One for each tensor that holds weights of groups.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.nn import HeadLinks, MultiTaskNetwork
    >>> network = MultiTaskNetwork(
    ...     n_members=1,
    ...     n_features=2,
    ...     task_of_output=np.array([0, 1, 1]),
    ...     prior_raw=np.zeros(3),
    ...     hidden_layer_sizes=(),
    ...     generator=torch.Generator().manual_seed(0),
    ... )
    >>> weight = torch.tensor([[[5.0, 3.0, 4.0], [0.5, 0.0, 2.0]]])
    >>> _ = network.heads.weight.data.copy_(weight)
    >>> links = HeadLinks(network)
    >>> links.norms()[0]
    array([[5. , 5. ],
           [0.5, 2. ]])
    >>> links.parts[0].shrink(1.0)  # task 1 has groups of two: by the root of 2
    >>> links.norms()[0].round(2)
    array([[4.  , 3.59],
           [0.  , 0.59]])
    """

    def __init__(
        self, network: MultiTaskNetwork, padding: np.ndarray | None = None
    ) -> None:
        if padding is None:
            padding = np.zeros(len(network.task_of_output), dtype=bool)
        ranks = np.arange(len(network.rank_of_task))
        rank_of_output = network.rank_of_task[network.task_of_output]
        self.parts = _parts(network.heads, ranks, rank_of_output, padding)
        at = np.argsort(np.concatenate([part.tasks for part in self.parts]))
        self._of_tasks = at[network.rank_of_task]

    def norms(self) -> np.ndarray:
        """Euclidean norm of each group, in float64: (K, h, T)."""
        parts = [part.norms() for part in self.parts]
        return np.concatenate(parts, axis=-1)[..., self._of_tasks]


class Links(ABC):
    """Links of tasks whose weights lie in one tensor.

    Parameters
    ----------
    weight : parameter of shape (K, h, M)
    tasks : int ndarray
        Tasks that the groups are of.
    """

    def __init__(self, weight: Tensor, tasks: np.ndarray) -> None:
        self.weight, self.tasks = weight, tasks

    def norms(self) -> np.ndarray:
        """Euclidean norm of each group, in float64: (K, h, tasks)."""
        return self._norms(self.weight.detach().cpu().double()).numpy()

    @abstractmethod
    def shrink(self, threshold: float) -> None:
        """Shorten every group by `threshold` times the square root of its size.

        A group that is no longer than that becomes exactly 0: the proximal operator of
        the group lasso (Yuan & Lin 2006).
        """

    @abstractmethod
    def _norms(self, weight: Tensor) -> Tensor: ...


class EvenLinks(Links):
    """Groups of one size, which are a view of the weights.

    Parameters
    ----------
    weight : parameter of shape (K, h, n_pieces * tasks * width)
    tasks : int ndarray
    n_pieces : int
        How often the columns of all tasks stand one after another.
    """

    def __init__(self, weight: Tensor, tasks: np.ndarray, n_pieces: int = 1) -> None:
        super().__init__(weight, tasks)
        self.shape = n_pieces, len(tasks), -1
        self.size = weight.shape[-1] // len(tasks)

    def shrink(self, threshold: float) -> None:
        weight = self.weight.detach()
        if self.size == 1:  # the norm of one number is its size
            aten.softshrink.out(weight, threshold, out=weight)
            return
        kept = _kept(self._norms(weight), self.size**0.5 * threshold)
        weight.unflatten(-1, self.shape).mul_(kept.unsqueeze(-1).unsqueeze(-3))

    def _norms(self, weight: Tensor) -> Tensor:
        return weight.unflatten(-1, self.shape).square().sum((-3, -1)).sqrt_()


class UnevenLinks(Links):
    """Groups of different sizes.

    Parameters
    ----------
    weight : parameter of shape (K, h, M)
    tasks : int ndarray
    group_of_column : int ndarray of shape (M,)
        Place in `tasks`; ``len(tasks)`` for a column that is of none.
    """

    def __init__(
        self, weight: Tensor, tasks: np.ndarray, group_of_column: np.ndarray
    ) -> None:
        super().__init__(weight, tasks)
        sizes = np.bincount(group_of_column, minlength=len(tasks) + 1)
        self.root_of_size = torch.from_numpy(np.sqrt(sizes)).to(weight)
        self.group_of_column = torch.from_numpy(group_of_column).to(weight.device)

    def norms(self) -> np.ndarray:
        return super().norms()[..., : len(self.tasks)]

    def shrink(self, threshold: float) -> None:
        weight = self.weight.detach()
        kept = _kept(self._norms(weight), self.root_of_size * threshold)
        weight.mul_(kept.index_select(-1, self.group_of_column))

    def _norms(self, weight: Tensor) -> Tensor:
        squared = weight.new_zeros(*weight.shape[:-1], len(self.tasks) + 1)
        group_of_column = self.group_of_column.to(weight.device)
        return squared.index_add_(-1, group_of_column, weight.square()).sqrt_()


def _kept(norms: Tensor, shorter_by: Tensor | float) -> Tensor:
    """Share of its length that each group keeps; overwrites `norms`."""
    norms.clamp_min_(torch.finfo(norms.dtype).tiny)  # 0 / 0 would be NaN
    return (1.0 - shorter_by / norms).clamp_min_(0.0)


def _parts(
    heads: Any, tasks: np.ndarray, task_of_output: np.ndarray, padding: np.ndarray
) -> list[Links]:
    """Find the links of `tasks`, which `heads` number from 0."""
    if isinstance(heads, MixedHeads):
        return [
            part
            for group, own, outputs in zip(
                heads.groups, heads.tasks_of_group, heads.outputs_of_group, strict=True
            )
            for part in _parts(
                group,
                own,
                np.searchsorted(own, task_of_output[outputs]),
                padding[outputs],
            )
        ]
    if isinstance(heads, PrivateHeads):
        return [EvenLinks(heads.first.weight, tasks, heads.n_pieces)]
    if len(tasks) == len(task_of_output):
        return [EvenLinks(heads.weight, tasks)]
    group_of_column = np.where(padding, len(tasks), task_of_output)
    return [UnevenLinks(heads.weight, tasks, group_of_column)]
