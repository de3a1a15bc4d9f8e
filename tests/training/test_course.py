"""How long a fit may go on, and what ended it."""

import pytest

from sklearn_mtl.training import _course
from sklearn_mtl.training._course import Course


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(_course, "monotonic", lambda: now[0])
    return now


def test_time_ends_a_course(clock):
    course = Course(10)
    assert course.goes_on()
    clock[0] += 10
    assert not course.goes_on()
    assert course.ended_by == "time"


def test_first_reason_is_kept(clock):
    course = Course(10)
    course.end("callback")
    course.end("interrupt")
    clock[0] += 20
    assert not course.goes_on()
    assert course.ended_by == "callback"


def test_trainings_share_the_time_that_is_left(clock):
    course = Course(30)
    first = course.of_one_among(3)
    clock[0] += 9
    assert first.goes_on()
    clock[0] += 1
    assert not first.goes_on()
    assert course.goes_on()
    second = course.of_one_among(2)
    clock[0] += 9.5
    assert second.goes_on()
    clock[0] += 0.5
    assert not second.goes_on()
    course.end("interrupt")
    assert course.of_one_among(1).ended_by == "interrupt"


class Watcher:
    def __init__(self, stops):
        self.stops, self.told = stops, []

    def part_begins(self, name, most_epochs):
        self.told.append((name, most_epochs))

    def part_ends(self):
        self.told.append("ends")
        return self.stops


@pytest.mark.parametrize("stops", [False, True])
def test_watcher_is_told_of_parts_and_may_end_the_fit(stops):
    watcher = Watcher(stops)
    course = Course(None, watcher)
    with course.part("shared", 7):
        assert course.of_one_among(2).watcher is watcher
    assert watcher.told == [("shared", 7), "ends"]
    assert course.goes_on() != stops


def test_watcher_is_told_of_the_end_of_a_part_that_was_broken_off():
    watcher = Watcher(False)
    with pytest.raises(KeyboardInterrupt), Course(None, watcher).part("own", 1):
        raise KeyboardInterrupt
    assert watcher.told[-1] == "ends"
