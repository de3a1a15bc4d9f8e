"""One trunk, of which every task reads the same few linear factors."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval

from sklearn_mtl.nn._hard_sharing import HardSharing
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding, Chain, Pass
from sklearn_mtl.nn._layers import StackedLinear

Tensor = torch.Tensor

FACTOR_GAIN = 1.0


class SharedFactors(HardSharing):
    """One trunk whose units reach the heads through a few linear factors.

    For many columns of few labels each, which differ by a few numbers: where each label
    is one of 139 schools, a head learns three weights and a bias of its school from
    some sixty pupils, rather than as many as there are units. The weights of all heads
    are a matrix of rank `n_factors`, as in Ando and Zhang [1]_. A column that has
    nothing in common with the others loses by that more than by any other way of
    sharing.

    Parameters
    ----------
    n_factors : int, default=3
        Numbers that each head reads.

    See Also
    --------
    HardSharing : The default: one trunk for all tasks.

    References
    ----------
    .. [1] R. K. Ando, T. Zhang, "A Framework for Learning Predictive Structures from
       Multiple Tasks and Unlabeled Data", Journal of Machine Learning Research 6, 2005.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.nn import SharedFactors
    >>> X, y = make_multitask(100, n_features=4, n_tasks=5, random_state=0)
    >>> net = MultiTaskNetRegressor(
    ...     sharing=SharedFactors(2),
    ...     hidden_layer_sizes=(8,),
    ...     n_members=2,
    ...     max_iter=5,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> net.transform(X).shape  # 2 members, 2 factors
    (100, 4)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_factors": [Interval(Integral, 1, None, closed="left")]
    }

    alike_heads = True

    def __init__(self, n_factors: int = 3) -> None:
        super().__init__()
        self.n_factors = n_factors

    def setup(
        self,
        *,
        n_members: int,
        n_tasks: int,
        n_features: int,
        sizes: Sequence[int],
        hidden: HiddenUnits,
    ) -> None:
        """Make one layer for each of `sizes`, and the linear map to the factors."""
        super().setup(
            n_members=n_members,
            n_tasks=n_tasks,
            n_features=n_features,
            sizes=sizes,
            hidden=hidden,
        )
        self.factors = StackedLinear(
            (n_members,),
            self.n_units,
            self.n_factors,
            gain=FACTOR_GAIN,
            draws=hidden.draws,
        )
        self.n_units = self.n_factors

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, n_features) to factors (K, B, n_factors)."""
        factors: Tensor = self.factors(super().forward(features))
        return factors

    def bind(self, binding: Binding) -> Chain:
        """Chain the passes of the layers and of the linear map."""
        passes: list[Pass] = []
        for layer in (*self.layers, self.factors):
            passes.append(layer.bind(binding))
            binding = binding.above
        return Chain(passes)
