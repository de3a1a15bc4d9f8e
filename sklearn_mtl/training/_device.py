"""Where a net trains."""

from __future__ import annotations

from typing import Any

import torch


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


def move(net: Any, device: Any) -> None:
    """Move what a net is made of to a device, its optimizers' moments too."""
    for name in [*net._modules, *net._criteria]:
        getattr(net, f"{name}_").to(device)
    for name in net._optimizers:
        for known in getattr(net, f"{name}_").state.values():
            known.update(
                {
                    key: value.to(device)
                    for key, value in known.items()
                    if isinstance(value, torch.Tensor)
                }
            )
