"""Values to what JSON holds, and tensors beside it."""

from __future__ import annotations

import base64
import math
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from sklearn_mtl.exceptions import ModelFileError
from sklearn_mtl.files._arrays import (
    are_alike,
    contiguous,
    strings_of,
    tensor_of_array,
)
from sklearn_mtl.files._leaves import LEAF_OF_TYPE
from sklearn_mtl.files._names import is_known, name_of
from sklearn_mtl.tables import plain_of

FEW_BYTES = 96
"""Arrays up to this size stand in JSON: their entry in the header would be longer."""
MOST_BITS = 10_000
"""Of an integer: Python reads no more than 4300 digits."""
MOST_LEVELS = 100
"""Of containers within containers; Python ends at a thousand calls within calls."""
FACTORIES = {dict: "dict", list: "list", int: "int", None: "none"}


class Written(NamedTuple):
    """A value that was written.

    Attributes
    ----------
    node : object
        For JSON.
    tensors : dict of str to tensor
    custom : dict of str to class or function
        What its reader must bring, by the names in `node`.
    """

    node: Any
    tensors: dict[str, torch.Tensor]
    custom: dict[str, Any]


def write_value(value: Any, outside: Mapping[str, Any] | None = None) -> Written:
    """Write a value.

    Parameters
    ----------
    value : object
        Built of the types that `read_value` knows.
    outside : mapping of str to object, default=None
        What is stored elsewhere: `value` refers to these objects by name.

    Returns
    -------
    Written

    Raises
    ------
    ModelFileError
        Something in it cannot be stored; the message says what, and where it stands.
    """
    writer = _Writer(outside or {})
    written = writer.write(value)
    node = {"custom": sorted(writer.custom), "value": written}
    return Written(node, writer.tensors, writer.custom)


class _Writer:
    """What has been written so far of one value."""

    def __init__(self, outside: Mapping[str, Any]) -> None:
        self._outside = {id(value): name for name, value in outside.items()}
        self.tensors: dict[str, torch.Tensor] = {}
        self.custom: dict[str, Any] = {}
        self._path: list[str] = []
        self._known: dict[int, dict[str, Any]] = {}
        self._alive: list[Any] = []  # so that no id is given twice
        self._n_shared = 0

    def write(self, value: Any) -> Any:
        """Write a value, or refer to where it has been written."""
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            if value.bit_length() > MOST_BITS:
                raise self._refusal("an integer of so many digits cannot be stored")
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if id(value) in self._outside and kind is not tuple:
            return {"outside": self._outside[id(value)]}
        known = self._known.get(id(value))
        if known is not None:
            if "id" not in known:
                known["id"] = self._n_shared
                self._n_shared += 1
            return {"ref": known["id"]}
        return self._write_new(value)

    def _write_new(self, value: Any) -> dict[str, Any]:
        if len(self._path) > MOST_LEVELS:
            raise self._refusal("containers within so many others cannot be stored")
        kind = type(value)
        if kind in _PARTS:
            tag, parts_of = _PARTS[kind]
            node: dict[str, Any] = {}
            if kind is not tuple:  # as keys, tuples of tuples would take time to hash
                self._remember(value, node)
            node[tag] = parts_of(self, value)
            return node
        leaf = LEAF_OF_TYPE.get(kind)
        if leaf is not None:
            node = {}
            self._remember(value, node)
            node[leaf.tag] = self.write(leaf.parts(value))
            return node
        if isinstance(value, np.generic):
            return {"scalar": self._array(np.asarray(value))}
        if isinstance(value, np.dtype):
            return {"dtype": self._dtype(value)}
        try:
            plain = plain_of(value)
        except TypeError as error:
            raise self._refusal(str(error)) from error
        if plain is not None:
            node = {}
            self._remember(value, node)
            node[plain.tag] = self.write(plain.parts)
            return node
        if isinstance(value, type | FunctionType) or value is print:
            return {"name": self._named(value)}
        return self._instance(value)

    def _remember(self, value: Any, node: dict[str, Any]) -> None:
        self._known[id(value)] = node
        self._alive.append(value)

    @contextmanager
    def _within(self, step: str) -> Iterator[None]:
        self._path.append(step)
        try:
            yield
        finally:
            self._path.pop()

    def _refusal(self, what: str) -> ModelFileError:
        return ModelFileError(
            f"{self._here()}: {what}. Save it by pickle, or leave it out."
        )

    def _here(self) -> str:
        return "".join(self._path).lstrip(".") or "The value"

    # -- containers ------------------------------------------------------------

    def _items(self, values: Any) -> list[Any]:
        written = []
        for position, value in enumerate(values):
            with self._within(f"[{position}]"):
                written.append(self.write(value))
        return written

    def _list(self, values: list[Any]) -> Any:
        if are_alike(values):
            return {"stacked": self._tensor(torch.from_numpy(np.stack(values)))}
        return self._items(values)

    def _pairs(self, values: dict[Any, Any]) -> Any:
        if all(type(key) is str for key in values):
            return self._state(values, "[{!r}]")
        written = []
        for position, (key, value) in enumerate(values.items()):
            with self._within(f"[{position}]"):
                written.append([self.write(key), self.write(value)])
        return written

    def _state(self, values: dict[str, Any], step: str = ".{}") -> dict[str, Any]:
        written = {}
        for key, value in values.items():
            with self._within(step.format(key)):
                written[key] = self.write(value)
        return written

    def _defaults(self, values: defaultdict[Any, Any]) -> Any:
        factory = values.default_factory
        if factory not in FACTORIES:
            raise self._refusal(f"a defaultdict of {factory!r} cannot be stored")
        return [FACTORIES[factory], self._pairs(values)]

    def _partial(self, value: partial[Any]) -> Any:
        if not isinstance(value.func, FunctionType):
            raise self._refusal(f"a partial of {value.func!r} cannot be stored")
        return [
            self._named(value.func),
            self._items(value.args),
            self._pairs(value.keywords),
        ]

    # -- numbers ---------------------------------------------------------------

    def _tensor(self, tensor: torch.Tensor) -> str:
        name = self._here()
        while name in self.tensors or name == "__metadata__":
            name += "'"
        self.tensors[name] = tensor
        return name

    def _laid(self, tensor: torch.Tensor) -> list[Any]:
        try:
            laid, order = contiguous(tensor)
        except TypeError as error:
            raise self._refusal(str(error)) from error
        name = self._tensor(laid.clone())
        return [name] if order is None else [name, order]

    def _plain_tensor(self, tensor: torch.Tensor) -> list[Any]:
        return self._laid(tensor)

    def _parameter(self, parameter: nn.Parameter) -> list[Any]:
        return [parameter.requires_grad, *self._laid(parameter)]

    def _bytes(self, stored: bytes | bytearray) -> str:
        return self._tensor(
            torch.from_numpy(np.array(bytearray(stored), dtype=np.uint8))
        )

    def _array(self, array: np.ndarray) -> Any:
        if array.dtype.kind in "US":
            return {"strings": self._items(strings_of(array)), "shape": array.shape}
        if array.dtype.kind == "O":
            return {
                "objects": self._items(array.ravel().tolist()),
                "shape": array.shape,
            }
        try:
            tensor, read_as = tensor_of_array(array)
        except TypeError as error:
            raise self._refusal(str(error)) from error
        if tensor.nbytes > FEW_BYTES:
            return {"numbers": self._tensor(tensor), **read_as}
        few = tensor.numpy()
        in_text = base64.b64encode(few.tobytes()).decode()
        return {"few": [in_text, few.dtype.str, few.shape], **read_as}

    def _dtype(self, dtype: np.dtype[Any]) -> str:
        if (dtype.hasobject and dtype.kind != "O") or dtype.names or dtype.subdtype:
            raise self._refusal(f"dtype {dtype} cannot be stored")
        return dtype.str

    # -- what has a class ------------------------------------------------------

    def _named(self, value: Any) -> str:
        try:
            name = name_of(value)
        except ModelFileError as error:
            raise ModelFileError(f"{self._here()}: {error}") from error
        if not is_known(value) and self.custom.setdefault(name, value) is not value:
            raise self._refusal(f"two things are called {name}, which cannot be stored")
        return name

    def _instance(self, value: Any) -> dict[str, Any]:
        kind = type(value)
        if isinstance(value, tuple) and not hasattr(kind, "_make"):
            raise self._refusal(f"a {kind.__module__}.{kind.__name__} cannot be stored")
        node: dict[str, Any] = {"class": self._named(kind)}
        if isinstance(value, tuple):
            return {**node, "items": self._items(value)}
        self._remember(value, node)
        if isinstance(value, list):
            node["items"] = self._items(value)
        node["state"] = self._state(self._state_of(value))
        return node

    def _state_of(self, value: Any) -> dict[str, Any]:
        kind = type(value)
        if hasattr(kind, "stored_state"):
            state: Any = value.stored_state()
        elif not is_known(kind) and _builds_itself(kind):
            raise self._refusal(f"a {kind.__module__}.{kind.__name__} cannot be stored")
        else:
            state = value.__getstate__()
        if isinstance(value, nn.Module):
            state = without_usual(state)
        if state is None:
            return {}
        if not isinstance(state, dict) or not all(type(key) is str for key in state):
            raise self._refusal(f"a {kind.__module__}.{kind.__name__} cannot be stored")
        return state


def without_usual(state: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a module's state what every new module has."""
    usual = nn.Module().__dict__
    return {
        key: value
        for key, value in state.items()
        if key not in usual or usual[key] != value
    }


def _builds_itself(kind: type) -> bool:
    """Whether objects of a class are made by more than their attributes."""
    plain: Any = object
    return (
        kind.__reduce_ex__ is not plain.__reduce_ex__
        or kind.__reduce__ is not plain.__reduce__
        or kind.__new__ is not plain.__new__
    )


_PARTS: dict[type, tuple[str, Callable[[_Writer, Any], Any]]] = {
    tuple: ("tuple", _Writer._items),
    list: ("list", _Writer._list),
    dict: ("dict", _Writer._pairs),
    OrderedDict: ("ordered", _Writer._pairs),
    defaultdict: ("defaults", _Writer._defaults),
    set: ("set", _Writer._items),
    frozenset: ("frozenset", _Writer._items),
    partial: ("partial", _Writer._partial),
    bytes: ("bytes", _Writer._bytes),
    bytearray: ("bytearray", _Writer._bytes),
    np.ndarray: ("array", _Writer._array),
    torch.Tensor: ("tensor", _Writer._plain_tensor),
    nn.Parameter: ("parameter", _Writer._parameter),
}
