"""Dictionaries of Arrow: categories of a pyarrow table, or of pandas over pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np


class ArrowDictionary(NamedTuple):
    """A column of Arrow's dictionary type.

    Attributes
    ----------
    levels : list
    codes : int ndarray of shape (n_rows,)
        Position of each cell in `levels`, -1 where it is missing.
    ordered : bool
    """

    levels: list[Any]
    codes: np.ndarray
    ordered: bool


def is_arrow_dictionary(dtype: Any) -> bool:
    """Tell whether a type of pyarrow, or of pandas over it, is a dictionary."""
    arrow = getattr(dtype, "pyarrow_dtype", dtype)
    return type(arrow).__name__ == "DictionaryType"


def arrow_dictionary(native: Any) -> ArrowDictionary | None:
    """Read a column of pandas or pyarrow; None where it is no Arrow dictionary."""
    is_pandas = nw.dependencies.is_pandas_series(native)
    if not is_arrow_dictionary(native.dtype if is_pandas else _type_of(native)):
        return None
    chunked = native.array.__arrow_array__() if is_pandas else native
    array = chunked.unify_dictionaries().combine_chunks()
    if hasattr(array, "chunks"):  # no chunk at all
        return ArrowDictionary([], np.empty(0, dtype=np.int64), array.type.ordered)
    levels = array.dictionary.to_pylist()
    signed = array.indices.cast("int64").fill_null(-1)  # may be unsigned
    codes = signed.to_numpy(zero_copy_only=False)
    empty = [code for code, level in enumerate(levels) if level is None]
    codes = np.where(np.isin(codes, empty), -1, codes)
    return ArrowDictionary(levels, codes, bool(array.type.ordered))


def _type_of(native: Any) -> Any:
    return native.type if nw.dependencies.is_pyarrow_chunked_array(native) else None


def arrow_array(cells: Sequence[Any], dtype: Any, levels: Sequence[Any]) -> Any:
    """Make an Arrow dictionary of a type, with the levels of an earlier column."""
    import pyarrow as pa

    index = {level: code for code, level in enumerate(levels)}
    known = pa.array([index.get(cell) for cell in cells], dtype.index_type)
    return pa.DictionaryArray.from_arrays(
        known, pa.array(levels, dtype.value_type), ordered=dtype.ordered
    )
