"""A trunk a task, drawn to each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, ClassVar

import torch
from sklearn.utils._param_validation import Interval
from torch import nn

from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding, gradient_of
from sklearn_mtl.nn._low_precision import bind_hidden
from sklearn_mtl.nn._sharing import Sharing
from sklearn_mtl.nn._trunks import PassByTask, Trunks, check_has_layers

Tensor = torch.Tensor


class SoftSharing(Sharing):
    r"""A trunk a task, held together by the distance of their weights [1]_.

    To the loss of a member is added

    .. math::

        \frac{\lambda}{2 T} \sum_t \lVert W_t - \bar{W} \rVert^2,

    where :math:`W_t` are weights and bias of the trunk of task :math:`t` and
    :math:`\bar{W}` is their mean over tasks. At 0 nothing is shared; the larger
    :math:`\lambda`, the nearer to one trunk for all. The source does so with pairs of
    networks.

    Parameters
    ----------
    strength : float, default=0.01
        :math:`\lambda`.

    See Also
    --------
    NoSharing : A trunk a task.
    CrossStitch : Trunks that read each other after each layer.

    References
    ----------
    .. [1] L. Duong, T. Cohn, S. Bird, P. Cook, "Low Resource Dependency Parsing:
       Cross-lingual Parameter Sharing in a Neural Network Parser", ACL 2015.

    Examples
    --------
    The trunks of tasks are as far apart as the strength lets them:

    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.nn import SoftSharing
    >>> X, y = make_multitask(100, n_features=4, n_tasks=3, random_state=0)
    >>> apart = []
    >>> for strength in 0.0, 10.0:
    ...     net = MultiTaskNetRegressor(
    ...         sharing=SoftSharing(strength),
    ...         hidden_layer_sizes=(8,),
    ...         learning_rate_init=0.01,
    ...         early_stopping=False,
    ...         max_iter=20,
    ...         random_state=0,
    ...     ).fit(X, y)
    ...     weight = net.net_.module_.sharing.trunks.layers[0].weight.detach()
    ...     apart.append(float(weight.std(dim=1).mean()))
    >>> apart[1] < apart[0] / 2
    True
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    compares_weights: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "strength": [Interval(Real, 0, None, closed="left")]
    }

    def __init__(self, strength: float = 0.01) -> None:
        super().__init__()
        self.strength = strength

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
        check_has_layers(self, sizes)
        self.trunks = Trunks(n_members, n_tasks, [n_features, *sizes], hidden)
        self.n_units, self.by_task = sizes[-1], True

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        units: Tensor = self.trunks(features)
        if not self.training:
            return units
        attracted: Tensor = _Attracted.apply(
            units, float(self.strength), *self.trunks.parameters()
        )
        return attracted

    def bind(self, binding: Binding) -> SoftSharingPass:
        """Look up what the pass of the trunks needs."""
        return SoftSharingPass(self, binding)

    def shared_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name no parameter: what is shared is where they are drawn to."""
        return iter(())


class SoftSharingPass(PassByTask):
    """Pass of `SoftSharing`: that of its trunks, and what draws them together."""

    def __init__(self, sharing: SoftSharing, binding: Binding) -> None:
        super().__init__(sharing, binding)
        self.trunks = bind_hidden(sharing.trunks, binding)
        trained = [p for p in sharing.parameters() if p.requires_grad]
        self.weights = [(p.detach(), gradient_of(p)) for p in trained]
        self.strength = float(sharing.strength) if sharing.training else 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, n_features) to units (K, T, B, h)."""
        return self.trunks.forward(x)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all trunks; return that of the features."""
        below = self.trunks.backward(upstream)
        for weight, gradient in self.weights:
            if gradient is not None:
                gradient.add_(attraction(weight, self.strength))
        return below


class _Attracted(torch.autograd.Function):
    """Let units pass, and add to the gradients of weights what draws them together."""

    @staticmethod
    def forward(ctx: Any, units: Tensor, strength: float, *weights: Tensor) -> Tensor:
        ctx.strength = strength
        ctx.save_for_backward(*weights)
        return units.view_as(units)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        drawn = [attraction(weight, ctx.strength) for weight in ctx.saved_tensors]
        return upstream, None, *drawn


def attraction(weight: Tensor, strength: float) -> Tensor:
    """Gradient of the distance of weights (K, T, ...) from their mean over tasks."""
    apart = weight - weight.mean(dim=1, keepdim=True)
    return apart.mul_(strength / weight.shape[1])
