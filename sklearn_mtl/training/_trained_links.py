"""Links that steps thin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sklearn_mtl.nn import Links, MultiTaskNetwork
from sklearn_mtl.training._part import Part


class TrainedLinks(NamedTuple):
    """Links that steps thin, each in units of the rate at which it is trained.

    Attributes
    ----------
    links : Links
    group : dict
        Parameter group of the weights.
    strength : float, or tensor of shape (k, 1, 1)
        How much a step thins the links of each member, in units of the group's rate.
    """

    links: Links
    group: dict[str, Any]
    strength: Any

    def shrink(self) -> None:
        """Thin the links as one step does."""
        self.links.shrink(self.group["lr"] * self.strength)


def trained_links(
    part: Part, head_sparsity: float | Sequence[float]
) -> list[TrainedLinks]:
    """List the links that are trained.

    Parameters
    ----------
    part : Part
    head_sparsity : float or sequence of float
        Of all members, or of each member of the whole net.
    """
    if not np.any(head_sparsity):
        return []
    if not isinstance(part.module, MultiTaskNetwork):
        raise ValueError(
            f"head_sparsity={head_sparsity!r} thins the heads of "
            f"sklearn_mtl.nn.MultiTaskNetwork, but the module is "
            f"{type(part.module).__name__}. Set head_sparsity=0."
        )
    padding = part.criterion.layout.padding.cpu().numpy()
    own: Any = head_sparsity
    if np.ndim(own) and part.members is not None:
        own = [own[k] for k in part.members]
    return [
        TrainedLinks(links, group, _strength(links, own, group.get("lr_ratio")))
        for links in part.module.links(padding)
        for group in part.optimizer.param_groups
        if links.weight.requires_grad
        and any(links.weight is parameter for parameter in group["params"])
    ]


def _strength(links: Links, sparsity: Any, ratio: Sequence[float] | None) -> Any:
    if ratio is None and not np.ndim(sparsity):
        return float(sparsity)
    each = np.asarray(sparsity) * (1.0 if ratio is None else np.asarray(ratio))
    return links.weight.new_tensor(each).view(-1, 1, 1)
