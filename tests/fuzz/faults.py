"""Errors and Ctrl-C at any call that a fit makes inside the package."""

import inspect
import sys
import warnings
from typing import NamedTuple

import numpy as np

from tests.fuzz import recipes
from tests.fuzz.containers import cells_of, equal
from tests.fuzz.recipes import Recipe, made
from tests.fuzz.wrong import expect, expect_same_state, in_the_package, state_of


class BrokenOff(Exception):
    """What no part of the package may catch."""


class Fault(NamedTuple):
    """What breaks a fit, and at which of its calls, as a share of them."""

    recipe: Recipe = Recipe()
    what: str = "error"
    moment: float = 0.5
    fitted: bool = False


def drawn(rng):
    """Draw a fault."""
    what = ("error", "interrupt")[rng.integers(2)]
    moment = round(float(rng.random()), 4)
    return Fault(recipes.drawn(rng), what, moment, bool(rng.random() < 0.5))


def simpler(fault):
    for recipe in recipes.simpler(fault.recipe):
        yield fault._replace(recipe=recipe)
    if fault.fitted:
        yield fault._replace(fitted=False)


class AtCall:
    """Within a ``with``, count calls into the package and act at one of them."""

    def __init__(self, act=None, number=None):
        self.act, self.number, self.calls = act, number, 0

    def __enter__(self):
        sys.setprofile(self.listen)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)

    def listen(self, frame, event, argument):
        code = frame.f_code
        if code.co_flags & inspect.CO_GENERATOR:  # errors while closing are lost
            return
        if event == "call" and in_the_package(code):
            self.calls += 1
            if self.calls == self.number:
                sys.setprofile(None)
                self.act()


def break_off():
    raise BrokenOff


def interrupt():
    raise KeyboardInterrupt  # what Ctrl-C does, also where a shell ignores it


def check(fault):
    """Break a fit off. Return whether the table is refused in any case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _check(fault)


def _check(fault):
    net, X, y, more = made(fault.recipe)
    try:
        net.fit(X, y, **more).predict(X)
    except Exception:  # for `tables` to judge
        return True
    with AtCall() as counted:
        net.fit(X, y, **more)
    expected = net.predict(X)
    if not fault.fitted:
        net = made(fault.recipe)[0]
    before = state_of(net)
    number = 1 + int(fault.moment * (counted.calls - 1))
    act = break_off if fault.what == "error" else interrupt
    try:
        with AtCall(act, number):
            net.fit(X, y, **more)
    except (BrokenOff, KeyboardInterrupt):
        expect_same_state(net, before, f"{fault.what} within fit")
        if fault.fitted:
            unchanged = equal(net.predict(X), expected)
            expect(unchanged, f"predictions changed by {fault.what} within fit")
    else:
        given = cells_of(net.predict(X))
        expect(given.shape == cells_of(expected).shape, "an unusable estimator")
        infinite = [v for v in given.ravel() if isinstance(v, float) and np.isinf(v)]
        expect(not infinite, f"predictions not finite after {fault.what}")
    return False
