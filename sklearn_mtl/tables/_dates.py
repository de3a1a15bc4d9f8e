"""Dates of X as numbers: how long ago, which season, which day of the week."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from sklearn_mtl.tables._columns import Column

DAY = np.timedelta64(1, "D")
YEAR_IN_DAYS = 365.2425
WEEKDAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
DAY_OF_EPOCH = 3
"""1 January 1970 was a Thursday; Monday is 0."""


class DateParts:
    """Numbers that stand for the dates of one column.

    The days since the earliest date in `fit`, which stand first; the day of the year
    as a point on a circle, so that December is near January; a column a weekday; and,
    where a date in `fit` has a time, the time of the day as a point on a circle.

    Parameters
    ----------
    column : Column
        Dates of the rows in `fit`.

    Attributes
    ----------
    name : hashable
    zone : str or None
    origin : datetime64
        The earliest date.
    suffixes : list of str
        What the names of the numbers end in.
    """

    def __init__(self, column: Column) -> None:
        self.name: Hashable = column.name
        self.zone = column.zone
        dates = column.observed
        self.origin = dates.min() if len(dates) else np.datetime64(0, "us")
        has_time = bool((dates != _midnight(dates)).any())
        self.suffixes = ["elapsed", "year_sin", "year_cos", *WEEKDAYS]
        self.suffixes += ["day_sin", "day_cos"] * has_time

    def __len__(self) -> int:
        return len(self.suffixes)

    @property
    def names(self) -> list[str]:
        """Names of the numbers."""
        return [f"{self.name}_{suffix}" for suffix in self.suffixes]

    def numbers(self, column: Column) -> np.ndarray:
        """Read dates as numbers (n_rows, n_parts), NaN where missing."""
        self._check(column)
        dates, known = column.values, ~column.missing
        numbers = np.full((len(dates), len(self)), np.nan)
        numbers[known] = self._parts(dates[known])
        return numbers

    def dates(self, elapsed: np.ndarray) -> np.ndarray:
        """Turn days since `origin` back into dates, in UTC where they have a zone."""
        lasting = (elapsed * (DAY / np.timedelta64(1, "us"))).astype("timedelta64[us]")
        found: np.ndarray = self.origin + lasting
        return found if self.zone is None else _in_utc(found, self.zone)

    def _parts(self, dates: np.ndarray) -> np.ndarray:
        midnight = _midnight(dates)
        year = midnight.astype("datetime64[Y]").astype("datetime64[D]")
        weekday = (midnight.astype("datetime64[D]").astype(np.int64) + DAY_OF_EPOCH) % 7
        parts = [(dates - self.origin) / DAY]
        parts += _on_circle((midnight - year) / DAY / YEAR_IN_DAYS)
        parts += [weekday == day for day in range(7)]
        if len(self) > len(parts):
            parts += _on_circle((dates - midnight) / DAY)
        return np.column_stack(parts)

    def _check(self, column: Column) -> None:
        if not len(column.observed):
            return
        if column.content != "date":
            found = column.observed.tolist()[0]
            raise ValueError(
                f"Column {self.name!r} of X holds {found!r}, but fit saw "
                f"dates. Turn it into dates: X[{self.name!r}] = "
                f"pd.to_datetime(X[{self.name!r}])."
            )
        if column.zone != self.zone:
            zone = f"the time zone {self.zone!r}" if self.zone else "no time zone"
            now = f"the time zone {column.zone!r}" if column.zone else "no time zone"
            step = "convert" if self.zone and column.zone else "localize"
            raise ValueError(
                f"Column {self.name!r} of X has dates in {now}, but fit saw {zone}. "
                f"Pass X[{self.name!r}].dt.tz_{step}({self.zone!r})."
            )


def _in_utc(clocks: np.ndarray, zone: str) -> np.ndarray:
    """Turn what clocks of a time zone show into UTC, which containers go by."""
    try:
        there = ZoneInfo(zone)
    except (ValueError, ZoneInfoNotFoundError):  # "UTC+01:00" is no name of a zone
        return clocks
    moments = [
        clock.replace(tzinfo=there).astimezone(UTC).replace(tzinfo=None)
        for clock in clocks.tolist()
    ]
    return np.array(moments, dtype="datetime64[us]")


def _midnight(dates: np.ndarray) -> np.ndarray:
    return dates.astype("datetime64[D]").astype("datetime64[us]")


def _on_circle(turns: np.ndarray) -> list[np.ndarray]:
    return [np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)]
