"""A trunk a task: nothing is shared but the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import torch
from torch import nn

from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._low_precision import bind_hidden
from sklearn_mtl.nn._sharing import Sharing
from sklearn_mtl.nn._trunks import PassByTask, Trunks

Tensor = torch.Tensor


class NoSharing(Sharing):
    """A trunk a task, so that columns have nothing in common but the batch.

    What each column would learn from a network of its own, in one stack: the yardstick
    of what sharing gains. Columns still stop together, and the optimizer's steps and
    the order of rows are those of all.

    See Also
    --------
    HardSharing : The default: one trunk for all tasks.
    SoftSharing : Holds the weights of trunks together.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> X, y = make_multitask(100, n_features=4, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetRegressor(
    ...     sharing="none", hidden_layer_sizes=(8,), n_members=2, max_iter=5
    ... ).fit(X, y)
    >>> net.transform(X).shape  # 2 members, 3 columns, 8 units
    (100, 48)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def setup(
        self,
        *,
        n_members: int,
        n_tasks: int,
        n_features: int,
        sizes: Sequence[int],
        hidden: HiddenUnits,
    ) -> None:
        """Make a trunk of `sizes` for each task."""
        widths = [n_features, *sizes]
        self.trunks = Trunks(n_members, n_tasks, widths, hidden)
        self.n_units, self.by_task = widths[-1], True

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        return self.trunks(features)

    def bind(self, binding: Binding) -> NoSharingPass:
        """Look up what the pass of the trunks needs."""
        return NoSharingPass(self, binding)

    def shared_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name no parameter."""
        return iter(())


class NoSharingPass(PassByTask):
    """Pass of `NoSharing`: that of its trunks."""

    def __init__(self, sharing: NoSharing, binding: Binding) -> None:
        super().__init__(sharing, binding)
        self.trunks = bind_hidden(sharing.trunks, binding)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        return self.trunks.forward(x)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all trunks; return that of the features."""
        return self.trunks.backward(upstream)
