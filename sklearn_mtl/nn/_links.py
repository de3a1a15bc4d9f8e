"""The links from shared units to tasks: how strong they are, and how to thin them."""

from __future__ import annotations

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
        tasks = np.arange(int(network.task_of_output[-1]) + 1)
        self.parts = _parts(network.heads, tasks, network.task_of_output, padding)
        self._inverse = np.argsort(np.concatenate([part.tasks for part in self.parts]))

    def norms(self) -> np.ndarray:
        """Euclidean norm of each group, in float64: (K, h, T)."""
        parts = [part.norms() for part in self.parts]
        return np.concatenate(parts, axis=-1)[..., self._inverse]


class Links:
    """Links of tasks whose weights lie in one tensor.

    Parameters
    ----------
    weight : parameter of shape (K, h, M)
    tasks : int ndarray
        Tasks that the groups are of.
    group_of_column : int ndarray of shape (M,)
        Place in `tasks`; ``len(tasks)`` for a column that is of none.
    """

    def __init__(
        self, weight: Tensor, tasks: np.ndarray, group_of_column: np.ndarray
    ) -> None:
        self.weight, self.tasks = weight, tasks
        self.n_groups = int(group_of_column.max()) + 1
        self.has_one_column_each = self.n_groups == len(group_of_column)
        sizes = np.bincount(group_of_column, minlength=self.n_groups)
        self.root_of_size = torch.from_numpy(np.sqrt(sizes)).to(weight)
        self.group_of_column = torch.from_numpy(group_of_column).to(weight.device)

    def norms(self) -> np.ndarray:
        """Euclidean norm of each group, in float64: (K, h, tasks)."""
        weight = self.weight.detach().cpu().double()
        norms = self._norms(weight, self.group_of_column.cpu())
        return norms[..., : len(self.tasks)].numpy()

    def shrink(self, threshold: float) -> None:
        """Shorten every group by `threshold` times the square root of its size.

        A group that is no longer than that becomes exactly 0: the proximal operator of
        the group lasso (Yuan & Lin 2006).
        """
        weight = self.weight.detach()
        if self.has_one_column_each:  # the norm of one number is its size
            aten.softshrink.out(weight, threshold, out=weight)
            return
        # 0 / 0 would be NaN.
        norms = self._norms(weight, self.group_of_column).clamp_min_(
            torch.finfo(weight.dtype).tiny
        )
        shorter = (self.root_of_size * -threshold).div(norms).add_(1.0).clamp_min_(0.0)
        weight.mul_(shorter.index_select(-1, self.group_of_column))

    def _norms(self, weight: Tensor, group_of_column: Tensor) -> Tensor:
        squared = weight.new_zeros(*weight.shape[:-1], self.n_groups)
        return squared.index_add_(-1, group_of_column, weight.square()).sqrt_()


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
        # Pieces of maxout units stand one after another, each of all units.
        of_units = np.repeat(np.arange(len(tasks)), heads.n_first)
        columns = np.tile(of_units, heads.n_pieces)
        return [Links(heads.first.weight, tasks, columns)]
    return [Links(heads.weight, tasks, np.where(padding, len(tasks), task_of_output))]
