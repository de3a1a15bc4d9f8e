"""Which columns of y are predicted, and which are known in training only."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_mtl.tables._columns import Column
from sklearn_mtl.tables._targets import TargetTable, check_same_columns


@dataclass(frozen=True)
class Roles:
    """The columns of y that are predicted, and the auxiliary ones.

    Attributes
    ----------
    names : list
        Of all columns of y.
    auxiliary : tuple of int
        Positions of those that are known in training only.
    """

    names: list[Hashable]
    auxiliary: tuple[int, ...] = ()

    @property
    def predicted(self) -> Sequence[int]:
        """Positions of the columns that are predicted."""
        return all_but(self.auxiliary, len(self.names))

    def positions_in(self, table: TargetTable) -> Sequence[int]:
        """Find the predicted columns in a table that may hold auxiliary ones, or not.

        A frame tells its columns by name, anything else by their number.
        """
        everything = range(len(table.columns))
        if not self.auxiliary:
            return everything
        if table.container.is_frame:
            ignored = {self.names[t] for t in self.auxiliary}
            return [p for p in everything if table.names[p] not in ignored]
        return self.predicted if len(everything) == len(self.names) else everything

    def check_predicted(self, table: TargetTable, *, name: str) -> Sequence[int]:
        """Check that a table has the predicted columns, and find them in it.

        Parameters
        ----------
        table : TargetTable
            With auxiliary columns or without.
        name : str
            What the user calls it.
        """
        positions = self.positions_in(table)
        if not self.auxiliary:
            check_same_columns(table, self.names, name=name)
            return positions
        names = [self.names[t] for t in self.predicted]
        check_same_columns(
            table.select(positions), names, name=name, source="fit predicts"
        )
        return positions

    def with_blanks(self, table: TargetTable, *, name: str) -> TargetTable:
        """Give a table all columns of y; auxiliary ones that it lacks hold no label.

        Raises
        ------
        ValueError
            A predicted column is missing, or another one is there.
        """
        positions = self.check_predicted(table, name=name)
        if not self.auxiliary:
            return table
        known = dict(zip(self.predicted, positions, strict=True))
        if table.container.is_frame:
            of_name = {name: p for p, name in enumerate(table.names)}
            known |= {
                t: of_name[self.names[t]]
                for t in self.auxiliary
                if self.names[t] in of_name
            }
        elif len(table.columns) == len(self.names):
            known |= {t: t for t in self.auxiliary}
        columns = [
            replace(table.columns[known[t]], name=label)
            if t in known
            else _blank(label, len(table))
            for t, label in enumerate(self.names)
        ]
        return table.holding(columns)


def all_but(auxiliary: tuple[int, ...], number: int) -> Sequence[int]:
    """Positions of a number of columns but for the auxiliary ones."""
    if not auxiliary:
        return range(number)
    left_out = set(auxiliary)
    return [t for t in range(number) if t not in left_out]


def _blank(name: Hashable, n_rows: int) -> Column:
    missing = np.ones(n_rows, dtype=bool)
    return Column(name, np.full(n_rows, np.nan), missing, "number")


def read_roles(auxiliary: Any, names: Sequence[Hashable]) -> Roles:
    """Read the parameter `auxiliary`: names or positions of columns of y.

    Raises
    ------
    ValueError
        A column is not there, is named twice, or none is left to be predicted.
    """
    names = list(names)
    if auxiliary is None:
        return Roles(names)
    positions: list[int] = []
    for said in _entries(auxiliary, names):
        position = _position(said, names)
        if position in positions:
            raise ValueError(
                f"auxiliary names column {names[position]!r} of y twice. Name each "
                "column once."
            )
        positions.append(position)
    if len(positions) == len(names):
        raise ValueError(
            f"auxiliary={auxiliary!r} names every column of y, so that none is left to "
            "be predicted. Leave out the columns that are to be predicted."
        )
    return Roles(names, tuple(sorted(positions)))


def _entries(auxiliary: Any, names: list[Hashable]) -> list[Any]:
    """List what was named; a column's name may be a tuple."""
    if isinstance(auxiliary, str) or not hasattr(auxiliary, "__iter__"):
        return [auxiliary]
    if isinstance(auxiliary, tuple) and auxiliary in names:
        return [auxiliary]
    return list(auxiliary)


def _position(said: Any, names: list[Hashable]) -> int:
    is_flag = isinstance(said, bool | np.bool_)
    if not is_flag and said in names:
        return names.index(said)
    is_position = isinstance(said, int | np.integer) and not is_flag
    if is_position and -len(names) <= said < len(names):
        return int(said) % len(names)
    shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    raise ValueError(
        f"auxiliary names {said!r}, which is no column of y. The columns are {shown}; "
        f"pass some of these names, or positions below {len(names)}."
    )
