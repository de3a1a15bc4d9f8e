"""Rounds of a halving search by epochs: candidates that are left train on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from sklearn_mtl.model_selection._stacked_jobs import (
    Call,
    Done,
    JobOfPaused,
    Paused,
    prefix_of,
)
from sklearn_mtl.model_selection._stacked_plan import frozen

RESOURCE = "max_iter"


class Rounds:
    """Stacks of the last round, whose candidates go on in the next one."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[int, tuple[int, int]]] = {}
        self._paused: dict[int, Paused] = {}

    def going_on(self, calls: Sequence[Call]) -> list[JobOfPaused]:
        """Make jobs of those calls whose candidates were trained to fewer epochs.

        What is left of the last round is forgotten: the next one is kept by `keep`.
        """
        of_stack: dict[int, dict[int, tuple[Call, tuple[int, int]]]] = {}
        for call in calls:
            found = self._known.get(_key(call))
            if found is not None:
                number, place = found
                of_stack.setdefault(number, {})[call.position] = call, place
        jobs = []
        for number, own in of_stack.items():
            paused = self._paused[number]
            places = {(c.split, c.candidate): place for c, place in own.values()}
            own_calls = [call for call, _ in own.values()]
            jobs.append(JobOfPaused(own_calls, paused._replace(places=places)))
        self._known, self._paused = {}, {}
        return jobs

    def keep(self, calls: Sequence[Call], done: Done) -> None:
        """Keep what can go on after a job."""
        of_place = {(call.split, call.candidate): call for call in calls}
        for paused in done.paused:
            number = len(self._paused)
            self._paused[number] = paused
            for numbers, place in paused.places.items():
                if numbers in of_place:
                    self._known[_key(of_place[numbers])] = number, place


def epochs_are_the_resource(calls: Sequence[Call]) -> bool:
    """Tell whether all candidates get the same number of epochs by their parameters."""
    asked = [call.how["parameters"].get(_name(call)) for call in calls]
    return bool(asked) and asked[0] is not None and all(n == asked[0] for n in asked)


def _name(call: Call) -> str:
    return prefix_of(call.estimator) + RESOURCE


def _key(call: Call) -> Hashable:
    """Make something that is equal for the same candidate and rows, round by round."""
    parameters: dict[str, Any] = dict(call.how["parameters"])
    parameters.pop(_name(call), None)
    rows = np.asarray(call.how["train"])
    return call.split, hash(rows.tobytes()), frozen(parameters)
