"""Small values that JSON has no word for: each as parts, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import torch

BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


class Leaf(NamedTuple):
    """A type of values.

    Attributes
    ----------
    tag : str
        Says in the file which it is.
    types : tuple of type
        Values of exactly these.
    parts : callable
        Takes a value apart, into values that can be written.
    value : callable
        Puts it together again.
    """

    tag: str
    types: tuple[type, ...]
    parts: Callable[[Any], Any]
    value: Callable[[Any], Any]


def _complex(parts: Any) -> complex:
    return complex(*parts)


def _moment_parts(moment: dt.datetime) -> list[Any]:
    return [moment.replace(tzinfo=None).isoformat(), moment.tzinfo, moment.fold]


def _moment(parts: Any) -> dt.datetime:
    text, zone, fold = parts
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def _offset(zone: dt.timezone) -> dt.timedelta:
    return zone.utcoffset(None)


def _lasting_parts(lasting: dt.timedelta) -> list[int]:
    return [lasting.days, lasting.seconds, lasting.microseconds]


def _lasting(parts: Any) -> dt.timedelta:
    return dt.timedelta(*parts)


def _range_parts(numbers: range) -> list[int]:
    return [numbers.start, numbers.stop, numbers.step]


def _range(parts: Any) -> range:
    return range(*parts)


def _slice_parts(rows: slice) -> list[Any]:
    return [rows.start, rows.stop, rows.step]


def _slice(parts: Any) -> slice:
    return slice(*parts)


def _legacy_state(draws: np.random.RandomState) -> Any:
    return draws.get_state(legacy=False)


def _legacy(state: Any) -> np.random.RandomState:
    draws = np.random.RandomState(0)
    draws.set_state(state)
    return draws


def _generator_state(draws: np.random.Generator) -> Any:
    return draws.bit_generator.state


def _generator(state: Any) -> np.random.Generator:
    name = state["bit_generator"]
    if name not in BIT_GENERATORS:
        raise ValueError(f"{name} is no generator of NumPy")
    bits = getattr(np.random, name)(0)
    bits.state = state
    return np.random.Generator(bits)


def _torch_number(name: str) -> torch.dtype:
    found = getattr(torch, name)
    if not isinstance(found, torch.dtype):
        raise TypeError(f"{name} is no number format of torch")
    return found


def _torch_name(number: torch.dtype) -> str:
    return str(number).removeprefix("torch.")


def _torch_draws(state: torch.Tensor) -> torch.Generator:
    generator = torch.Generator()
    generator.set_state(state)
    return generator


LEAVES = (
    Leaf("complex", (complex,), lambda z: [z.real, z.imag], _complex),
    Leaf("decimal", (Decimal,), str, Decimal),
    Leaf("moment", (dt.datetime,), _moment_parts, _moment),
    Leaf("date", (dt.date,), dt.date.isoformat, dt.date.fromisoformat),
    Leaf("time", (dt.time,), dt.time.isoformat, dt.time.fromisoformat),
    Leaf("lasting", (dt.timedelta,), _lasting_parts, _lasting),
    Leaf("offset", (dt.timezone,), _offset, dt.timezone),
    Leaf("zone", (ZoneInfo,), str, ZoneInfo),
    Leaf("range", (range,), _range_parts, _range),
    Leaf("slice", (slice,), _slice_parts, _slice),
    Leaf("RandomState", (np.random.RandomState,), _legacy_state, _legacy),
    Leaf("Generator", (np.random.Generator,), _generator_state, _generator),
    Leaf("torch dtype", (torch.dtype,), _torch_name, _torch_number),
    Leaf("torch device", (torch.device,), str, torch.device),
    Leaf("torch size", (torch.Size,), list, torch.Size),
    Leaf(
        "torch Generator", (torch.Generator,), torch.Generator.get_state, _torch_draws
    ),
)
"""All but arrays and numbers of NumPy, which `_arrays` writes."""

LEAF_OF_TYPE = {kind: leaf for leaf in LEAVES for kind in leaf.types}
LEAF_OF_TAG = {leaf.tag: leaf for leaf in LEAVES}
