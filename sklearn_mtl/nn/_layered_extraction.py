"""Experts of each task's own beside shared ones, level upon level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.nn._extraction_level import ExtractionLevel, LevelPass
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding
from sklearn_mtl.nn._sharing import Sharing
from sklearn_mtl.nn._trunks import PassByTask, check_has_layers

Tensor = torch.Tensor

AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")


class LayeredExtraction(Sharing):
    r"""Experts of each task's own beside shared ones: CGC, and PLE on levels [1]_.

    Task :math:`t` reads a mixture of its own experts and of the shared ones, by a gate
    that is the softmax of a linear map of what its experts read. With several levels,
    the experts of the next one read these mixtures, and its shared experts a mixture of
    all experts below. One level is customized gate control, more are progressive
    layered extraction.

    Parameters
    ----------
    n_own_experts : int, default=1
        Experts of each task alone.
    n_shared_experts : int, default=2
        Experts of all tasks.
    n_levels : int or None, default=None
        None makes each of `hidden_layer_sizes` a level. Otherwise the last widths are
        one level each, and the first level has all widths before these. Members that
        differ in depth need ``n_levels=1``.

    See Also
    --------
    MixtureOfExperts : Lets a gate a task mix experts that all share.
    CrossStitch : Trunks that read each other after each layer.

    References
    ----------
    .. [1] H. Tang, J. Liu, M. Zhao, X. Gong, "Progressive Layered Extraction (PLE): A
       Novel Multi-Task Learning Model for Personalized Recommendations", RecSys 2020.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.nn import LayeredExtraction
    >>> X, y = make_multitask(100, n_features=4, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetRegressor(
    ...     sharing=LayeredExtraction(n_shared_experts=2),
    ...     hidden_layer_sizes=(8, 8),
    ...     n_members=1,
    ...     max_iter=5,
    ...     random_state=0,
    ... ).fit(X, y)

    Experts of the first, second and third task, then the two shared ones:

    >>> net.gate_usage_ > 0
    array([[ True, False, False,  True,  True],
           [False,  True, False,  True,  True],
           [False, False,  True,  True,  True]])
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    formula_of: ClassVar[tuple[str, ...]] = ("forward", "below_last")

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_own_experts": [AT_LEAST_ONE],
        "n_shared_experts": [AT_LEAST_ONE],
        "n_levels": [AT_LEAST_ONE, None],
    }

    def __init__(
        self,
        n_own_experts: int = 1,
        n_shared_experts: int = 2,
        n_levels: int | None = None,
    ) -> None:
        super().__init__()
        self.n_own_experts, self.n_shared_experts = n_own_experts, n_shared_experts
        self.n_levels = n_levels

    def setup(
        self,
        *,
        n_members: int,
        n_tasks: int,
        n_features: int,
        sizes: Sequence[int],
        hidden: HiddenUnits,
    ) -> None:
        """Make the levels."""
        check_has_layers(self, sizes)
        n_levels = self._count_levels(sizes, hidden)
        bounds = [0, *range(len(sizes) - n_levels + 1, len(sizes) + 1)]
        widths = [n_features, *sizes]
        self.levels = nn.ModuleList(
            ExtractionLevel(
                n_members,
                n_tasks,
                self.n_own_experts,
                self.n_shared_experts,
                widths[first : last + 1],
                hidden,
                is_last=last == len(sizes),
            )
            for first, last in pairwise(bounds)
        )
        self.n_tasks, self.n_units, self.by_task = n_tasks, sizes[-1], True

    def _count_levels(self, sizes: Sequence[int], hidden: HiddenUnits) -> int:
        n_levels = len(sizes) if self.n_levels is None else self.n_levels
        if n_levels > len(sizes):
            raise ValueError(
                f"n_levels={n_levels} of {self!r} needs as many hidden layers, but "
                f"hidden_layer_sizes has {len(sizes)}. Give it more widths, or set "
                "n_levels=None."
            )
        if hidden.depth is not None and n_levels > 1:
            raise ValueError(
                f"depth={hidden.depth} lets members leave out layers, but {self!r} "
                f"mixes after each of {n_levels} levels. Set n_levels=1, or give all "
                "members one depth."
            )
        return n_levels

    def below_last(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Give what the experts of the last level read: each task's, and all tasks'.

        Parameters
        ----------
        features : tensor of shape (K, B, d)
            What the first level reads.

        Returns
        -------
        own : tensor of shape (K, T, B, h)
            Units of each task's experts; `features` where there is one level.
        shared : tensor of shape (K, B, h)
            Units of the experts of all tasks; `features` where there is one level.
        """
        own = shared = features
        for level in self.levels[:-1]:
            own, shared = level(own, shared)
        return own, shared

    def gate_weights(self, features: Tensor) -> Tensor:
        """Map features to shares of the last level's experts.

        Parameters
        ----------
        features : tensor of shape (K, B, d)
            What the first level reads.

        Returns
        -------
        tensor of shape (K, B, T, E)
            Those of the first task come first, and the shared ones last.
        """
        own, _ = self.below_last(features)
        last: Any = self.levels[-1]
        shares = last.shares(own).transpose(1, 2)  # (K, B, T, n_own + n_shared)
        n_members, n_rows, n_tasks, _ = shares.shape
        of_own = shares.new_zeros(n_members, n_rows, n_tasks, n_tasks, last.n_own)
        own_shares = shares[..., : last.n_own].transpose(2, 3)
        of_own.diagonal(dim1=2, dim2=3).copy_(own_shares)
        return torch.cat([of_own.flatten(3), shares[..., last.n_own :]], dim=-1)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        units: Tensor = self.levels[-1](*self.below_last(features))[0]
        return units

    def bind(self, binding: Binding) -> ExtractionPass:
        """Look up what the passes of the levels need."""
        return ExtractionPass(self, binding)

    def shared_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name those that every task reads: all below the last level's own experts."""
        last = len(self.levels) - 1
        for i, level in enumerate(self.levels):
            shared: Any = level if i < last else level.shared
            name = f"levels.{i}" if i < last else f"levels.{i}.shared"
            yield from shared.named_parameters(prefix=name)


class ExtractionPass(PassByTask):
    """Passes of the levels of `LayeredExtraction`, one after another."""

    def __init__(self, sharing: LayeredExtraction, binding: Binding) -> None:
        super().__init__(sharing, binding)
        self.needs_input = binding.needs_input
        self.levels: list[LevelPass] = []
        for level in sharing.levels:
            self.levels.append(LevelPass(level, binding))  # type: ignore[arg-type]
            binding = binding.above

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        own: Tensor = x
        shared: Tensor | None = x
        for level in self.levels:
            assert shared is not None
            own, shared = level.forward(own, shared)
        return own

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all levels; return that of the features."""
        own, shared = self.levels[-1].backward(upstream, None)
        for level in reversed(self.levels[:-1]):
            own, shared = level.backward(own, shared)
        return own + shared if self.needs_input else upstream
