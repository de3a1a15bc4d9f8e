"""Links that steps thin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sklearn_mtl.nn import Links, MultiTaskNetwork
from sklearn_mtl.training._part import Part


class TrainedLinks(NamedTuple):
    """Links that steps thin, each in units of the rate at which it is trained.

    Attributes
    ----------
    links : Links
    group : dict
        Parameter group of the weights.
    ratio : float, or tensor of shape (k, 1, 1)
        Rate of each member over that of the group.
    """

    links: Links
    group: dict[str, Any]
    ratio: Any

    def shrink(self, head_sparsity: float) -> None:
        """Thin the links as one step does."""
        self.links.shrink(head_sparsity * self.group["lr"] * self.ratio)


def trained_links(part: Part, head_sparsity: float) -> list[TrainedLinks]:
    """List the links that are trained."""
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
        TrainedLinks(links, group, _ratio(links, group.get("lr_ratio")))
        for links in part.module.links(padding)
        for group in part.optimizer.param_groups
        if links.weight.requires_grad
        and any(links.weight is parameter for parameter in group["params"])
    ]


def _ratio(links: Links, ratio: Sequence[float] | None) -> Any:
    return 1.0 if ratio is None else links.weight.new_tensor(ratio).view(-1, 1, 1)
