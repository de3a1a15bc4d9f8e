"""What a network checks of its arguments and of its way of sharing."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.nn._partial_layer import PartialHiddenLayer
from sklearn_mtl.nn._sharing import Sharing


def check_one_each(n_members: int, **values: Any) -> None:
    """Check that what may differ between members is one value, or one a member."""
    for name, value in values.items():
        if np.ndim(value) and len(value) != n_members:
            raise ValueError(
                f"{name} has {len(value)} entries, but n_members is {n_members}. Pass "
                "one entry a member."
            )


def check_sharing(sharing: Sharing, depth: tuple[int, ...] | None) -> None:
    """Check that `setup` has done what the network relies on."""
    name = type(sharing).__name__
    if not hasattr(sharing, "n_units"):
        raise TypeError(
            f"{name}.setup sets no n_units. Set it to the number "
            "of units that a head reads."
        )
    if depth is not None and not any(
        isinstance(part, PartialHiddenLayer) for part in sharing.modules()
    ):
        raise TypeError(
            f"{name}.setup makes no layers by hidden.layers, so that members cannot "
            f"differ in depth={depth}. Make them so, or give all members one depth."
        )
