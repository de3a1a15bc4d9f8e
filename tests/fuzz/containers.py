"""What a table may come in: made of a pandas frame, and read as rows again."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from pandas.api import types
from scipy import sparse


def as_array(frame):
    numbers = all(types.is_numeric_dtype(kind) for kind in frame.dtypes)
    plain = all(isinstance(kind, np.dtype) for kind in frame.dtypes)
    return frame.to_numpy() if numbers and plain else frame.to_numpy(dtype=object)


def as_sparse(frame):
    array = as_array(frame)
    return frame if array.dtype == object else sparse.csr_matrix(array.astype(float))


def as_arrow(frame):
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # words among numbers
        return frame


def as_polars(frame):
    table = as_arrow(frame)
    return frame if table is frame else pl.from_arrow(table)


CONTAINERS = {
    "pandas": lambda frame: frame,
    "numpy": as_array,
    "lists": lambda frame: as_array(frame).tolist(),
    "polars": as_polars,
    "arrow": as_arrow,
    "sparse": as_sparse,
}
FOR_LABELS = tuple(name for name in CONTAINERS if name != "sparse")


def rows_of(table, rows):
    """Take rows of a table in any of the containers."""
    if isinstance(table, pd.DataFrame | pd.Series):
        return table.iloc[rows]
    if isinstance(table, list):
        return [table[row] for row in rows]
    if isinstance(table, pa.Table):
        return table.take(pa.array(rows))
    return table[rows]


def cells_of(table):
    """Return an array of objects, of two dimensions."""
    if isinstance(table, pa.Table):
        table = table.to_pandas()
    elif isinstance(table, pl.DataFrame):
        table = np.array(table.rows(), dtype=object).reshape(table.shape)
    elif sparse.issparse(table):
        table = table.toarray()
    cells = np.asarray(table, dtype=object)
    return cells[:, None] if cells.ndim == 1 else cells


def written(table):
    return repr(cells_of(table).tolist())


def equal(cells, others):
    return written(cells) == written(others)
