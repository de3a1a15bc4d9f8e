"""The contract of a way of sharing: from features to the units that heads read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch
from sklearn.base import BaseEstimator
from torch import nn

from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Layer

Tensor = torch.Tensor


class Sharing(BaseEstimator, Layer):
    """What all tasks have in common: features in, shared units out.

    A way of sharing is a subclass. Its ``__init__`` calls ``super().__init__()`` and
    stores parameters, which scikit-learn can clone and search in
    (``sharing__n_experts``); `setup` makes the layers; `forward` maps features to
    units. `bind` may be defined for a gradient by a formula; without it, autograd finds
    the gradient of this part of the network.

    Attributes
    ----------
    n_units : int
        h, units that a head reads; set by `setup`.
    by_task : bool
        Whether `forward` gives each task units of its own, (K, T, B, h) with tasks in
        the order of y's columns, rather than (K, B, h) for all; False unless `setup`
        says so.
    alike_heads : bool
        Whether linear heads of all tasks start from the same weights, so that what
        tasks have in common is learned below them; False by default.

    See Also
    --------
    HardSharing : The default: one trunk for all tasks.
    HiddenUnits : Makes the hidden layers of a way of sharing.

    Examples
    --------
    Half of the units see half of the features each:

    >>> import torch
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.nn import Sharing
    >>> class TwoTowers(Sharing):
    ...     def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
    ...         self.n_units = sizes[-1]
    ...         self.parts = n_features // 2, n_features - n_features // 2
    ...         self.towers = torch.nn.ModuleList(
    ...             hidden.layer((n_members,), n, sizes[-1] // 2) for n in self.parts
    ...         )
    ...     def forward(self, features):
    ...         parts = features.split(self.parts, dim=-1)
    ...         units = [tower(x) for tower, x in zip(self.towers, parts)]
    ...         return torch.cat(units, dim=-1)
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(
    ...     sharing=TwoTowers(), hidden_layer_sizes=16, max_iter=20, random_state=0
    ... )
    >>> net.fit(X, y).score(X, y) > 0.5
    True
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    n_units: int
    by_task: bool = False
    alike_heads: bool = False

    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    # Without one of its own, scikit-learn would look for parameters in torch's.
    def __init__(self) -> None:
        super().__init__()

    @abstractmethod
    def setup(
        self,
        *,
        n_members: int,
        n_tasks: int,
        n_features: int,
        sizes: Sequence[int],
        hidden: HiddenUnits,
    ) -> None:
        """Make the layers.

        Parameters
        ----------
        n_members : int
            K.
        n_tasks : int
            T.
        n_features : int
            Numbers that the first layer reads.
        sizes : sequence of int
            ``hidden_layer_sizes``; may be empty.
        hidden : HiddenUnits
            Makes hidden layers of the activation and dropout that were asked for.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no setup.")

    def grow(
        self,
        *,
        n_members: int,
        n_tasks: int,
        n_features: int,
        sizes: Sequence[int],
        hidden: HiddenUnits,
    ) -> None:
        """Make what further tasks have of their own.

        Nothing where all tasks read the same units. What earlier tasks read must stay
        what it was.

        Parameters
        ----------
        n_members : int
            K.
        n_tasks : int
            How many further tasks there are.
        n_features : int
            Numbers that the first layer reads.
        sizes : sequence of int
            ``hidden_layer_sizes``; may be empty.
        hidden : HiddenUnits
            Makes hidden layers of the activation and dropout that were asked for.
        """
        if self.by_task:
            raise ValueError(
                f"sharing={self!r} gives each column units of its own, and makes none "
                "for further columns. Fit all columns anew with warm_start=False, or "
                "use another way of sharing, such as 'hard' or 'factors'."
            )

    def own_parts(self) -> Iterator[tuple[list[int], nn.Module]]:
        """Name the modules that are of some tasks alone, with these tasks.

        Returns
        -------
        iterator of (list of int, Module)
            None by default.
        """
        return iter(())

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Map features to units.

        Parameters
        ----------
        features : tensor of shape (K, B, n_features)
            What the first layer reads.

        Returns
        -------
        tensor of shape (K, B, h) or (K, T, B, h)
            The second where each task reads units of its own (``by_task``).
        """
        raise NotImplementedError(f"{type(self).__name__} defines no forward.")

    def shared_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name the parameters that all tasks share; all of them by default.

        Returns
        -------
        iterator of (str, torch.nn.Parameter)
            Names, as ``named_parameters`` gives them, and parameters.
        """
        return self.named_parameters()


def set_up(sharing: Sharing, *, n_tasks: Sequence[int], **settings: Any) -> None:
    """Set up a way of sharing for its first tasks, and grow it by further ones."""
    first, *further = n_tasks
    sharing.setup(n_tasks=first, **settings)
    for number in further:
        sharing.grow(n_tasks=number, **settings)
