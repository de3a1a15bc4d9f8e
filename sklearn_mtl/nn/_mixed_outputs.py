"""Raw outputs of a mixture of experts under linear heads, without mixed units.

A linear map of a mixture is the mixture of linear maps: where heads are linear, each
expert is mapped first, and the few raw outputs are mixed rather than the many units.
"""

from __future__ import annotations

import torch

from sklearn_mtl.nn._layer import Pass
from sklearn_mtl.nn._linear_heads import OwnLinearHeadsPass
from sklearn_mtl.nn._mixture import MixturePass
from sklearn_mtl.nn._workspace import Workspace

Tensor = torch.Tensor


def mixed_outputs(sharing: Pass, heads: Pass) -> MixedOutputsPass | None:
    """Bind a mixture and its heads as one; None where that would save nothing."""
    if not isinstance(sharing, MixturePass):
        return None
    if not isinstance(heads, OwnLinearHeadsPass):
        return None
    n_outputs = heads.weight.shape[-1]
    if sharing.n_experts * (n_outputs - sharing.n_tasks) > n_outputs:
        return None
    return MixedOutputsPass(sharing, heads)


class MixedOutputsPass(Pass):
    """Pass of a mixture and of the linear heads that read it.

    Parameters
    ----------
    mixture : MixturePass
    heads : OwnLinearHeadsPass
        Both can compare gradients after `forward`, as if they had gone forward.
    """

    def __init__(self, mixture: MixturePass, heads: OwnLinearHeadsPass) -> None:
        self.mixture, self.heads = mixture, heads
        heads.units.n_tasks = self.n_tasks = mixture.n_tasks
        self.owner, self.task_is_output = heads.units.tasks, heads.units.all_are_read
        self.trains, self.memory = heads.trains, Workspace(heads.trains)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, n_features) to raw outputs (K, B, C)."""
        of_experts, shares = self.mixture.parts(x)
        by_expert = torch.bmm(of_experts.flatten(1, 2), self.heads.weight)
        by_expert = by_expert.unflatten(1, of_experts.shape[1:3])  # (K, E, B, C)
        shares = shares.permute(0, 3, 1, 2)
        if not self.task_is_output:
            shares = shares.index_select(-1, self.owner)
        shares = shares.contiguous()
        if self.trains:
            self.of_experts, self.by_expert = of_experts, by_expert
            self.shares = shares
        return (by_expert * shares).sum(dim=1).add_(self.heads.bias)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of heads, experts and gates; return that of the features.

        Parameters
        ----------
        upstream : tensor of shape (K, B, C)
        """
        to_outputs = (self.shares * upstream.unsqueeze(1)).flatten(1, 2)
        self._set_gradients_of_heads(upstream, to_outputs)
        of_experts = self.of_experts
        to_experts = self.memory.empty("to experts", of_experts.shape, upstream)
        torch.bmm(
            to_outputs,
            self.heads.weight.transpose(1, 2),
            out=to_experts.view(len(upstream), -1, of_experts.shape[-1]),
        )
        of_shares = self.by_expert.mul_(upstream.unsqueeze(1))
        if not self.task_is_output:
            of_tasks = of_shares.new_zeros(*of_shares.shape[:3], self.n_tasks)
            of_shares = of_tasks.index_add_(-1, self.owner, of_shares)
        return self.mixture.below(to_experts, of_shares.permute(0, 2, 3, 1))

    def _set_gradients_of_heads(self, upstream: Tensor, to_outputs: Tensor) -> None:
        heads = self.heads
        if heads.weight_gradient is not None:
            units = self.of_experts.flatten(1, 2)  # (K, E * B, h)
            torch.bmm(units.transpose(1, 2), to_outputs, out=heads.weight_gradient)
        if heads.bias_gradient is not None:
            torch.sum(upstream, 1, keepdim=True, out=heads.bias_gradient)
