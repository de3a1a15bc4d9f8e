"""One trunk that all tasks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch

from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding, Chain, Pass
from sklearn_mtl.nn._sharing import Sharing

Tensor = torch.Tensor


class HardSharing(Sharing):
    """One trunk under all heads (Caruana 1997) [1]_.

    See Also
    --------
    SharedFactors : One trunk, whose heads read a few factors.
    MixtureOfExperts : Lets a gate a task mix experts that all share.

    References
    ----------
    .. [1] R. Caruana, "Multitask Learning", Machine Learning 28, 1997.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.nn import HardSharing
    >>> MultiTaskNetRegressor(sharing=HardSharing())  # as sharing="hard"
    MultiTaskNetRegressor(sharing=HardSharing())
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
        """Make one layer for each of `sizes`."""
        widths = [n_features, *sizes]
        self.layers = hidden.drop(hidden.layers((n_members,), widths))
        self.n_units = widths[-1]

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, B, h)."""
        for layer in self.layers:
            features = layer(features)
        return features

    def bind(self, binding: Binding) -> Chain:
        """Chain the passes of the layers."""
        passes: list[Pass] = []
        for layer in self.layers:
            passes.append(layer.bind(binding))  # type: ignore[operator]
            binding = binding.above
        return Chain(passes)
