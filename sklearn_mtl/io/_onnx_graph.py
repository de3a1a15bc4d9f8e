"""Nodes and constants of an ONNX graph in the making."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

OPSET, ML_OPSET, IR_VERSION = 18, 3, 8
"""Of the default operators, those of ``ai.onnx.ml``, and the file format."""


class Graph:
    """Nodes and constants of an ONNX graph in the making.

    A value of the graph is its name; where an operator takes one, it also takes an
    array, which becomes a constant.
    """

    def __init__(self) -> None:
        self.onnx = imported_onnx()
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def op(self, kind: str, *operands: Any, domain: str = "", **attributes: Any) -> str:
        """Append an operator, and name its one output."""
        names = [
            value if isinstance(value, str) else self._constant(value)
            for value in operands
        ]
        # No column has a name that begins so, as columns are checked for it.
        output = f"/{kind}_{len(self.nodes)}"
        self.nodes.append(
            self.onnx.helper.make_node(
                kind, names, [output], domain=domain, **attributes
            )
        )
        return output

    def cast(self, value: Any, dtype: Any) -> str:
        """Turn a value into another number format."""
        return self.op("Cast", value, to=self.type_of(dtype))

    def join(self, values: list[str], axis: int) -> str:
        """Put values side by side."""
        return values[0] if len(values) == 1 else self.op("Concat", *values, axis=axis)

    def take(self, value: str, positions: Any, axis: int) -> str:
        """Take some positions of an axis."""
        return self.op("Gather", value, np.asarray(positions, np.int64), axis=axis)

    def input(self, name: str, dtype: Any, n_columns: int) -> str:
        """Declare an input of shape (n_rows, n_columns)."""
        self.inputs.append(self._declared(name, dtype, ["n_rows", n_columns]))
        return name

    def output(self, name: str, value: str, dtype: Any, *shape: int) -> None:
        """Declare a value as an output of shape (n_rows, *shape)."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        self.outputs.append(self._declared(name, dtype, ["n_rows", *shape]))

    def type_of(self, dtype: Any) -> int:
        """Tell the number of a type in ONNX; objects are strings."""
        dtype = np.dtype(dtype)
        if dtype.kind in "OU":
            return int(self.onnx.TensorProto.STRING)
        return int(self.onnx.helper.np_dtype_to_tensor_dtype(dtype))

    def _constant(self, array: Any) -> str:
        array = np.asarray(array)
        name = f"/constant_{len(self.constants)}"
        if array.dtype.kind in "OU":
            cells = [str(cell).encode() for cell in array.ravel()]
            made = self.onnx.helper.make_tensor(
                name, self.type_of(object), array.shape, cells
            )
        else:
            made = self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        self.constants.append(made)
        return name

    def _declared(self, name: str, dtype: Any, shape: list[Any]) -> Any:
        return self.onnx.helper.make_tensor_value_info(name, self.type_of(dtype), shape)


def imported_onnx() -> ModuleType:
    """Import onnx, or say how to install it."""
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError(
            "to_onnx needs the package onnx, which is not installed. Install it: "
            "pip install 'sklearn-mtl[onnx]'."
        ) from error
    return onnx


def refuse(what: str, remedy: str) -> ValueError:
    """Make the error that names what has no form in ONNX."""
    return ValueError(f"{what} cannot be written as ONNX. {remedy}")


def known_form(part: Any, forms: dict[type, Any], methods: tuple[str, ...]) -> Any:
    """Find what is known of the class of a part, or of a class that it inherits from.

    A subclass that changes one of the `methods` computes something else; None then.
    """
    for kind in type(part).__mro__:
        if kind in forms:
            names = getattr(kind, "formula_of", methods)
            same = all(getattr(type(part), n) is getattr(kind, n) for n in names)
            return forms[kind] if same else None
    return None
