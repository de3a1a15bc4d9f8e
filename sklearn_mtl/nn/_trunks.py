"""Several trunks of one shape side by side: one a task, or one an expert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layer import Binding, Layer, Pass, shared_by_tasks
from sklearn_mtl.nn._sharing import Sharing

Tensor = torch.Tensor


class Trunks(Layer):
    """Trunks of one shape, side by side.

    Parameters
    ----------
    n_members : int
        K.
    n_trunks : int
        S, trunks of each member.
    widths : sequence of int
        Features, and units of each layer.
    hidden : HiddenUnits
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        n_members: int,
        n_trunks: int,
        widths: Sequence[int],
        hidden: HiddenUnits,
    ) -> None:
        super().__init__()
        self.n_trunks = n_trunks
        self.layers = hidden.drop(hidden.layers((n_members, n_trunks), widths))

    def forward(self, features: Tensor) -> Tensor:
        """Map features to units (K, S, B, h).

        Parameters
        ----------
        features : tensor of shape (K, B, d), or (K, g, B, d)
            The latter lets S / g trunks after each other read the same features.
        """
        units = for_each(features, self.n_trunks)
        for layer in self.layers:
            units = layer(units)
        return units

    def bind(self, binding: Binding) -> TrunksPass:
        """Look up what the passes of the layers need."""
        return TrunksPass(self, binding)


class TrunksPass(Pass):
    """Passes of the layers of `Trunks`, one after another."""

    def __init__(self, trunks: Trunks, binding: Binding) -> None:
        self.n_trunks, self.needs_input = trunks.n_trunks, binding.needs_input
        is_trained = any(p.requires_grad for p in trunks.parameters())
        self.goes_back = is_trained or binding.needs_input
        self.layers: list[Any] = []
        for layer in trunks.layers:
            self.layers.append(layer.bind(binding))  # type: ignore[operator]
            binding = binding.above

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, d), or (K, g, B, d), to units (K, S, B, h)."""
        self.groups = x.shape[1:-2]
        units = for_each(x, self.n_trunks)
        flat = units.reshape(-1, *units.shape[2:])
        for layer in self.layers:
            flat = layer.forward(flat)
        return flat.unflatten(0, (-1, self.n_trunks))

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of all layers; return that of the features."""
        if not self.goes_back:
            return upstream
        flat = upstream.reshape(-1, *upstream.shape[2:])
        for layer in reversed(self.layers):
            flat = layer.backward(flat)
        if not self.needs_input:
            return upstream
        n_groups = self.groups[0] if self.groups else 1
        below = flat.unflatten(0, (-1, n_groups, self.n_trunks // n_groups)).sum(dim=2)
        return below if self.groups else below.squeeze(1)


def for_each(features: Tensor, n_trunks: int) -> Tensor:
    """Give every trunk what it reads of features (K, B, d) or (K, g, B, d).

    Where all read the same, nothing is copied.
    """
    if features.ndim == 3:
        return features.unsqueeze(1).expand(-1, n_trunks, -1, -1)
    n_each = n_trunks // features.shape[1]
    return features if n_each == 1 else features.repeat_interleave(n_each, dim=1)


class PassByTask(Pass):
    """A pass whose gradients of single tasks are found by going back once a task.

    Parameters
    ----------
    sharing : Sharing
        Gives each task units of its own. Going back changes nothing that another way
        back reads.
    binding : Binding
    """

    def __init__(self, sharing: Sharing, binding: Binding) -> None:
        self.shared = shared_by_tasks(sharing) if binding.trains else []

    def products(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        n_members, n_tasks = upstream.shape[:2]
        found, below = [], []
        for t in range(n_tasks):
            of_task = torch.zeros_like(upstream)
            of_task[:, t] = upstream[:, t]
            below.append(self.backward(of_task))
            found.append([_of_members(p, n_members) for p in self.shared])
        products = upstream.new_zeros(n_members, n_tasks, n_tasks)
        for of_parameter in zip(*found, strict=True):
            flat = torch.stack(of_parameter, dim=1)
            products.baddbmm_(flat, flat.transpose(1, 2))
        return products, torch.stack(below, dim=1)


def _of_members(parameter: Tensor, n_members: int) -> Tensor:
    """Copy a gradient, 0 for members that do not use the layer."""
    assert parameter.grad is not None
    flat = parameter.grad.flatten(1)
    found = flat.new_zeros(n_members, flat.shape[1])
    found[: len(flat)] = flat
    return found


def check_has_layers(sharing: Sharing, sizes: Sequence[int]) -> None:
    """Refuse a way of sharing that would have nothing to share."""
    if not sizes:
        raise ValueError(
            f"sharing={sharing!r} mixes what hidden layers make of X, but "
            "hidden_layer_sizes is empty. Give it at least one width, or leave sharing "
            "at 'hard'."
        )
