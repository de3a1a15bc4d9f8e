"""Modes of PyTorch that a caller may have entered, and that are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


@contextmanager
def usual_torch_modes() -> Iterator[None]:
    """Work as if the caller had entered no mode of PyTorch; they are this thread's own.

    Such modes are ``inference_mode``, ``no_grad``, ``autocast`` and ``torch.device`` as
    a context. Where none is entered, nothing is done: a mode slows operations down.
    """
    with ExitStack() as modes:
        if torch.is_inference_mode_enabled():
            modes.enter_context(torch.inference_mode(False))
        if not torch.is_grad_enabled():
            modes.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda", "mps", "xpu"):
            if torch.is_autocast_enabled(kind):
                modes.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            modes.enter_context(torch.device("cpu"))
        yield
