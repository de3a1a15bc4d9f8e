"""From features to raw outputs and back, through the passes of a network's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from sklearn_mtl.nn._heads import HeadsPass
from sklearn_mtl.nn._layer import Binding, Pass, shared_by_tasks
from sklearn_mtl.nn._low_precision import bind_hidden
from sklearn_mtl.nn._mixed_outputs import mixed_outputs

if TYPE_CHECKING:
    from sklearn_mtl.nn._network import MultiTaskNetwork

Tensor = torch.Tensor


class Joint(NamedTuple):
    """What a network with a decoder says of a batch.

    Attributes
    ----------
    raw : tensor of shape (K, n_rows, C)
        Raw outputs of the rows that have labels, which are the first.
    units : tensor of shape (K, n_rows, h)
        Units that heads read of these.
    cost : tensor of shape (K, B)
        What decoding costs for all rows.
    """

    raw: Tensor
    units: Tensor
    cost: Tensor


class Stages:
    """From features to raw outputs, in the order of the network's parts.

    The parts are layers in the network and their passes in its pass.
    """

    inputs: Any
    sharing: Any
    latent: Any
    heads: Any
    n_shared: int

    def forward(self, features: Tensor) -> Tensor:
        """Map features to raw outputs.

        Parameters
        ----------
        features : tensor of shape (B, d) or (K, B, d)
            The same rows for all members, or rows of each.

        Returns
        -------
        tensor of shape (K, B, C)
            Raw outputs, in the order of the heads.
        """
        raw: Tensor = self.heads(self.shared(features))
        return raw

    def shared(self, features: Tensor) -> Tensor:
        """Map features to the units that heads read.

        Parameters
        ----------
        features : tensor of shape (B, d) or (K, B, d)
            The same rows for all members, or rows of each.

        Returns
        -------
        tensor of shape (K, B, h) or (K, T, B, h)
            The second where each task reads units of its own.
        """
        units: Tensor = self.sharing(self.inputs(features))
        if self.latent is not None:
            units = self.latent(units)
        return units[..., : self.n_shared] if units.shape[-1] > self.n_shared else units


class NetworkPass(Stages, Pass):
    """Pass of a `MultiTaskNetwork`: those of its parts, one after another.

    Parameters
    ----------
    network : MultiTaskNetwork
        In training mode where units shall be dropped. Its decoder is no part of it.
    binding : Binding
    """

    heads: HeadsPass

    def __init__(self, network: MultiTaskNetwork, binding: Binding) -> None:
        self.n_shared, self.by_task = network.n_shared, network.sharing.by_task
        bottom = binding.at_the_bottom
        self.inputs = network.inputs.bind(bottom)
        self.sharing: Pass = bind_hidden(network.sharing, bottom)
        self.latent = None if network.latent is None else network.latent.bind(binding)
        # Where nothing below is trained, the gradient of the units is of no use.
        self.is_shared = any(p.requires_grad for p in network.sharing.parameters())
        self.shares_weights = bool(shared_by_tasks(network))
        self.heads = network.heads.bind(binding.above if self.is_shared else bottom)
        self.tasks = network.heads.owner
        self.both = mixed_outputs(self.sharing, self.heads) if self.is_shared else None

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, d), or (K, B, d), to raw outputs (K, B, C)."""
        if self.both is not None:
            return self.both.forward(self.inputs(features))
        return super().forward(features)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients that follow from that of the raw outputs, (K, B, C)."""
        if self.both is not None:
            return self.both.backward(upstream)
        units = self.heads.backward(upstream)
        return self.sharing.backward(units) if self.is_shared else units

    def gramian(self, upstream: Tensor, wrt: str) -> Tensor:
        """Compare the gradients of the tasks' losses.

        Parameters
        ----------
        upstream : tensor of shape (K, B, C)
            Gradient of the sum of the losses of all tasks; may be overwritten.
        wrt : {"units", "weights"}
            Whether gradients are those of the units that heads read, or of the
            parameters that tasks share. Where they share none, all products are 0.

        Returns
        -------
        tensor of shape (K, T, T)
            Inner products; tasks in the order of their outputs.
        """
        n_tasks = len(self.tasks)
        if not (self.shares_weights if wrt == "weights" else self.is_shared):
            return upstream.new_zeros(len(upstream), n_tasks, n_tasks)
        if wrt == "units":
            return self.heads.gramian(upstream)
        units = self.heads.backward_by_task(upstream)
        if not self.by_task:
            return self.sharing.products(units)[0]
        products, _ = self.sharing.products(units.index_copy(1, self.tasks, units))
        return products.index_select(1, self.tasks).index_select(2, self.tasks)

    def unit_gradients(self, upstream: Tensor) -> Tensor:
        """Gradients of the units that the tasks' losses have, as sums over rows.

        Parameters
        ----------
        upstream : tensor of shape (K, B, C)
            Gradient of the sum of the losses of all tasks; may be overwritten.

        Returns
        -------
        tensor of shape (K, T, n_units)
            Tasks in the order of their outputs.
        """
        if not self.is_shared:
            return upstream.new_zeros(len(upstream), len(self.tasks), self.n_shared)
        return self.heads.sums_over_rows(upstream)
