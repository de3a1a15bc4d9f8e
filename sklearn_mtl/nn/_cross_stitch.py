"""A trunk a task, mixed with the others after every layer."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding, Layer, Pass, gradient_of
from sklearn_mtl.nn._low_precision import bind_hidden
from sklearn_mtl.nn._sharing import Sharing
from sklearn_mtl.nn._trunks import PassByTask, check_has_layers, for_each

Tensor = torch.Tensor


class CrossStitch(Sharing):
    r"""A trunk a task; after each layer every task reads a mixture of all [1]_.

    What task :math:`t` hands on to its next layer is
    :math:`\sum_s \alpha_{ts} x_s`, where :math:`x_s` are the units of the layer of task
    :math:`s`. The weights :math:`\alpha` of each layer are learned, one number for each
    pair of tasks; the source has one for each channel, too.

    Parameters
    ----------
    own_share : float, default=0.9
        :math:`\alpha_{tt}` at the start; the other tasks share the rest evenly.

    See Also
    --------
    SoftSharing : Holds the weights of trunks together.
    LayeredExtraction : Gives each task experts of its own, too.

    References
    ----------
    .. [1] I. Misra, A. Shrivastava, A. Gupta, M. Hebert, "Cross-Stitch Networks for
       Multi-task Learning", CVPR 2016.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> X, y = make_multitask(100, n_features=4, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetRegressor(
    ...     sharing="cross_stitch", hidden_layer_sizes=(8, 8), n_members=2, max_iter=5
    ... ).fit(X, y)
    >>> net.net_.module_.sharing.stitches[1].weight.shape  # members, tasks, tasks
    torch.Size([2, 3, 3])
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "own_share": [Interval(Real, 0, 1, closed="both")]
    }

    def __init__(self, own_share: float = 0.9) -> None:
        super().__init__()
        self.own_share = own_share

    def setup(
        self,
        *,
        n_members: int,
        n_tasks: int,
        n_features: int,
        sizes: Sequence[int],
        hidden: HiddenUnits,
    ) -> None:
        """Make a layer and a stitch for each of `sizes`."""
        check_has_layers(self, sizes)
        widths = [n_features, *sizes]
        self.layers = hidden.drop(hidden.layers((n_members, n_tasks), widths))
        self.stitches = nn.ModuleList(
            Stitch(len(layer.weight), n_tasks, self.own_share)  # type: ignore[arg-type]
            for layer in self.layers
        )
        self.n_tasks, self.n_units, self.by_task = n_tasks, sizes[-1], True

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        units = for_each(features, self.n_tasks)
        for layer, stitch in zip(self.layers, self.stitches, strict=True):
            units = stitch(layer(units))
        return units

    def bind(self, binding: Binding) -> CrossStitchPass:
        """Look up what the passes of layers and stitches need."""
        return CrossStitchPass(self, binding)


class Stitch(Layer):
    """Mixtures of the units of all tasks, one a task.

    Parameters
    ----------
    n_members : int
        Members that mix; the units of those after them pass.
    n_tasks : int
    own_share : float

    Attributes
    ----------
    weight : parameter of shape (n_members, T, T)
        Row t says what task t reads.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(self, n_members: int, n_tasks: int, own_share: float) -> None:
        super().__init__()
        weight = torch.eye(n_tasks)
        if n_tasks > 1:
            others = (1.0 - own_share) / (n_tasks - 1)
            weight = others + (own_share - others) * weight
        self.weight = nn.Parameter(weight.repeat(n_members, 1, 1))

    def forward(self, units: Tensor) -> Tensor:
        """Map units (K, T, B, h) to units of the same shape."""
        n_mixing = len(self.weight)
        mixed = torch.bmm(self.weight, units[:n_mixing].flatten(2))
        mixed = mixed.view_as(units[:n_mixing])
        return mixed if n_mixing == len(units) else torch.cat([mixed, units[n_mixing:]])

    def bind(self, binding: Binding) -> StitchPass:
        """Look up what the pass needs."""
        return StitchPass(self, binding)


class StitchPass(Pass):
    """Pass of a `Stitch`."""

    def __init__(self, stitch: Stitch, binding: Binding) -> None:
        self.weight = binding.put(stitch.weight)
        self.n_mixing, self.trains = len(self.weight), binding.trains
        self.gradient = gradient_of(stitch.weight) if binding.trains else None

    def forward(self, x: Tensor) -> Tensor:
        """Map units (K, T, B, h) to units of the same shape."""
        of_mixing = x[: self.n_mixing].flatten(2)
        if self.trains:
            self.x = of_mixing
        mixed = torch.bmm(self.weight, of_mixing).view_as(x[: self.n_mixing])
        return mixed if self.n_mixing == len(x) else torch.cat([mixed, x[len(mixed) :]])

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradient of the mixtures; return that of the units."""
        of_mixing = upstream[: self.n_mixing]
        flat = of_mixing.flatten(2)
        if self.gradient is not None:
            torch.bmm(flat, self.x.transpose(1, 2), out=self.gradient)
        below = torch.bmm(self.weight.transpose(1, 2), flat).view_as(of_mixing)
        if self.n_mixing == len(upstream):
            return below
        return torch.cat([below, upstream[self.n_mixing :]])


class CrossStitchPass(PassByTask):
    """Passes of the layers of `CrossStitch`, each with its stitch."""

    def __init__(self, sharing: CrossStitch, binding: Binding) -> None:
        super().__init__(sharing, binding)
        self.n_tasks, self.needs_input = sharing.n_tasks, binding.needs_input
        self.passes: list[tuple[Pass, Pass]] = []
        for layer, stitch in zip(sharing.layers, sharing.stitches, strict=True):
            bound = bind_hidden(layer, binding), stitch.bind(binding.above)  # type: ignore[arg-type, operator]
            self.passes.append(bound)
            binding = binding.above

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        units = for_each(x, self.n_tasks)
        for layer, stitch in self.passes:
            mapped = layer.forward(units.reshape(-1, *units.shape[2:]))
            units = stitch.forward(mapped.unflatten(0, (-1, self.n_tasks)))
        return units

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all layers; return that of the features."""
        for layer, stitch in reversed(self.passes):
            mixed = stitch.backward(upstream)
            below = layer.backward(mixed.flatten(0, 1))
            upstream = below.unflatten(0, (-1, self.n_tasks))
        return upstream.sum(dim=1) if self.needs_input else upstream
