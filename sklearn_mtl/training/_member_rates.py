"""Rates and decays that differ from member to member, in one fused step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

Parameters = list[torch.Tensor]
Ratio = tuple[float, ...] | None


def plain_ratio(name: str, ratio: Any) -> Ratio:
    """Check the numbers of a ratio, and return them as plain floats.

    Parameters
    ----------
    name : str
        What errors call it.
    ratio : sequence of float or None

    Returns
    -------
    tuple of float or None
    """
    if ratio is None:
        return None
    try:
        numbers = tuple(float(number) for number in ratio)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}={ratio!r} is not a sequence of numbers: give one number a member, "
            "or None where all members are alike."
        ) from None
    together = np.array(numbers)
    good = (together >= 0) & (together < math.inf)  # False where NaN
    if not good.all():
        member = int(good.argmin())
        number = numbers[member]
        raise ValueError(
            f"{name} of member {member} is {number}: give a finite number of 0 or more."
        )
    return numbers


def read_ratios(group: dict[str, Any]) -> tuple[Ratio, Ratio]:
    """Check the ratios of a parameter group, and keep them there as plain floats.

    Parameters
    ----------
    group : dict
        Parameter group of an optimizer.

    Returns
    -------
    lr_ratio, decay_ratio : tuple of float or None
    """
    for name in ("lr_ratio", "decay_ratio"):
        ratio = group[name] = plain_ratio(name, group[name])
        if ratio is not None:
            _check_members(name, len(ratio), group["params"])
    return group["lr_ratio"], group["decay_ratio"]


def _check_members(name: str, n_numbers: int, parameters: Parameters) -> None:
    if any(p.ndim == 0 for p in parameters):
        raise ValueError(
            f"{name} is given to a group with a parameter of shape (), which has no "
            f"members: put it in a parameter group with {name}=None."
        )
    n_members = max((len(p) for p in parameters), default=0)
    if n_numbers != n_members:
        raise ValueError(
            f"{name} has {n_numbers} numbers, but the longest parameter of its group "
            f"has {n_members} members: give one number a member, and {name}=None to a "
            "parameter group without members."
        )


def all_alike(lr_ratio: Ratio, decay_ratio: Ratio) -> bool:
    """Tell whether every member has the rate and the decay of its group."""
    return {*(lr_ratio or ()), *(decay_ratio or ())} <= {1.0}


class MemberRates:
    """Updates of AdamW at rate 1, and what each member takes of them.

    AdamW's step is linear in its rate, so the fused kernel can run at one rate for all
    into `update`; two multiply-adds a parameter then give each member its own.

    Parameters
    ----------
    values : tensor of shape (n,)
        All parameters one after another.
    parameters : list of tensors of shape (n_members, ...)
        Views of `values`; some may have only the first members.
    lr_ratio, decay_ratio : tuple of float or None
        Of each member, to the rate and decay of the group.
    """

    def __init__(
        self,
        values: torch.Tensor,
        parameters: Parameters,
        lr_ratio: Ratio,
        decay_ratio: Ratio,
    ) -> None:
        # Zero, as the kernel multiplies what it finds by 0, which keeps a NaN.
        self.update = torch.zeros_like(values)
        parts = self.update.split([p.numel() for p in parameters])
        self._values = [p.detach() for p in parameters]
        self._updates = [
            part.view(p.shape) for part, p in zip(parts, parameters, strict=True)
        ]
        members = range(len(lr_ratio or decay_ratio or ()))
        rates = [1.0 for _ in members] if lr_ratio is None else lr_ratio
        shares = [1.0 for _ in members] if decay_ratio is None else decay_ratio
        self._rates = self._broadcast(rates)
        self._decays = self._broadcast([rates[k] * shares[k] for k in members])

    def _broadcast(self, numbers: Sequence[float]) -> list[torch.Tensor]:
        """Expand one number a member to each parameter, without writing it out.

        A large network's step waits for memory: numbers written out cost a third more.
        """
        column = self.update.new_tensor(numbers)
        return [
            column[: len(p)].view(len(p), *[1] * (p.ndim - 1)).expand(p.shape)
            for p in self._values
        ]

    def apply(self, lr: float, weight_decay: float) -> None:
        """Decay the parameters, and add the updates that the kernel left.

        Parameters
        ----------
        lr, weight_decay : float
            Of the group.
        """
        if weight_decay:
            torch._foreach_addcmul_(
                self._values, self._values, self._decays, value=-lr * weight_decay
            )
        torch._foreach_addcmul_(self._values, self._updates, self._rates, value=lr)
