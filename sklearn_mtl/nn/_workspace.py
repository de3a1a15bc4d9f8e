"""Memory that a pass writes large values to, step after step."""

from __future__ import annotations

import math

import torch

Tensor = torch.Tensor


class Workspace:
    """Memory by name, made at the first use and again only where it is too small.

    The system maps fresh memory page by page, which takes several times as long as a
    product of few terms that is written there. What was given under a name is
    overwritten when the name is asked for again: for values that end with the step.

    Parameters
    ----------
    keeps : bool
        False gives fresh memory each time, as prediction needs, whose values go on and
        which several threads may do with one pass.
    """

    def __init__(self, keeps: bool) -> None:
        self.keeps = keeps
        self._held: dict[str, Tensor] = {}

    def empty(self, name: str, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Give memory of a shape, in the number format and on the device of `like`."""
        if not self.keeps:
            return like.new_empty(shape)
        size, held = math.prod(shape), self._held.get(name)
        if held is None or len(held) < size or held.dtype != like.dtype:
            held = self._held[name] = like.new_empty(size)
        return held[:size].view(shape)

    def contiguous(self, name: str, values: Tensor) -> Tensor:
        """Copy values, unless they stand in their own order already."""
        if values.is_contiguous():
            return values
        return self.empty(name, tuple(values.shape), values).copy_(values)
