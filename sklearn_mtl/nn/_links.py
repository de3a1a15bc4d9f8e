"""The links from shared units to tasks: how strong they are, and how to thin them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch

Tensor = torch.Tensor
aten = torch.ops.aten


class Links(ABC):
    """The weights from each shared unit into the heads of tasks, as groups.

    The group of unit j and task t are the weights from j into the first layer of t's
    own: its private units, each piece of a maxout unit included, or else its outputs.
    Links of this object are of tasks whose weights lie in one tensor.

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
    def shrink(self, threshold: float | Tensor) -> None:
        """Shorten every group by `threshold` times the square root of its size.

        A group that is no longer than that becomes exactly 0: the proximal operator of
        the group lasso (Yuan & Lin 2006).

        Parameters
        ----------
        threshold : float, or tensor of shape (K, 1, 1)
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

    def shrink(self, threshold: float | Tensor) -> None:
        weight = self.weight.detach()
        if self.size == 1 and isinstance(threshold, float):
            # The norm of one number is its size.
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
        Position in `tasks`; ``len(tasks)`` for a column that is of none.
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

    def shrink(self, threshold: float | Tensor) -> None:
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
