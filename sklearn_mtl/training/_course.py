"""How long a fit may go on, and what ended it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic
from typing import Any, Literal, Protocol

Reason = Literal["time", "interrupt", "callback"]


class EndOfTraining(KeyboardInterrupt):
    """No member goes on, or the fit does not; skorch listens to its base class."""


class Watcher(Protocol):
    """Who is told how a fit proceeds, across all of its nets."""

    def part_begins(self, name: str, most_epochs: int) -> None:
        """Hear that a part of the fit begins, which `MultiTaskNet.part` names."""

    def part_ends(self) -> bool:
        """Hear that the part has ended; True where the fit is to end."""

    def epoch_begins(self, net: Any) -> None:
        """Hear that an epoch begins."""

    def epoch_ends(self, net: Any) -> bool:
        """Hear that the epoch has ended; True where the part is to end."""


class Course:
    """What all trainings of one fit share: how long they may go on.

    Parameters
    ----------
    time_limit : float or None
        Seconds from now.
    watcher : Watcher or None
        Is told how the fit proceeds.

    Attributes
    ----------
    ended_by : {"time", "interrupt", "callback"} or None
        What ended the fit before its time; None as long as nothing did.

    Examples
    --------
    >>> from sklearn_mtl.training import Course
    >>> course = Course()
    >>> course.goes_on()
    True
    >>> course.end("interrupt")
    >>> course.goes_on(), course.ended_by
    (False, 'interrupt')
    """

    def __init__(
        self, time_limit: float | None = None, watcher: Watcher | None = None
    ) -> None:
        self.watcher = watcher
        self._until = inf if time_limit is None else monotonic() + time_limit
        self.ended_by: Reason | None = None

    def goes_on(self) -> bool:
        """Whether another epoch may begin."""
        if monotonic() >= self._until:
            self.end("time")
        return self.ended_by is None

    def end(self, by: Reason) -> None:
        """Let no further epoch begin; the first reason is kept."""
        self.ended_by = self.ended_by or by

    @contextmanager
    def part(self, name: str, most_epochs: int) -> Iterator[None]:
        """Tell the watcher of a part of the fit."""
        if self.watcher is not None:
            self.watcher.part_begins(name, most_epochs)
        try:
            yield
        finally:
            if self.watcher is not None and self.watcher.part_ends():
                self.end("callback")

    def of_one_among(self, n_left: int) -> Course:
        """Make the course of one of so many trainings that share the time left."""
        now = monotonic()
        left = None if self._until == inf else (self._until - now) / n_left
        one = Course(left, self.watcher)
        one.ended_by = self.ended_by
        return one
