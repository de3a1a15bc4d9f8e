"""Where a net trains."""

from __future__ import annotations

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
