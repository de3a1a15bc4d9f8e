"""Draw inputs by number, check them, and report what is wrong by its kind."""

import signal
import time
from collections import Counter
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from tests.fuzz import calls, faults, tables
from tests.fuzz.wrong import Wrong, place_of

CHECKS = {"tables": tables, "calls": calls, "faults": faults}
SHARES = (0.5, 0.3, 0.2)
SLOW = 60
"""Seconds after which an input counts as one that hangs."""


class Finding(NamedTuple):
    """A wrong answer, and what repeats it."""

    kind: str
    detail: str
    seed: int
    number: int
    given: object

    @property
    def again(self):
        return f"python -m tests.fuzz --seed {self.seed} --number {self.number}"


@contextmanager
def within(seconds):
    def ended(*_):
        raise Wrong(f"not done within {seconds} s")

    if not hasattr(signal, "SIGALRM"):  # Windows
        yield
        return
    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def tried(check, given):
    """Return whether an input was refused, and the kind and detail of what is wrong."""
    try:
        with within(SLOW):
            return check(given), None, None
    except Wrong as wrong:
        return False, wrong.kind, str(wrong.detail)
    except Exception as error:
        kind = f"raw {type(error).__name__} after fit in {place_of(error)}"
        return False, kind, str(error)


def input_of(seed, number):
    """Return what is checked, and the module that checks it."""
    rng = np.random.default_rng([seed, number])
    name = str(rng.choice(list(CHECKS), p=SHARES))
    return name, CHECKS[name].drawn(rng)


def made_small(name, given, kind, tries=40):
    """Leave out what the fault does not need."""
    check, options = CHECKS[name].check, CHECKS[name].simpler(given)
    for _ in range(tries):
        option = next(options, None)
        if option is None:
            break
        if tried(check, option)[1] == kind:
            given, options = option, CHECKS[name].simpler(option)
    return given


def fuzz(seed, minutes, first=0, say=print):
    """Check inputs until the time is over. Return counts and findings."""
    end, counts, findings = time.monotonic() + 60 * minutes, Counter(), {}
    number = first
    while time.monotonic() < end:
        name, given = input_of(seed, number)
        refused, kind, detail = tried(CHECKS[name].check, given)
        counts[name] += 1
        counts["refused"] += bool(refused)
        if kind is not None:
            counts["wrong"] += 1
            found = Finding(f"{name}: {kind}", detail, seed, number, given)
            if found.kind not in findings:
                say(f"{found.kind}\n    {detail[:300]}\n    {found.again}", flush=True)
            findings.setdefault(found.kind, []).append(found)
        number += 1
    return counts, findings
