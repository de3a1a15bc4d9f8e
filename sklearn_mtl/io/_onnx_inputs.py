"""What a table looks like to a runtime: one matrix, or one input a column."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from sklearn_mtl.io._onnx_graph import Graph, refuse
from sklearn_mtl.tables import Column, FeatureEncoder, read_columns

MATRIX = "X"
"""Name of the input that is the whole table."""
NUMBERS = ("float32", "float64", "int32", "int64", "bool")
"""Types of a matrix that are declared as they are; float64 stands for the others."""


class MatrixInput:
    """An array of numbers: one input of shape (n_rows, n_columns).

    Parameters
    ----------
    graph : Graph
    X : ndarray
    """

    def __init__(self, graph: Graph, X: np.ndarray) -> None:
        self.graph = graph
        dtype = np.dtype(X.dtype.name if X.dtype.name in NUMBERS else np.float64)
        name = graph.input(MATRIX, dtype, X.shape[1])
        self.cells = name if dtype == np.float64 else graph.cast(name, np.float64)

    def numbers(self, positions: Sequence[int] | np.ndarray) -> str:
        """Take numeric columns as float64, (n_rows, len(positions))."""
        return self.graph.take(self.cells, positions, 1)


class ColumnInputs:
    """A data frame or an array of objects: one input of shape (n_rows, 1) a column.

    Parameters
    ----------
    graph : Graph
    columns : sequence of Column
    encoder : FeatureEncoder
    """

    def __init__(
        self, graph: Graph, columns: Sequence[Column], encoder: FeatureEncoder
    ) -> None:
        self.graph = graph
        types: dict[int, Any] = {int(j): np.int64 for j in encoder.dates_}
        for j, levels in zip(encoder.categorical_, encoder.levels_, strict=True):
            types[int(j)] = object if True in levels.with_strings else np.float64
        self.names = []
        for position, column in enumerate(columns):
            is_short = column.values.dtype == np.float32
            number = np.float32 if is_short else np.float64
            dtype = types.get(position, number)
            self.names.append(graph.input(name_of(column.name, "x"), dtype, 1))

    def numbers(self, positions: Sequence[int] | np.ndarray) -> str:
        """Put numeric columns side by side as float64, (n_rows, len(positions))."""
        cells = [self.graph.cast(self.names[j], np.float64) for j in positions]
        return self.graph.join(cells, 1)

    def cells(self, position: int) -> str:
        """Take one column as it is declared, (n_rows, 1)."""
        return self.names[position]


Inputs = MatrixInput | ColumnInputs


def declare_inputs(graph: Graph, X: Any, encoder: FeatureEncoder) -> Inputs:
    """Declare the inputs that a table such as `X` is passed in."""
    is_matrix = isinstance(X, np.ndarray) and X.dtype.kind in "fiub"
    if is_matrix and not any(True in one.with_strings for one in encoder.levels_):
        if len(encoder.dates_):
            raise refuse(
                f"An array for column {encoder.column_names_[encoder.dates_[0]]!r}, "
                "which holds dates,",
                "Pass an X_sample with the columns of the table passed to fit.",
            )
        return MatrixInput(graph, X)
    return ColumnInputs(graph, list(read_columns(X)), encoder)


def name_of(name: Hashable, letter: str) -> str:
    """Name an input or output; columns of an array are x0, x1, ... and y0, y1, ..."""
    is_position = isinstance(name, int | np.integer) and not isinstance(name, bool)
    return f"{letter}{name}" if is_position else str(name)


def check_names(names: Sequence[str]) -> None:
    """Raise where two inputs or outputs would have one name."""
    for position, name in enumerate(names):
        if not name or name.startswith("/"):
            raise refuse(
                f"A column named {name!r}",
                "Give it a name that does not begin with '/'.",
            )
        if name in names[:position]:
            raise refuse(
                f"Two inputs or outputs named {name!r}",
                "Each column of X and of y, and NAME_probabilities of a column of "
                "classes, needs a name of its own: rename one of them.",
            )
