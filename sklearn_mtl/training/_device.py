"""Where a net trains."""

from __future__ import annotations

from typing import Any

import torch
from skorch.utils import get_map_location


def resolve_device(device: str) -> str:
    """Turn "auto" into the accelerator that is there, else the CPU."""
    if device != "auto":
        try:
            torch.empty(0, device=device)
        except (AssertionError, RuntimeError) as error:
            reason = str(error).partition("\n")[0].rstrip(".")  # CUDA says a page
            raise ValueError(
                f"device={device!r} is not there: {reason}. Pass 'cpu', or 'auto' for "
                "the accelerator if there is one."
            ) from error
        return device
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return "cpu" if accelerator is None else accelerator.type


def move_to_its_device(net: Any) -> None:
    """Move what a net is made of to its device, or warn where that is not there."""
    place = get_map_location(net.device)
    net.__dict__["device"] = net._check_device(net.device, place)
    for name in [*net._modules, *net._criteria]:
        getattr(net, f"{name}_").to(place)
    for name in net._optimizers:
        for known in getattr(net, f"{name}_").state.values():
            known |= {
                key: value.to(place)
                for key, value in known.items()
                if isinstance(value, torch.Tensor)
            }
