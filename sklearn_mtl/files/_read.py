"""What JSON and tensors say, as values again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import nn

from sklearn_mtl.exceptions import ModelFileError
from sklearn_mtl.files._arrays import (
    array_of_numbers,
    array_of_objects,
    array_of_strings,
    few_numbers,
    in_order,
)
from sklearn_mtl.files._leaves import LEAF_OF_TAG
from sklearn_mtl.files._names import Custom, check_names, resolve
from sklearn_mtl.files._write import FACTORIES
from sklearn_mtl.tables import PLAIN_TAGS, value_of

FACTORY_OF = {name: factory for factory, name in FACTORIES.items()}


def read_value(
    node: Any,
    tensors: Mapping[str, torch.Tensor],
    custom: Custom,
    outside: Mapping[str, Any] | None = None,
) -> Any:
    """Read a value that `write_value` wrote.

    Nothing of a file is run. Objects are made of classes in the package's own list, or
    in `custom`, without their ``__init__``.

    Parameters
    ----------
    node : object
        What JSON holds.
    tensors : mapping of str to tensor
        Each belongs to one place in the value, which takes it over.
    custom : mapping of str to class or function
        What else may be named.
    outside : mapping of str to object, default=None
        As handed to `write_value`.

    Raises
    ------
    ModelFileError
        It holds what is not known, or does not fit together.
    """
    try:
        check_names(node["custom"], custom)
        return _Reader(tensors, custom, outside or {}).read(node["value"])
    except ModelFileError:
        raise
    except ImportError as error:
        raise ModelFileError(
            f"It holds something of a library that is not installed: {error}. Install "
            "it first."
        ) from error
    except Exception as error:  # whatever a file of wrong content may come to
        raise ModelFileError(
            f"Its content does not fit together ({type(error).__name__}: {error})."
        ) from error


class _Reader:
    """What has been read so far of one value."""

    def __init__(
        self,
        tensors: Mapping[str, torch.Tensor],
        custom: Custom,
        outside: Mapping[str, Any],
    ) -> None:
        self.tensors, self.custom, self._outside = dict(tensors), custom, outside
        self._known: dict[int, Any] = {}

    def read(self, node: Any) -> Any:
        """Read a value, or look it up."""
        if not isinstance(node, dict):
            if isinstance(node, list):
                raise TypeError("a list stands where a value should")
            return node
        if "ref" in node:
            return self._known[node["ref"]]
        if "outside" in node:
            return self._outside[node["outside"]]
        if "class" in node:
            return self._instance(node)
        tag = next(key for key in node if key != "id")
        parts = node[tag]
        if tag in _FILLED:
            make, fill = _FILLED[tag]
            value = self._remember(node, make())
            fill(self, value, parts)
            return value
        if tag in _MADE:
            return self._remember(node, _MADE[tag](self, parts))
        if tag in LEAF_OF_TAG:
            return self._remember(node, LEAF_OF_TAG[tag].value(self._parts(parts)))
        if tag in PLAIN_TAGS:
            return self._remember(node, value_of(tag, self._parts(parts)))
        raise ModelFileError(f"It holds a {tag!r}, which this version does not know.")

    def _parts(self, node: Any) -> Any:
        parts = self.read(node)
        if _holds_range(parts):
            raise TypeError("a range stands where its numbers should")
        return parts

    def _remember(self, node: dict[str, Any], value: Any) -> Any:
        if "id" in node:
            self._known[node["id"]] = value
        return value

    # -- containers ------------------------------------------------------------

    def _items(self, parts: list[Any]) -> list[Any]:
        return [self.read(part) for part in parts]

    def _fill_list(self, values: list[Any], parts: Any) -> None:
        if isinstance(parts, dict):
            stacked = self._tensor(parts["stacked"]).numpy()
            values += [array.copy() for array in stacked]
        else:
            values += self._items(parts)

    def _fill_pairs(self, values: dict[Any, Any], parts: Any) -> None:
        if isinstance(parts, dict):
            values.update(self._state(parts))
            return
        for key, value in parts:
            values[self.read(key)] = self.read(value)

    def _fill_defaults(self, values: defaultdict[Any, Any], parts: Any) -> None:
        factory, pairs = parts
        values.default_factory = FACTORY_OF[factory]
        self._fill_pairs(values, pairs)

    def _fill_set(self, values: set[Any], parts: Any) -> None:
        values.update(self._items(parts))

    def _tuple(self, parts: Any) -> tuple[Any, ...]:
        return tuple(self._items(parts))

    def _frozenset(self, parts: Any) -> frozenset[Any]:
        return frozenset(self._items(parts))

    def _state(self, parts: dict[str, Any]) -> dict[str, Any]:
        return {key: self.read(value) for key, value in parts.items()}

    def _partial(self, parts: Any) -> partial[Any]:
        name, arguments, keywords = parts
        function = resolve(name, self.custom)
        if not isinstance(function, FunctionType):
            raise TypeError(f"{name} is no function")
        return partial(function, *self._items(arguments), **self._state(keywords))

    # -- numbers ---------------------------------------------------------------

    def _tensor(self, name: str) -> torch.Tensor:
        return self.tensors.pop(name)

    def _laid(self, parts: Any) -> torch.Tensor:
        name, *order = parts
        return in_order(self._tensor(name), order[0] if order else None)

    def _parameter(self, parts: Any) -> nn.Parameter:
        requires_grad, *laid = parts
        return nn.Parameter(self._laid(laid), requires_grad)

    def _bytes(self, name: str) -> bytes:
        return bytes(self._tensor(name).numpy())

    def _bytearray(self, name: str) -> bytearray:
        return bytearray(self._bytes(name))

    def _array(self, parts: dict[str, Any]) -> np.ndarray:
        if "strings" in parts:
            return array_of_strings(self._items(parts["strings"]), parts["shape"])
        if "objects" in parts:
            return array_of_objects(self._items(parts["objects"]), parts["shape"])
        if "few" in parts:
            return array_of_numbers(few_numbers(*parts["few"]), parts)
        return array_of_numbers(self._tensor(parts["numbers"]).numpy(), parts)

    def _scalar(self, parts: dict[str, Any]) -> Any:
        return self._array(parts)[()]

    # -- what has a class ------------------------------------------------------

    def _name(self, name: str) -> Any:
        return resolve(name, self.custom)

    def _instance(self, node: dict[str, Any]) -> Any:
        kind = resolve(node["class"], self.custom)
        if not isinstance(kind, type):
            raise TypeError(f"{node['class']} is no class")
        if issubclass(kind, tuple):
            return kind._make(self._items(node["items"]))  # type: ignore[attr-defined]
        value = self._remember(node, kind.__new__(kind))
        if issubclass(kind, list):
            value.extend(self._items(node["items"]))
        if issubclass(kind, nn.Module):
            value.__dict__.update(nn.Module().__dict__)
        self._restore(value, self._state(node["state"]))
        return value

    @staticmethod
    def _restore(value: Any, state: dict[str, Any]) -> None:
        if hasattr(value, "restore_stored"):
            value.restore_stored(state)
        elif hasattr(value, "__setstate__"):
            value.__setstate__(state)
        else:
            value.__dict__.update(state)


def _holds_range(parts: Any) -> bool:
    """Whether some bytes stand for any number of numbers, which would be unrolled."""
    if isinstance(parts, dict):
        return any(map(_holds_range, parts.values()))
    if isinstance(parts, np.ndarray):
        return parts.dtype == object and any(map(_holds_range, parts.flat))
    if isinstance(parts, list | tuple):
        return any(map(_holds_range, parts))
    return isinstance(parts, range)


def _number(text: str) -> float:
    return {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}[text]


_FILLED: dict[str, tuple[Callable[[], Any], Callable[[_Reader, Any, Any], None]]] = {
    "list": (list, _Reader._fill_list),
    "dict": (dict, _Reader._fill_pairs),
    "ordered": (OrderedDict, _Reader._fill_pairs),
    "defaults": (defaultdict, _Reader._fill_defaults),
    "set": (set, _Reader._fill_set),
}
"""Values that may hold themselves: made empty, known, and filled."""

_MADE: dict[str, Callable[[_Reader, Any], Any]] = {
    "float": lambda _, text: _number(text),
    "tuple": _Reader._tuple,
    "frozenset": _Reader._frozenset,
    "partial": _Reader._partial,
    "bytes": _Reader._bytes,
    "bytearray": _Reader._bytearray,
    "array": _Reader._array,
    "scalar": _Reader._scalar,
    "dtype": lambda _, name: np.dtype(name),
    "tensor": _Reader._laid,
    "parameter": _Reader._parameter,
    "name": _Reader._name,
}
