"""Ctrl-C, also where Python drops the exception that it raises."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn_mtl.training._course import Course


@contextmanager
def interrupts_end(course: Course) -> Iterator[None]:
    """Let Ctrl-C end a course whatever becomes of the KeyboardInterrupt.

    One that is raised within a finalizer or the callback of a weak reference is printed
    by Python, and gone. A handler of the caller's own stays in charge.
    """
    usual = signal.default_int_handler
    in_charge = threading.current_thread() is threading.main_thread()
    if not in_charge or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return

    def ends(number: int, frame: Any) -> Any:
        course.end("interrupt")
        return usual(number, frame)

    signal.signal(signal.SIGINT, ends)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is ends:
            signal.signal(signal.SIGINT, usual)
