"""Links that steps thin."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.nn import Links, MultiTaskNetwork
from sklearn_mtl.training._part import Part


def trained_links(part: Part, head_sparsity: float) -> list[tuple[Links, Any]]:
    """List the links that are trained, and the parameter group that each belongs to."""
    if not head_sparsity:
        return []
    if not isinstance(part.module, MultiTaskNetwork):
        raise ValueError(
            f"head_sparsity={head_sparsity!r} thins the heads of "
            f"sklearn_mtl.nn.MultiTaskNetwork, but the module is "
            f"{type(part.module).__name__}. Set head_sparsity=0."
        )
    padding = part.criterion.layout.padding.cpu().numpy()
    return [
        (links, group)
        for links in part.module.links(padding)
        for group in part.optimizer.param_groups
        if links.weight.requires_grad
        and any(links.weight is parameter for parameter in group["params"])
    ]
