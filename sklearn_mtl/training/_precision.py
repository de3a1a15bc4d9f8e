"""In which number format the products of a step are made."""

from __future__ import annotations

from typing import Any

import torch

LEAST_PRODUCTS = {"cpu": 3e8, "cuda": 4e9}
"""Multiply-adds of a step beyond which products gain more than rounding takes.

Measured by ``python -m benchmarks precision``, on matrix units of both.
"""


def format_of_products(
    precision: str, network: Any, batch_size: int, n_candidates: int = 1
) -> torch.dtype | None:
    """Choose the number format of the products of shared layers in a step.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "auto"}
        "auto" rounds where the device has units for it and a step is large enough.
    network : torch.nn.Module
    batch_size : int
    n_candidates : int
        Candidates that the network holds: whether one is rounded does not hang on the
        others.

    Returns
    -------
    torch.dtype or None
        None for that of the weights.
    """
    if precision == "bfloat16":
        return torch.bfloat16
    sharing = getattr(network, "sharing", None)
    weights = [] if sharing is None else list(sharing.parameters())
    if precision == "float32" or not weights or weights[0].dtype != torch.float32:
        return None
    device = weights[0].device.type
    products = batch_size * sum(weight.numel() for weight in weights) / n_candidates
    if products < LEAST_PRODUCTS.get(device, float("inf")) or not has_units(device):
        return None
    return torch.bfloat16


def has_units(device: str) -> bool:
    """Tell whether a kind of device multiplies matrices of bfloat16 by units for it."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16"))
