"""Which modules torch.compile is for."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.exceptions import warn
from sklearn_mtl.nn import MultiTaskNetwork
from sklearn_mtl.training._loss import TaskLoss


def gains_by_compiling(module: Any) -> bool:
    """Whether steps of a module run by autograd; warn where they are formulas."""
    if isinstance(module, TaskLoss):
        return False
    if isinstance(module, MultiTaskNetwork):
        warn(
            "net_params says compile=True, but steps of this network are formulas "
            "over buffers, in which there is nothing to compile. It is trained "
            "without."
        )
        return False
    return True
