"""Fits that are ended from outside at random moments, and what is left of them.

``python -m tests.estimators.interruption --moments 300 --limits 20`` is the long form.
"""

import argparse
import os
import pickle
import signal
import threading
import time
import warnings
from contextlib import contextmanager

import numpy as np
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.nn import Autoencoder
from sklearn_mtl.training import _cut
from tests.estimators.helpers import slow_among_noise

NOISE = 0.5
"""Seconds that a busy machine may add."""
MADE_READY = 0.1
"""Seconds to read a table and to make a net, where the limit is shorter."""


class NoteEpochs(Callback):
    """Keep the moments at which epochs of any part of a fit begin and end."""

    hears_all_parts = True

    def __init__(self):
        self.reset()

    def reset(self):
        self.parts, self.longest, self.ends = [], 0.0, []

    def on_train_begin(self, net, **kwargs):
        self.parts.append(net.part)

    def on_epoch_begin(self, net, **kwargs):
        self.began = time.monotonic()

    def on_epoch_end(self, net, **kwargs):
        self.ends.append(time.monotonic())
        self.longest = max(self.longest, self.last - self.began)

    @property
    def last(self):
        return self.ends[-1]

    def epochs_after(self, moment):
        return sum(end > moment for end in self.ends)


def few_rows():
    return slow_among_noise(200)


def some_labels():
    """Return a table most of whose rows train a decoder alone."""
    X, y = slow_among_noise(300)
    y = y[:, 1:3].copy()
    y[150:] = np.nan
    return X, y


COMMON = {
    "hidden_layer_sizes": (32, 32),
    "n_members": 5,
    "learning_rate_init": 0.003,
    "batch_size": 32,
    "max_iter": 30,
    "random_state": 0,
    "device": "cpu",
}
CASES = {
    "columns go on alone": (slow_among_noise, {"n_members": 3}, None),
    "decoder": (some_labels, {"reconstruction": Autoencoder(4), "max_iter": 20}, None),
    "cut into parts": (few_rows, {"max_iter": 25}, 120_000),
    "no rows held out": (few_rows, {"early_stopping": False}, None),
}
"""Table, parameters, and the memory of a stack beyond which it is cut."""


class Fits:
    """Fits of one case, and how long they may take to end.

    Attributes
    ----------
    seconds : float
        Of a fit that nobody ends.
    epoch : float
        Of its longest epoch; that of a stack that is cut takes place part by part.
    bookkeeping : float
        Between its last epoch and its return.
    """

    def __init__(self, name):
        table, parameters, self.bytes = CASES[name]
        self.table, self.noted = table(), NoteEpochs()
        self.parameters = {**COMMON, **parameters, "callbacks": [self.noted]}
        self.fit(self.new(max_iter=1))  # the first one of a process is slower
        net, self.seconds = self.fit(self.new())
        self.bookkeeping = self.began + self.seconds - self.noted.last
        self.n_cuts = self.noted.parts.count("shared")
        self.parts = sorted(set(self.noted.parts))
        self.epoch = self.noted.longest * self.n_cuts
        self.net = net

    @property
    def allowed(self):
        """Seconds that may pass between the end of the time and the return."""
        return 2 * self.epoch + 2 * self.bookkeeping + NOISE

    def new(self, **parameters):
        return MultiTaskNetEstimator(**self.parameters | parameters)

    def fit(self, net):
        """Fit; return the net and the seconds."""
        self.noted.reset()
        self.began = time.monotonic()
        with cut_beyond(self.bytes):
            net.fit(*self.table)
        return net, time.monotonic() - self.began

    def interrupted(self, after):
        """Fit, and press Ctrl-C after some seconds; the seconds until it returned.

        Also whether something was kept, in which case it is checked.
        """
        net, pressed = self.new(), []

        def press():
            os.kill(os.getpid(), signal.SIGINT)
            pressed.append(time.monotonic())  # this thread may be held up before it

        timer = threading.Timer(after, press)
        kept = True
        try:
            try:
                timer.start()
                self.fit(net)
                returned = time.monotonic()
            finally:
                timer.cancel()
                timer.join()
        except KeyboardInterrupt:
            returned = time.monotonic()
            kept = hasattr(net, "stack_")
            if not kept:
                assert not [name for name in vars(net) if name.endswith("_")]
        if kept:
            check_usable(net, self.table[0])
        self.epochs_after = self.noted.epochs_after(pressed[0]) if pressed else 0
        return (returned - pressed[0] if pressed else None), kept

    def limited(self, limit):
        """Fit within a limit; the seconds beyond it, and how many its rule allows.

        The rule is that of this fit itself: a busy machine may stop it for a while.
        """
        net, seconds = self.fit(self.new(time_limit=limit))
        self.epochs_after = self.noted.epochs_after(self.began + limit)
        n_cuts = max(1, self.noted.parts.count("shared"))
        bookkeeping = self.began + seconds - self.noted.last
        allowed = self.noted.longest * n_cuts + bookkeeping + MADE_READY
        check_usable(net, self.table[0])
        return seconds - limit, allowed, net


@contextmanager
def cut_beyond(n_bytes):
    before = _cut.MOST_BYTES
    _cut.MOST_BYTES = before if n_bytes is None else n_bytes
    try:
        yield
    finally:
        _cut.MOST_BYTES = before


def check_usable(net, X):
    """Raise where a fitted net does not do all that it should."""
    predicted = np.asarray(net.predict(X), dtype=float)
    assert np.isfinite(predicted).all()
    loaded = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(loaded.predict(X), predicted)
    n_epochs = len(net.history_)
    assert net.n_iter_ == n_epochs
    assert (net.best_epoch_ <= n_epochs).all()
    for known in net.stack_.nets:
        assert all(len(v) == len(known.history) for v in known.task_losses_.values())


def goes_on(net, table):
    """Train some more epochs, from where an ended fit left off."""
    net.set_params(warm_start=True, time_limit=None, max_iter=2)
    n_epochs = net.n_iter_
    net.fit(*table)
    assert n_epochs < net.n_iter_ <= n_epochs + 2
    check_usable(net, table[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=300)
    parser.add_argument("--limits", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    for name in CASES:
        fits = Fits(name)
        share = max(1, given.moments // len(CASES))
        late, kept, none, epochs = [], 0, 0, []
        for after in rng.uniform(0, fits.seconds, size=share):
            seconds, was_kept = fits.interrupted(after)
            none += seconds is None
            late += [] if seconds is None else [seconds]
            kept += was_kept
            epochs.append(fits.epochs_after)
        beyond, late_limits, epochs_beyond = [], 0, []
        for limit in np.geomspace(0.01, fits.seconds, max(1, given.limits)):
            seconds, allowed, net = fits.limited(limit)
            beyond.append(seconds)
            late_limits += seconds > allowed
            epochs_beyond.append(fits.epochs_after)
        goes_on(net, fits.table)
        print(
            f"{name}: parts {fits.parts}, fit {fits.seconds:.2f} s, epoch "
            f"{fits.epoch:.3f} s, bookkeeping {fits.bookkeeping:.3f} s, allowed "
            f"{fits.allowed:.2f} s. Ctrl-C at {len(late)} moments (fit was over at "
            f"{none}): kept {kept}, late {np.sum(np.array(late) > fits.allowed)}, "
            f"returned after {np.median(late):.3f} s (median), "
            f"{max(late):.3f} s and {max(epochs)} epochs (most) of {fits.n_cuts} parts."
            f" time_limit at {len(beyond)} values: "
            f"{np.median(beyond):.3f} s beyond (median), {max(beyond):.3f} s and "
            f"{max(epochs_beyond)} epochs (most), "
            f"late {late_limits}.",
            flush=True,
        )


if __name__ == "__main__":
    # A shell lets what it starts in the background ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.simplefilter("ignore")
    main()
