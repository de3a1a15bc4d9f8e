"""Labels that are only bounds: "<0.5", ">1000", intervals; and numbers beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from numbers import Real
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np

from sklearn_mtl.tables._columns import Column
from sklearn_mtl.tables._doubts import (
    Doubt,
    doubts_of_strings,
    looks_measured,
    warn_of,
)

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
EXACT = re.compile(rf"\s*({NUMBER})\s*")
ONE_SIDED = re.compile(rf"\s*(<=|>=|<|>|≤|≥)\s*({NUMBER})\s*")
TWO_SIDED = re.compile(rf"\s*[\[(]\s*({NUMBER}|-inf)\s*,\s*({NUMBER}|inf)\s*[\])]\s*")
ZERO_AHEAD = re.compile(r"\s*0\d+\s*")
"""As in 007, which is a name."""

_REMEDY = (
    "Write a bound as '>1000', '<=0.5' or '[0.5, 2]', pass a pandas.Interval, or make "
    "the label missing."
)


def bounds_of(column: Column) -> np.ndarray:
    """Lower and upper bound of each label; equal where the number itself is known.

    Parameters
    ----------
    column : Column
        Of numbers, of strings such as "1.5", "<0.5", ">=1000" and "[0.5, 2]", or of
        pandas.Interval. Whether a bound belongs to its interval makes no difference.

    Returns
    -------
    float64 ndarray of shape (n_rows, 2)
        Infinite where there is no bound, NaN where the label is missing.

    Raises
    ------
    ValueError
        A label is none of these, tells nothing, or its bounds are the wrong way round.
    """
    if column.content != "category":
        numbers = column.numbers()
        _refuse_infinite(column, numbers)
        return np.column_stack([numbers, numbers])
    codes, levels = column.factorize()
    table = np.full((len(levels) + 1, 2), np.nan)
    for code in np.unique(codes[codes >= 0]):
        bounds = _read(levels[code])
        if bounds is None:
            raise ValueError(
                f"Column {column.name!r} of y holds {levels[code]!r}, which is neither "
                f"a number nor a bound. {_REMEDY}"
            )
        _check(column, levels[code], *bounds)
        table[code] = bounds
    return table[codes]


def _refuse_infinite(column: Column, numbers: np.ndarray) -> None:
    if np.isinf(numbers).any():
        raise ValueError(
            f"Input y contains infinity: column {column.name!r} holds "
            f"{numbers[np.isinf(numbers)][0]}. {_REMEDY}"
        )


def _check(column: Column, cell: Any, lower: float, upper: float) -> None:
    if lower > upper:
        wrong = "whose bounds stand the wrong way round"
    elif np.isinf([lower, upper]).all():
        wrong = "which tells nothing of the label"
    elif np.isnan([lower, upper]).any():
        wrong = "of which a bound is not a number"
    else:
        return
    raise ValueError(f"Column {column.name!r} of y holds {cell!r}, {wrong}. {_REMEDY}")


def _read(cell: Any) -> tuple[float, float] | None:
    """Read one label; None where it is neither a number nor a bound."""
    if isinstance(cell, bytes):
        cell = cell.decode(errors="replace")
    if isinstance(cell, str):
        return _read_string(cell)
    if isinstance(cell, bool | np.bool_):
        return None
    if isinstance(cell, Real):
        return float(cell), float(cell)
    ends = getattr(cell, "left", None), getattr(cell, "right", None)
    if all(isinstance(end, Real) for end in ends):
        return float(ends[0]), float(ends[1])  # type: ignore[arg-type]
    return None


def _read_string(cell: str) -> tuple[float, float] | None:
    if (found := ONE_SIDED.fullmatch(cell)) is not None:
        bound = float(found[2])
        return (-np.inf, bound) if found[1] in ("<", "<=", "≤") else (bound, np.inf)
    if (found := TWO_SIDED.fullmatch(cell)) is not None:
        return float(found[1]), float(found[2])
    if ZERO_AHEAD.fullmatch(cell) is None and EXACT.fullmatch(cell) is not None:
        return float(cell), float(cell)
    return None


def may_be_bounds(column: Column) -> bool:
    """Tell whether every label is a number or a bound, and at least one a bound."""
    known = _levels_read(column)
    return any(lower != upper for _, (lower, upper) in known)


def are_bounds(column: Column) -> bool:
    """Tell whether the column is surely one of numbers of which some are bounds.

    Declared categories are not, nor are strings that may be names of a few groups,
    such as "<18", "18" and ">18": there must be numbers beside the bounds, as numbers,
    or as many as no groups have.
    """
    if column.levels is not None or not may_be_bounds(column):
        return False
    known = _levels_read(column)
    if any(not isinstance(level, str | bytes) for level, _ in known):
        return True
    return looks_measured([lower for _, (lower, upper) in known if lower == upper])


def warn_of_labels(column: Column, keep: str) -> None:
    """Warn where a column of y that is read as classes looks like something else.

    Parameters
    ----------
    column : Column
    keep : str
        How the user says that classes are meant.
    """
    warn_of(doubts_of_labels(column), keep)


def doubts_of_labels(column: Column) -> Iterator[Doubt]:
    """Tell what a column of y that nobody declared as classes is likely instead.

    Bounds come first: to turn their column into numbers would lose them.
    """
    said = _doubt_of_bounds(column)
    if said:
        yield Doubt(f"Column {column.name!r} of y holds {said}", False)
    elif not are_bounds(column):
        yield from doubts_of_strings(column, "y")


def _doubt_of_bounds(column: Column) -> str:
    if column.content != "category" or column.levels is not None:
        return ""
    levels, where = column.factorize()[1], f"y[{column.name!r}]"
    found = _Bounds.among(levels)
    with_points = _Bounds.among([_with_point(level) for level in levels])
    if len(with_points.strays) < len(found.strays) and with_points.are_likely():
        comma = next(level for level in levels if _with_point(level) != level)
        return (
            f"bounds and decimal commas, such as {comma!r}, and is read as "
            f"{len(levels)} classes. Write points, and bounds are read as such: "
            f"{where} = {where}.str.replace(',', '.')."
        )
    if not found.are_likely() or are_bounds(column):
        return ""
    if not found.strays:
        return (
            f"bounds, such as {found.bounds[0]!r}, beside {len(found.numbers)} "
            f"different numbers, and is read as {len(levels)} classes. Where labels "
            "are measurements, say 'censored' for it in task_types."
        )
    if not looks_measured(found.numbers):
        return ""
    stray = found.strays[0]
    return (
        f"{stray!r} among {len(found.numbers)} different numbers and bounds such as "
        f"{found.bounds[0]!r}; for it all of them are read as classes. Make the cell "
        f"missing, {where} = {where}.replace({stray!r}, None), and bounds are read as "
        "such."
    )


class _Bounds(NamedTuple):
    """Levels of a column: bounds, numbers, and what is neither."""

    bounds: list[Any]
    numbers: list[float]
    strays: list[Any]

    @classmethod
    def among(cls, levels: Iterable[Any]) -> _Bounds:
        read = [(level, _read(level)) for level in levels]
        return cls(
            [level for level, ends in read if ends and ends[0] != ends[1]],
            [ends[0] for _, ends in read if ends and ends[0] == ends[1]],
            [level for level, ends in read if ends is None],
        )

    def are_likely(self) -> bool:
        """Tell whether there are bounds, numbers, and few other words."""
        few = len(self.strays) <= max(3, len(self.numbers) // 2)
        return bool(self.bounds) and bool(self.numbers) and few


def _with_point(level: Any) -> Any:
    """Write a single decimal comma of a number or a bound as a point."""
    is_interval = isinstance(level, str) and level.strip()[:1] in ("[", "(")
    if not isinstance(level, str) or is_interval or level.count(",") != 1:
        return level
    return level.replace(",", ".")


def _levels_read(column: Column) -> list[tuple[Any, tuple[float, float]]]:
    """Levels with their bounds; none at all where one of them is no bound."""
    if column.content != "category":
        return []
    known = []
    codes, levels = column.factorize()
    for code in np.unique(codes[codes >= 0]):
        bounds = _read(levels[code])
        if bounds is None:
            return []
        known.append((levels[code], bounds))
    return known


def with_intervals_as_objects(y: Any) -> Any:
    """Turn columns of pandas' type of intervals into columns of objects."""
    if nw.dependencies.is_pandas_series(y):
        return y.astype(object) if _is_interval(y.dtype) else y
    if not nw.dependencies.is_pandas_dataframe(y):
        return y
    named = [name for name, dtype in y.dtypes.items() if _is_interval(dtype)]
    return y.astype(dict.fromkeys(named, object)) if named else y


def _is_interval(dtype: Any) -> bool:
    """Whether a type of pandas holds intervals of numbers."""
    kind = getattr(getattr(dtype, "subtype", None), "kind", "")
    return str(dtype).startswith("interval") and kind in tuple("fiu")
