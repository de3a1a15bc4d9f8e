"""How long a fit may go on, and what ended it."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import Literal

Reason = Literal["time", "interrupt", "callback"]


class EndOfTraining(KeyboardInterrupt):
    """No member goes on, or the fit does not; skorch listens to its base class."""


class Course:
    """What all trainings of one fit share: how long they may go on.

    Parameters
    ----------
    time_limit : float or None
        Seconds from now.

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

    def __init__(self, time_limit: float | None = None) -> None:
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

    def of_one_among(self, n_left: int) -> Course:
        """Make the course of one of so many trainings that share the time left."""
        now = monotonic()
        one = Course(None if self._until == inf else (self._until - now) / n_left)
        one.ended_by = self.ended_by
        return one
