"""Modules that draw, each from a generator of its own."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._stored_generator import bytes_of_state, set_state


class Drawing(nn.Module):
    """A module that draws from a generator of its own, on the device of its input.

    Parameters
    ----------
    generator : torch.Generator
        Draws the seed.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.seed = int(torch.randint(2**31 - 1, (), generator=generator))
        self._generator: torch.Generator | None = None
        self._drawn: tuple[str, bytes] | None = None

    def generator_on(self, device: torch.device) -> torch.Generator:
        """Give the generator, made for the device of the first call.

        A copy goes on with the draws of its original, on a device of the same type.
        """
        if self._generator is None:
            self._generator = torch.Generator(device).manual_seed(self.seed)
            if self._drawn is not None and self._drawn[0] == device.type:
                set_state(self._generator, self._drawn[1])
        return self._generator

    def __getstate__(self) -> dict[str, Any]:
        """Keep what the generator has drawn, not itself, which belongs to a device."""
        drawn = self._drawn
        if self._generator is not None:
            drawn = self._generator.device.type, bytes_of_state(self._generator)
        return {**super().__getstate__(), "_generator": None, "_drawn": drawn}


def draw_seeds(n_members: int, generator: torch.Generator) -> list[int]:
    """Draw the seed of each member."""
    seeds: list[int] = torch.randint(2**32, (n_members,), generator=generator).tolist()
    return seeds


class MemberDraws:
    """Normal numbers for each member, from a generator of its own.

    What a member draws does not depend on the members that stand beside it.

    Parameters
    ----------
    seeds : sequence of int
        One a member.
    generator : torch.Generator
        Draws what all members draw together.

    See Also
    --------
    HiddenUnits : Makes the hidden layers of a way of sharing.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.nn import MemberDraws
    >>> together = torch.Generator().manual_seed(0)
    >>> stack = MemberDraws([7, 8], together).normal_(torch.empty(2, 3))
    >>> alone = MemberDraws([8], together).normal_(torch.empty(1, 3))
    >>> bool((stack[1] == alone[0]).all())
    True
    """

    def __init__(self, seeds: Sequence[int], generator: torch.Generator) -> None:
        self.generator = generator
        self._of_members = [torch.Generator().manual_seed(int(seed)) for seed in seeds]

    def normal_(self, values: torch.Tensor, std: float = 1.0) -> torch.Tensor:
        """Fill a tensor with normal numbers of mean 0.

        Parameters
        ----------
        values : tensor of shape (k, ...)
            Slice j is drawn by member j; k is the number of members, or smaller where
            only the first ones draw.
        std : float, default=1.0
            Standard deviation.

        Returns
        -------
        tensor
            `values`.
        """
        if len(values) > len(self._of_members):
            raise ValueError(
                f"values has shape {tuple(values.shape)}, but {len(self._of_members)} "
                "members draw. Let its first axis be that of members."
            )
        for of_member, generator in zip(
            values.detach(), self._of_members, strict=False
        ):
            of_member.normal_(0.0, std, generator=generator)
        return values


class Dropout(Drawing):
    """Dropout (Srivastava et al. 2014) that draws from a generator of its own.

    ``torch.nn.Dropout`` draws from the global generator, which threads share: two
    fits side by side would disturb each other's results.

    Parameters
    ----------
    p : float, or one float a member
        Share of elements that are zeroed while training.
    generator : torch.Generator
        Draws the seed; the elements are drawn on the device of the input.

    Attributes
    ----------
    p : float, or tuple of float
        One float where all members have the same.
    """

    of_members: ClassVar[tuple[str, ...]] = ("p", "threshold", "kept_share")

    threshold: torch.Tensor
    kept_share: torch.Tensor

    def __init__(self, p: float | Sequence[float], generator: torch.Generator) -> None:
        super().__init__(generator)
        of_members = tuple(np.atleast_1d(p).tolist())
        if not of_members or not all(is_share(share) for share in of_members):
            raise ValueError(
                f"dropout p={p!r}: pass a share of at least 0 and below 1, or one for "
                "each member."
            )
        self.p = of_members if len(set(of_members)) > 1 else float(of_members[0])
        if isinstance(self.p, tuple):
            threshold = [[min(_threshold(p), 2**15 - 1)] for p in of_members]
            kept_share = 1.0 - torch.tensor(of_members, dtype=torch.float64)
            for name, values in {
                "threshold": torch.tensor(threshold, dtype=torch.int16),
                "kept_share": kept_share.unsqueeze(1),
            }.items():
                self.register_buffer(name, values, persistent=False)

    @property
    def drops(self) -> bool:
        """Whether elements are zeroed: in training mode, unless `p` is 0."""
        largest = max(self.p) if isinstance(self.p, tuple) else self.p
        return self.training and largest > 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zero a share `p` of the elements while training and scale up the others."""
        return x * self.mask(x) if self.drops else x

    def mask(self, like: torch.Tensor, n_members: int | None = None) -> torch.Tensor:
        """Draw the factors of the elements: 0, or 1 / (1 - p).

        Parameters
        ----------
        like : tensor of shape (k, ...), or (k * m, ...)
            Elements of the first k members, m rows of the first axis for each.
        n_members : int, default=None
            k; None for the length of `like`, or all members if it is longer.
        """
        generator = self.generator_on(like.device)
        if isinstance(self.p, tuple):
            return self._mask_of_members(like, n_members, generator)
        if like.device.type == "cpu":
            bits = _bits(like.numel(), generator)
            keep = _at_least(bits, _threshold(self.p), like.dtype).view(like.shape)
        else:
            keep = torch.empty_like(like).bernoulli_(1.0 - self.p, generator=generator)
        return keep.div_(1.0 - self.p)

    def _mask_of_members(
        self, like: torch.Tensor, n_members: int | None, generator: torch.Generator
    ) -> torch.Tensor:
        if n_members is None:
            n_members = min(len(like), len(self.kept_share))
        kept_share = self.kept_share[:n_members]
        if like.device.type != "cpu":
            return self._mask_by_bernoulli(like, kept_share, generator)
        bits = _bits(like.numel(), generator).view(n_members, -1)
        keep = _at_least(bits, self.threshold[:n_members], like.dtype)
        return keep.div_(kept_share).view(like.shape)

    def _mask_by_bernoulli(
        self, like: torch.Tensor, kept_share: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        keep = like.new_empty(len(kept_share), like.numel() // len(kept_share))
        keep.bernoulli_(kept_share, generator=generator)
        return keep.div_(kept_share).view(like.shape)

    def extra_repr(self) -> str:
        """Show the share in the representation of the module."""
        return f"p={self.p}"


def is_share(value: object) -> bool:
    """Whether a value is a number of at least 0 and below 1."""
    return isinstance(value, Real) and 0.0 <= float(value) < 1.0


def _bits(n: int, generator: torch.Generator) -> torch.Tensor:
    """Draw n integers of 16 bits: four by one random number.

    On the CPU, ``bernoulli_`` draws one by one, which takes as long as the layer.
    """
    bits = torch.empty(-(-n // 4), dtype=torch.int64)
    bits.random_(-(2**63), None, generator=generator)
    return bits.view(torch.int16)[:n]


def _at_least(bits: torch.Tensor, threshold: Any, dtype: torch.dtype) -> torch.Tensor:
    """Compare, to 0 and 1 of a number format at once: by way of bool takes longer."""
    compared = torch.empty(bits.shape, dtype=dtype)
    torch.ge(bits, threshold, out=compared)
    return compared


def _threshold(p: float) -> int:
    """Least integer of 16 bits whose element is kept."""
    return round(p * 2**16) - 2**15


class Noise(Drawing):
    """Normal noise from a generator of its own.

    Parameters
    ----------
    std : float
    generator : torch.Generator
        Draws the seed; the noise is drawn on the device of the input.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    def __init__(self, std: Any, generator: torch.Generator) -> None:
        super().__init__(generator)
        is_number = isinstance(std, Real)
        if not is_number or not 0.0 <= float(std) < float("inf"):
            raise ValueError(f"std={std!r}: pass a finite number of at least 0.")
        self.std = float(std)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add noise while training."""
        return x + self.draw(x).mul_(self.std) if self.training else x

    def draw(self, like: torch.Tensor) -> torch.Tensor:
        """Draw standard normal numbers."""
        return torch.empty_like(like).normal_(generator=self.generator_on(like.device))

    def extra_repr(self) -> str:
        """Show the scale in the representation of the module."""
        return f"std={self.std}"
