"""Generators that go on, where they are stored, with what they would have drawn."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import torch


class StoredGenerator(torch.Generator):
    """A generator on the processor that is stored without tensors.

    A net that was fitted on an accelerator is loaded with all its tensors there, which
    the state of this generator must not be.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (bytes_of_state(self),)

    def stored_state(self) -> dict[str, Any]:
        """Give what a file of the package holds of it."""
        return {"drawn": bytes_of_state(self)}

    def restore_stored(self, state: dict[str, Any]) -> None:
        """Go on from what `stored_state` gave."""
        set_state(self, state["drawn"])


def _restored(stored: bytes) -> StoredGenerator:
    generator = StoredGenerator()
    set_state(generator, stored)
    return generator


def bytes_of_state(generator: torch.Generator) -> bytes:
    """Store the state of a generator without a tensor; half of it is zeros."""
    return zlib.compress(generator.get_state().numpy().tobytes())


def set_state(generator: torch.Generator, stored: bytes) -> None:
    """Let a generator go on from what `bytes_of_state` gave."""
    n_bytes = generator.get_state().numel()  # what is stored may claim to hold more
    found = zlib.decompressobj().decompress(stored, n_bytes)
    state = np.frombuffer(found, dtype=np.uint8)
    generator.set_state(torch.from_numpy(state.copy()))
