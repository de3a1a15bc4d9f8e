"""The encoding of X as an ONNX graph: what `FeatureEncoder` does to rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.io._onnx_dates import add_date_parts
from sklearn_mtl.io._onnx_graph import Graph, refuse
from sklearn_mtl.io._onnx_inputs import Inputs, MatrixInput
from sklearn_mtl.tables import FeatureEncoder

MISSING = ""
"""A missing cell among strings; among numbers it is NaN."""


def check_encoder(encoder: FeatureEncoder) -> None:
    """Raise where rows are encoded in a way that has no form in ONNX."""
    if encoder.fitted_sparse_:
        raise refuse(
            "An estimator fitted on a sparse X", "Fit it on a dense X: X.toarray()."
        )
    for j, levels in zip(encoder.categorical_, encoder.levels_, strict=True):
        name = encoder.column_names_[j]
        if len(levels.with_strings) > 1:
            raise refuse(
                f"Column {name!r} of X, which holds strings beside other categories,",
                "Turn all of its cells into strings before fit.",
            )
        for level in levels.index:
            if not isinstance(level, str | int | float | np.number | np.bool_):
                raise refuse(
                    f"Column {name!r} of X, which holds the category {level!r},",
                    "Turn its cells into strings or numbers before fit.",
                )
        if MISSING in levels.index and levels.missing_position >= 0:
            raise refuse(
                f"Column {name!r} of X, where '' is a category beside missing cells,",
                "An empty string stands for a missing cell there: rename the category.",
            )


def add_features(
    graph: Graph, inputs: Inputs, encoder: FeatureEncoder, dtype: Any
) -> str:
    """Encode rows as (n_rows, d), in float64 but rounded to `dtype` as in training."""
    parts = []
    if encoder.n_numeric_:
        parts += _numbers(graph, inputs, encoder, dtype)
    for c, (j, levels) in enumerate(
        zip(encoder.categorical_, encoder.levels_, strict=True)
    ):
        position = _position(graph, inputs, int(j), levels)
        # As in the encoder, heights are rounded before they are set.
        height = encoder._heights[c].astype(dtype).astype(np.float64)
        one = graph.op("Equal", position, np.arange(levels.width)[None])
        parts.append(graph.op("Mul", graph.cast(one, np.float64), height))
    return graph.join(parts, 1)


def _numbers(
    graph: Graph, inputs: Inputs, encoder: FeatureEncoder, dtype: Any
) -> list[str]:
    """Standardised numbers, and the indicators of missing ones."""
    cells = [inputs.numbers(encoder.numeric_)] if len(encoder.numeric_) else []
    for j, dates in zip(encoder.dates_, encoder.date_parts_, strict=True):
        assert not isinstance(inputs, MatrixInput)
        cells.append(add_date_parts(graph, inputs.cells(int(j)), dates))
    z = graph.op("Sub", graph.join(cells, 1), encoder._mean)
    z = graph.op("Div", z, encoder._scale)
    z = graph.cast(graph.cast(z, dtype), np.float64)
    missing = graph.op("IsNaN", z)
    filler = encoder.encoded_mean_.astype(dtype).astype(np.float64)
    z = graph.op("Where", missing, filler, z)
    if encoder.muted_.any():
        z = graph.op("Where", encoder.muted_, np.array(0.0), z)
    if not len(encoder.with_gaps_):
        return [z]
    gaps = graph.take(graph.cast(missing, np.float64), encoder.with_gaps_, 1)
    return [z, gaps]


def _position(graph: Graph, inputs: Inputs, column: int, levels: Any) -> str:
    """Position of each cell's level, (n_rows, 1); -1 for none."""
    if True in levels.with_strings:
        return _position_of_strings(graph, inputs, column, levels)
    # Counted from 1, so that 0 is left for cells that are no level.
    cells = inputs.numbers([column])
    missing = graph.cast(graph.op("IsNaN", cells), np.float64)
    place = graph.op("Mul", missing, np.array(levels.missing_position + 1.0))
    if levels.index:
        known = np.array([float(level) for level in levels.index])
        places = np.array(list(levels.index.values()), np.float64) + 1.0
        equal = graph.cast(graph.op("Equal", cells, known[None]), np.float64)
        found = graph.op("MatMul", equal, places[:, None])
        place = graph.op("Add", place, found)
    return graph.cast(graph.op("Sub", place, np.array(1.0)), np.int64)


def _position_of_strings(graph: Graph, inputs: Inputs, column: int, levels: Any) -> str:
    assert not isinstance(inputs, MatrixInput)
    positions = {MISSING: levels.missing_position} | levels.index
    return graph.op(
        "LabelEncoder",
        inputs.cells(column),
        domain="ai.onnx.ml",
        keys_strings=list(positions),
        values_int64s=list(map(int, positions.values())),
        default_int64=-1,
    )
