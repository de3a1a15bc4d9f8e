"""A y that has further columns, beside those of an earlier one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_mtl.tables._columns import Column
from sklearn_mtl.tables._targets import (
    ArrayContainer,
    Container,
    FrameContainer,
    PandasContainer,
    TargetTable,
    check_same_columns,
)


@dataclass(frozen=True, eq=False)
class Placed:
    """Columns of a y in the order of an earlier one, further ones behind.

    Attributes
    ----------
    table : TargetTable
        A column that was not passed has no label.
    position : int ndarray of shape (n_columns,)
        Where each column stands in the y that was passed; -1 where it does not.
    """

    table: TargetTable
    position: np.ndarray

    def place(self, of_passed: np.ndarray) -> np.ndarray:
        """Bring what passed columns have, (n, m), into this order; 0 for the others."""
        if np.array_equal(self.position, range(of_passed.shape[1])):
            return of_passed
        placed: np.ndarray = np.where(
            self.position >= 0, of_passed[:, self.position], 0.0
        )
        return placed


def place_columns(
    table: TargetTable, names: Sequence[Hashable], known: Container, *, name: str = "y"
) -> Placed:
    """Bring a y into the order of an earlier one.

    Parameters
    ----------
    table : TargetTable
        Has the earlier columns in their order; or these in any order and further ones,
        or further ones alone, which a frame names and an array has at its end.
    names : sequence
        Of the earlier columns.
    known : Container
        Of the earlier y.
    name : str
        What the user calls `table`.

    Raises
    ------
    ValueError
        Some of the earlier columns are missing, or further ones have no name.
    """
    names = list(names)
    further = _further(table, names)
    if not further:
        check_same_columns(table, names, name=name)
        return Placed(table, np.arange(len(names)))
    if not table.container.is_frame:
        if known.is_frame:
            raise ValueError(
                f"{name} is an array of {len(table.columns)} columns, but fit saw a "
                f"data frame of {len(names)}: {names}. Pass a data frame, so that "
                "further columns have names."
            )
        columns = table.columns
        if len(names) == 1 and names != [0]:  # a series that has a name
            columns = [replace(columns[0], name=names[0]), *columns[1:]]
        grown = copy(table)
        grown.columns = columns
        return Placed(grown, np.arange(len(columns)))
    return _placed_by_name(table, names, known, further, name)


def _further(table: TargetTable, names: list[Hashable]) -> list[Hashable]:
    if table.container.is_frame:
        return [column for column in table.names if column not in names]
    return table.names[len(names) :] if table.container.ndim == 2 else []


def _placed_by_name(
    table: TargetTable,
    names: list[Hashable],
    known: Container,
    further: list[Hashable],
    name: str,
) -> Placed:
    lacking = [column for column in names if column not in table.names]
    if lacking and (len(lacking) < len(names) or not known.is_frame):
        raise ValueError(
            f"{name} has the further column {further[0]!r}, but not {lacking[0]!r}, "
            f"which fit saw. Pass all of {names} beside, missing where there is no "
            "label" + (", or further columns alone." if known.is_frame else ".")
        )
    position = np.array(
        [
            table.names.index(column) if column in table.names else -1
            for column in (*names, *further)
        ]
    )
    grown = copy(table)
    grown.columns = [
        table.columns[p] if p >= 0 else _without_labels(column, len(table))
        for p, column in zip(position, (*names, *further), strict=True)
    ]
    grown.container = _joined(known, table.container, position, len(names), name)
    return Placed(grown, position)


def _without_labels(name: Hashable, n_rows: int) -> Column:
    return Column(name, np.full(n_rows, np.nan), np.ones(n_rows, dtype=bool), "number")


def _joined(
    known: Container, found: Container, position: np.ndarray, n_known: int, name: str
) -> Container:
    """Put further columns behind those that a container had."""
    is_alike = type(found) is type(known)
    if isinstance(found, FrameContainer) and isinstance(known, FrameContainer):
        is_alike = found.backend == known.backend
    if is_alike:
        return _of_columns(known, found, range(n_known), position[n_known:])
    if (position < 0).any():
        raise ValueError(
            f"{name} is a data frame of another library than that which fit saw. Pass "
            "one of the same, or all earlier columns beside the further ones."
        )
    return _of_columns(found, found, position[:n_known], position[n_known:])


def _of_columns(first: Any, second: Any, of_first: Any, of_second: Any) -> Container:
    """Make a container of some columns of one and some of another."""
    made: Any = copy(first)
    if isinstance(first, PandasContainer):
        header = first.header[list(of_first)]
        made.header = header.append(second.header[list(of_second)])
        made.dtypes = _picked(first.dtypes, of_first, second.dtypes, of_second)
        made.dictionaries = _picked(
            first.dictionaries, of_first, second.dictionaries, of_second
        )
        return made
    assert not isinstance(first, ArrayContainer)
    names = _picked(list(first.schema), of_first, list(second.schema), of_second)
    for attribute in ("schema", "arrow_types", "dictionaries"):
        both = getattr(second, attribute) | getattr(first, attribute)
        setattr(made, attribute, {n: both[n] for n in names if n in both})
    return made


def _picked(first: list[Any], of_first: Any, second: list[Any], of_second: Any) -> Any:
    return [first[p] for p in of_first] + [second[p] for p in of_second]
