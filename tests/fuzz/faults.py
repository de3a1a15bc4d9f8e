"""Errors and Ctrl-C at any call that a method makes inside the package."""

import inspect
import sys
import warnings
from functools import partial
from typing import NamedTuple

import numpy as np

from tests.fuzz import recipes
from tests.fuzz.containers import cells_of, equal
from tests.fuzz.recipes import Recipe, made, repeats
from tests.fuzz.wrong import (
    expect,
    expect_same_state,
    in_the_package,
    of_the_process,
    state_of,
)


class BrokenOff(Exception):
    """What no part of the package may catch."""


AFTER_FIT = (
    *("predict", "predict_interval", "predict_set", "transform", "score"),
    *("sample", "score_samples"),
)
METHODS = (*("fit",) * 6, *("partial_fit", "warm start") * 4, *AFTER_FIT)
"""What is broken off, as often as it stands here."""


class Fault(NamedTuple):
    """What breaks a method, and at which of its calls, as a share of them."""

    recipe: Recipe = Recipe()
    what: str = "error"
    moment: float = 0.5
    fitted: bool = False
    method: str = "fit"


def drawn(rng):
    """Draw a fault."""
    what = ("error", "interrupt")[rng.integers(2)]
    moment = round(float(rng.random()), 4)
    method = METHODS[rng.integers(len(METHODS))]
    return Fault(recipes.drawn(rng), what, moment, bool(rng.random() < 0.5), method)


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
    """Break a method off. Return whether the table is refused in any case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _check(fault)


def prepared(fault):
    """Make an estimator at the point where the method is called."""
    net, X, y, more = made(fault.recipe)
    if fault.method == "warm start":
        net.set_params(warm_start=True)
    if fault.fitted or fault.method not in ("fit", "partial_fit"):
        net.fit(X, y, **more)
    return net, X, y, more


def call_of(fault, net, X, y, more):
    """Bind the method: scikit-learn turns errors while it is looked up into others."""
    if fault.method in ("fit", "warm start"):
        return partial(net.fit, X, y, **more)
    method = getattr(net, fault.method)
    if fault.method == "partial_fit":
        return partial(method, X, y, **more)
    if fault.method == "score":
        return partial(method, X, y)
    if fault.method == "sample":
        return partial(method, 5, random_state=0)
    return partial(method, X)


def _check(fault):
    try:
        net, *given = prepared(fault)
        call = call_of(fault, net, *given)
        with AtCall() as counted:
            call()
        after = net.predict(given[0])
    except Exception:  # for `tables` to judge
        return True
    net, *given = prepared(fault)
    X, call = given[0], call_of(fault, net, *given)
    predicted = net.predict(X) if hasattr(net, "stack_") else None
    before, process = state_of(net), of_the_process()
    number = 1 + int(fault.moment * (counted.calls - 1))
    act = break_off if fault.what == "error" else interrupt
    within = f"{fault.what} within {fault.method}"
    try:
        with AtCall(act, number):
            call()
    except (BrokenOff, KeyboardInterrupt):
        expect_same_state(net, before, within)
        if predicted is not None:
            unchanged = equal(net.predict(X), predicted)
            expect(unchanged, f"predictions changed by {within}")
        if repeats(fault.recipe):
            call()
            expect(equal(net.predict(X), after), f"goes on otherwise after {within}")
    else:
        check_usable(cells_of(net.predict(X)), cells_of(after), within)
    expect(of_the_process() == process, f"the process was changed by {within}")
    return False


def check_usable(cells, others, within):
    expect(cells.shape == others.shape, f"an unusable estimator after {within}")
    infinite = [v for v in cells.ravel() if isinstance(v, float) and np.isinf(v)]
    expect(not infinite, f"predictions not finite after {within}")
