"""Ctrl-C whose exception Python drops."""

import os
import signal
import threading
import weakref

import numpy as np
import pytest
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.training import Course
from sklearn_mtl.training._interrupts import interrupts_end

NEVER_MIND = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


class Something:
    """What a weak reference may point to."""


def press():
    os.kill(os.getpid(), signal.SIGINT)


def press_where_it_is_dropped():
    something = Something()
    reference = weakref.ref(something, lambda _: press())
    del something
    return reference


class PressAt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            press_where_it_is_dropped()


@NEVER_MIND
def test_a_fit_ends_though_the_exception_is_dropped():
    X = np.random.default_rng(0).normal(size=(40, 2))
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(4,), n_members=2, max_iter=9, callbacks=[PressAt(3)]
    ).fit(X, X)

    assert net.n_iter_ == 3


@NEVER_MIND
def test_the_exception_is_raised_where_python_lets_it():
    course = Course()
    with pytest.raises(KeyboardInterrupt), interrupts_end(course):
        press()
    assert course.ended_by == "interrupt"


@NEVER_MIND
def test_a_handler_of_the_caller_stays_in_charge():
    heard, course = [], Course()
    signal.signal(signal.SIGINT, lambda *_: heard.append("own"))
    with interrupts_end(course):
        press()
    signal.signal(signal.SIGINT, signal.default_int_handler)

    assert heard == ["own"]
    assert course.ended_by is None


def test_threads_which_hear_no_signals_can_fit():
    course, entered = Course(), []

    def fit():
        with interrupts_end(course):
            entered.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=fit)
    thread.start()
    thread.join()

    assert entered == [signal.default_int_handler]
