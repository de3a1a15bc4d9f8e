"""The numbers that stand for a date, as an ONNX graph: what `DateParts` does."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.io._onnx_graph import Graph
from sklearn_mtl.tables._dates import DAY_OF_EPOCH, YEAR_IN_DAYS, DateParts

DAY = 86_400_000_000
"""In microseconds, which dates are counted in."""
MISSING = np.iinfo(np.int64).min
"""What NumPy gives for NaT."""
MARCH_OF_YEAR_0 = 719_468
"""Days from 1 March of the year 0 to 1 January 1970."""


def add_date_parts(graph: Graph, cells: str, dates: DateParts) -> str:
    """Map microseconds since 1970, (n_rows, 1), to numbers; NaN where missing."""
    missing = graph.op("Equal", cells, np.array(MISSING))
    moment = graph.op("Where", missing, np.array(0), cells)
    time = graph.op("Mod", moment, np.array(DAY))
    day = graph.op("Div", graph.op("Sub", moment, time), np.array(DAY))
    origin = dates.origin.astype("datetime64[us]").astype(np.int64)
    elapsed = graph.op("Sub", moment, np.array(origin))
    weekday = graph.op("Mod", graph.op("Add", day, np.array(DAY_OF_EPOCH)), np.array(7))
    parts = [
        _days(graph, elapsed),
        *_on_circle(graph, _day_of_year(graph, day), YEAR_IN_DAYS),
        graph.cast(graph.op("Equal", weekday, np.arange(7)[None]), np.float64),
    ]
    if "day_sin" in dates.suffixes:
        parts += _on_circle(graph, time, float(DAY))
    return graph.op("Where", missing, np.array(np.nan), graph.join(parts, 1))


def _days(graph: Graph, microseconds: str) -> str:
    return graph.op("Div", graph.cast(microseconds, np.float64), np.array(float(DAY)))


def _on_circle(graph: Graph, count: str, turn: float) -> list[str]:
    turns = graph.op("Div", graph.cast(count, np.float64), np.array(turn))
    angle = graph.op("Mul", turns, np.array(2 * np.pi))
    return [graph.op("Sin", angle), graph.op("Cos", angle)]


def _day_of_year(graph: Graph, day: str) -> str:
    """Count days since 1 January of their year, from days since 1970.

    Years are counted from March, so that the leap day is the last of one (Hinnant,
    "chrono-Compatible Low-Level Date Algorithms").
    """

    def of(kind: str, left: str, right: int) -> str:
        return graph.op(kind, left, np.array(right))

    shifted = of("Add", day, MARCH_OF_YEAR_0)
    day_of_era = of("Mod", shifted, 146_097)
    leap_days = graph.op(
        "Sub",
        graph.op("Sub", of("Div", day_of_era, 36_524), of("Div", day_of_era, 1_460)),
        of("Div", day_of_era, 146_096),
    )
    year = of("Div", graph.op("Add", day_of_era, leap_days), 365)  # of the era
    past_leaps = graph.op("Sub", of("Div", year, 4), of("Div", year, 100))
    past = graph.op("Add", of("Mul", year, 365), past_leaps)
    since_march = graph.op("Sub", day_of_era, past)
    leaps_by_4 = of("Equal", of("Mod", year, 4), 0)
    by_400 = of("Equal", of("Mod", year, 400), 0)
    not_by_100 = graph.op("Not", of("Equal", of("Mod", year, 100), 0))
    is_leap = graph.op("And", leaps_by_4, graph.op("Or", not_by_100, by_400))
    until_march = graph.op("Add", graph.cast(is_leap, np.int64), np.array(59))
    return graph.op(
        "Where",
        of("GreaterOrEqual", since_march, 306),  # January and February
        of("Sub", since_march, 306),
        graph.op("Add", since_march, until_march),
    )
