"""Columns of strings that are likely something else: numbers, dates, free text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sklearn_mtl.exceptions import warn
from sklearn_mtl.tables._columns import Column

MANY_LEVELS = 16
"""Whole numbers up to so many may be codes of categories."""
FEW_FRACTIONS = 5
"""Categories are seldom numbers with a fraction."""
MANY_TEXTS = 40
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?")
WITH_UNIT = re.compile(
    r"\s*([+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)(\s*[^\W\d_/%°][\w/%°^.-]*|\s*%)\s*"
)
MISSING_WORDS = frozenset(
    ("", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaT", "NULL", "null")
)


def warn_of_strings(column: Column, table: str, keep: str) -> None:
    """Warn where strings that nobody declared as categories look like something else.

    Parameters
    ----------
    column : Column
    table : {"X", "y"}
        Where it stands.
    keep : str
        How the user says that categories are meant.
    """
    warn_of(doubts_of_strings(column, table), keep)


def warn_of(doubts: Iterable[Doubt], keep: str) -> None:
    """Warn of what a column is likely instead, and say how to keep it."""
    for said in doubts:
        # That classes are meant says nothing against a label that should be missing.
        warn(said.text if said.is_missing_word else f"{said.text} {keep}")


class Doubt(NamedTuple):
    """What a column of strings is likely instead, and how it becomes that."""

    text: str
    is_missing_word: bool


def doubts_of_strings(column: Column, table: str) -> Iterator[Doubt]:
    """Tell why strings that nobody declared as categories look like something else.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.tables import doubts_of_strings, read_columns
    >>> cells = np.array([["1.5"], ["2.5"], ["3.1"], ["0.2"], ["9.9"], ["?"]], object)
    >>> [doubt.text[:38] for doubt in doubts_of_strings(*read_columns(cells), "X")]
    ["Column 0 of X holds '?' among 5 differ"]
    """
    if column.content != "category":
        return
    _, levels = column.factorize()
    where = f"{table}[{column.name!r}]"
    begin = f"Column {column.name!r} of {table} holds "
    words = [v for v in levels if isinstance(v, str) and v.strip() in MISSING_WORDS]
    if words and table == "y":
        yield Doubt(
            f"{begin}{words[0]!r}, which is read as a class, not as a missing label. "
            f"Write None where a label is missing: "
            f"{where}.replace({words[0]!r}, None).",
            True,
        )
    if column.levels is not None:
        return
    said = (
        _numbers_in(levels, where)
        or _dates_in(levels, where)
        or _units_in(levels, where)
        or _texts_in(levels, len(column.observed), where)
        or _spellings_in(levels, where)
    )
    if said:
        yield Doubt(f"{begin}{said}", False)


def _numbers_in(levels: list[Any], where: str) -> str:
    read = [(level, _number(level)) for level in levels]
    numbers = [level for level, number in read if number is not None]
    others = [level for level, number in read if number is None]
    enough = looks_measured([n for _, n in read if n is not None])
    if not enough or len(others) > max(3, len(numbers) // 2):
        return ""
    turn = f"{where} = pd.to_numeric({where}, errors='coerce')"
    if any("," in str(level) for level in numbers):
        turn = turn.replace(f"({where},", f"({where}.str.replace(',', '.'),")
    if others:
        return (
            f"{others[0]!r} among {len(numbers)} different numbers; for it all of "
            f"them are read as categories. Make the cell missing or a number: {turn}."
        )
    return (
        f"numbers that are written as strings, such as {numbers[0]!r}, and are read as "
        f"{len(numbers)} categories. Turn them into numbers: {turn}."
    )


def looks_measured(numbers: list[float]) -> bool:
    """Tell whether different numbers are too many, or too uneven, to be codes."""
    fractions = sum(number % 1 != 0 for number in numbers)
    return fractions >= FEW_FRACTIONS or len(numbers) > MANY_LEVELS


def _number(cell: Any) -> float | None:
    text = cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
    text = text.strip()
    if re.fullmatch(r"0\d+", text) or text in MISSING_WORDS:  # 007 is a name
        return None
    try:
        return float(text.replace(",", ".") if text.count(",") == 1 else text)
    except ValueError:
        return None


def _dates_in(levels: list[Any], where: str) -> str:
    dates = [v for v in levels if isinstance(v, str) and DATE.fullmatch(v.strip())]
    if len(dates) < FEW_FRACTIONS or len(dates) < 0.9 * len(levels):
        return ""
    turn = f"{where} = pd.to_datetime({where})"
    return (
        f"dates that are written as strings, such as {dates[0]!r}, and are read as "
        f"{len(levels)} categories. Turn them into dates: {turn}."
    )


def _units_in(levels: list[Any], where: str) -> str:
    found = [WITH_UNIT.fullmatch(v) for v in levels if isinstance(v, str)]
    units = Counter(one[2] for one in found if one is not None)
    unit, n_levels = units.most_common(1)[0] if units else ("", 0)
    if n_levels < FEW_FRACTIONS or n_levels < 0.9 * len(levels):
        return ""
    example = next(one[0] for one in found if one is not None)
    turn = f"{where} = pd.to_numeric({where}.str.removesuffix({unit!r}))"
    return (
        f"numbers with a unit, such as {example!r}, and is read as {len(levels)} "
        f"categories. Take the unit away: {turn}."
    )


def _spellings_in(levels: list[Any], where: str) -> str:
    """Tell of two words that differ in spaces or case alone."""
    seen: dict[str, str] = {}
    for level in levels:
        if not isinstance(level, str):
            continue
        other = seen.setdefault(level.strip().casefold(), level)
        if other != level:
            turn = f"{where} = {where}.str.strip().str.lower()"
            return (
                f"{other!r} and {level!r}, which differ in spaces or case alone and "
                f"are read as two categories. Spell them alike: {turn}."
            )
    return ""


def _texts_in(levels: list[Any], n_rows: int, where: str) -> str:
    if len(levels) <= max(MANY_TEXTS, n_rows / 2):
        return ""
    return (
        f"{len(levels)} different values in {n_rows} rows, such as {levels[0]!r}; as "
        f"categories they say next to nothing. Drop the column if it names rows; if it "
        f"is free text, encode it first, as skrub.tabular_pipeline does (skrub)."
    )
