"""Arrays and tensors as contiguous tensors, with what these leave out beside them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch

PLAIN = {
    *("bool", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64"),
}
"""Types of NumPy that torch has, too."""
MOMENTS = "mM"
"""Kinds of dates and times, whose numbers are int64."""


def tensor_of_array(array: np.ndarray) -> tuple[torch.Tensor, dict[str, Any]]:
    """Give the numbers of an array, and what to read them as.

    Raises
    ------
    TypeError
        The array holds none, such as objects.
    """
    read_as: dict[str, Any] = {}
    if array.dtype.kind in MOMENTS:
        read_as["dtype"] = array.dtype.newbyteorder("=").str
        array = array.view(array.dtype.str.replace(array.dtype.str[1], "i", 1)[:3])
    elif array.dtype.kind == "c" and array.dtype.itemsize <= 16:
        read_as["dtype"] = array.dtype.newbyteorder("=").str
        array = np.stack([array.real, array.imag], axis=-1)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.name not in PLAIN:
        raise TypeError(f"an array of dtype {array.dtype} cannot be stored")
    if array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous:
        read_as["order"] = "F"
        array = array.T
    writable = np.array(array, order="C")  # a copy, which torch may share
    return torch.from_numpy(writable), read_as


def few_numbers(in_text: str, dtype: str, shape: Any) -> np.ndarray:
    """Read numbers that stand in JSON."""
    if np.dtype(dtype).name not in PLAIN:
        raise TypeError(f"numbers of dtype {dtype} are not stored")
    stored = bytearray(base64.b64decode(in_text, validate=True))
    return np.frombuffer(stored, dtype).reshape(shape)


def array_of_numbers(array: np.ndarray, read_as: dict[str, Any]) -> np.ndarray:
    """Read numbers as the array that they were."""
    if read_as.get("order") == "F":
        array = array.T
    if "dtype" in read_as:
        dtype = np.dtype(read_as["dtype"])
        if dtype.kind in MOMENTS and array.dtype == np.int64:
            return array.view(dtype)
        if dtype.kind == "c" and array.ndim and array.shape[-1] == 2:
            found: np.ndarray = (array[..., 0] + 1j * array[..., 1]).astype(dtype)
            return found
        raise TypeError(f"{array.dtype} cannot be read as {dtype}")
    return array


def contiguous(tensor: torch.Tensor) -> tuple[torch.Tensor, list[int] | None]:
    """Give a tensor whose numbers stand in order, and the order of its axes."""
    tensor = tensor.detach().cpu()
    if tensor.layout is not torch.strided:
        raise TypeError(f"a tensor of layout {tensor.layout} cannot be stored")
    if tensor.is_contiguous():
        return tensor, None
    strides = tensor.stride()
    order = sorted(range(tensor.ndim), key=lambda axis: -strides[axis])
    laid = tensor.permute(order)
    return (laid, order) if laid.is_contiguous() else (tensor.contiguous(), None)


def in_order(tensor: torch.Tensor, order: list[int] | None) -> torch.Tensor:
    """Give a tensor the strides that it had."""
    if order is None:
        return tensor
    return tensor.permute([order.index(axis) for axis in range(tensor.ndim)])


def are_alike(values: list[Any]) -> bool:
    """Whether a list holds arrays of numbers that can be stored as one."""
    if len(values) < 2 or type(values[0]) is not np.ndarray:
        return False
    first = values[0]
    return first.dtype.name in PLAIN and all(
        type(value) is np.ndarray
        and value.shape == first.shape
        and value.dtype == first.dtype
        and value.flags.c_contiguous
        for value in values
    )


def strings_of(array: np.ndarray) -> list[str]:
    """Cells of an array of strings, in order."""
    cells: list[str] = array.ravel().tolist()
    return cells


def array_of_strings(cells: list[Any], shape: Any) -> np.ndarray:
    """Make an array of strings, as wide as the longest."""
    kind = bytes if cells and isinstance(cells[0], bytes) else str
    if not all(isinstance(cell, kind) for cell in cells):
        raise TypeError("an array of strings holds something else")
    return np.array(cells, dtype=kind).reshape(shape)


def array_of_objects(cells: list[Any], shape: Any) -> np.ndarray:
    """Make an array of objects."""
    array = np.empty(len(cells), dtype=object)
    for position, cell in enumerate(cells):
        array[position] = cell
    return array.reshape(shape)
