"""Ctrl-C, callbacks and limits of time end all of a fit, and leave it usable."""

import signal
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback, EarlyStopping

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.estimators import _own_net
from sklearn_mtl.inspection import compare_single_task
from sklearn_mtl.training import MultiTaskNet
from tests.estimators.interruption import (
    CASES,
    COMMON,
    Fits,
    NoteEpochs,
    check_usable,
    cut_beyond,
    goes_on,
    slow_among_noise,
)

QUICK = COMMON | {"n_members": 2, "max_iter": 12, "learning_rate_init": 0.01}
"""Column 2 goes on alone here, too."""
SPENT = 1e-9
"""A limit that is over before anything is trained."""


@pytest.fixture(scope="module")
def table():
    return slow_among_noise()


def net_of(**parameters):
    return MultiTaskNetEstimator(**QUICK | parameters)


class Stop(Callback):
    """End training at the end of some epoch of the shared network."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


class CtrlC:
    """Press Ctrl-C where losses of some epoch are read."""

    def __init__(self, monkeypatch, epoch, part="shared"):
        record = MultiTaskNet._record

        def interrupted(net, *args):
            if net.part == part and len(net.history) == epoch:
                raise KeyboardInterrupt
            record(net, *args)

        monkeypatch.setattr(MultiTaskNet, "_record", interrupted)


# At random moments


SLACK = 5
"""Short epochs of many that may pass where another program holds this one up."""


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """Hear it also where a shell lets what runs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_fits_end_at_random_moments(name):
    fits = Fits(name)
    for after in np.random.default_rng(0).uniform(0, fits.seconds, size=2):
        fits.interrupted(after)
        assert fits.epochs_after <= fits.n_cuts + SLACK
    _, _, net = fits.limited(fits.seconds / 2)
    assert fits.epochs_after <= fits.n_cuts + SLACK
    goes_on(net, fits.table)


# Ctrl-C


def test_ctrl_c_ends_all_of_fit(table, monkeypatch):
    noted = NoteEpochs()
    CtrlC(monkeypatch, epoch=5)
    with pytest.warns(ConvergenceWarning, match="interrupted after epoch 4 of the"):
        net = net_of(callbacks=[noted]).fit(*table)

    assert noted.parts == ["shared"]
    assert net.own_net_ is None
    check_usable(net, table[0])


@pytest.mark.parametrize("epoch", [1, 3])
def test_ctrl_c_while_columns_are_tried_keeps_the_shared_network(
    table, monkeypatch, epoch
):
    noted = NoteEpochs()
    CtrlC(monkeypatch, epoch, part="trials")
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        net = net_of(callbacks=[noted]).fit(*table)

    assert noted.parts == ["shared", "trials"]
    check_usable(net, table[0])


@pytest.mark.parametrize("moment", ["copy_members", "stacks_that_fit", "_gains"])
def test_ctrl_c_around_the_trial_keeps_the_shared_network(table, monkeypatch, moment):
    def press(*args):
        raise KeyboardInterrupt

    shared = net_of(own_nets="never").fit(*table)
    monkeypatch.setattr(_own_net, moment, press)
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        net = net_of().fit(*table)

    assert_array_equal(net.predict(table[0]), shared.predict(table[0]))


def test_ctrl_c_ends_a_comparison_of_fits(table, monkeypatch):
    CtrlC(monkeypatch, epoch=2)
    with pytest.warns(ConvergenceWarning), pytest.raises(KeyboardInterrupt):
        compare_single_task(net_of(max_iter=4), *table, cv=2)


# Callbacks


@pytest.mark.parametrize("stop", [Stop(4), EarlyStopping(patience=2, sink=str)])
def test_callback_that_stops_training_ends_all_of_fit(table, stop):
    noted = NoteEpochs()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        net = net_of(callbacks=[noted, stop]).fit(*table)

    assert noted.parts == ["shared"]
    assert net.n_iter_ < QUICK["max_iter"]
    check_usable(net, table[0])


def test_callbacks_hear_of_one_part_or_of_all(table):
    everything, shared = NoteEpochs(), NoteEpochs()
    shared.hears_all_parts = False
    net = net_of(callbacks=[("everything", everything), shared], warm_start=True)
    net.fit(*table)

    assert everything.parts == ["shared", "trials"]
    assert shared.parts == ["shared"]
    assert net.own_net_ is not None

    net.set_params(max_iter=1).fit(*table)
    assert everything.parts == ["shared", "trials", "shared", "own"]
    assert shared.parts == ["shared"] * 2


def test_progress_is_shown_of_all_parts(table, capsys):
    net_of(verbose=1).fit(*table)
    told = capsys.readouterr().err
    assert "shared:" in told
    assert "trials:" in told


# Limits of time


def test_limit_ends_training_after_an_epoch_at_least(table):
    with pytest.warns(ConvergenceWarning, match=r"time_limit=1e-09 seconds ended"):
        net = net_of(time_limit=SPENT).fit(*table)
    assert net.n_iter_ == 1
    assert net.own_net_ is None
    assert (net.best_epoch_ == 1).all()
    check_usable(net, table[0])


def test_limit_that_is_not_reached_changes_nothing(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        net = net_of(time_limit=1000).fit(*table)
    assert_array_equal(net.predict(table[0]), net_of().fit(*table).predict(table[0]))
    assert net.net_.course.ended_by is None


def test_limit_that_cuts_no_epoch_is_not_told(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        net_of(time_limit=SPENT, max_iter=1, own_nets="never").fit(*table)
        net_of(time_limit=SPENT).partial_fit(*table)


def test_limit_holds_for_later_calls(table):
    net = net_of(warm_start=True).fit(*table)
    own, n_epochs = net.own_net_, net.n_iter_
    n_own_epochs = len(own.history)
    with pytest.warns(ConvergenceWarning, match="time_limit"):
        net.set_params(time_limit=SPENT).fit(*table)
    assert net.n_iter_ == n_epochs + 1
    with pytest.warns(ConvergenceWarning, match="time_limit"):
        net.partial_fit(*table)
    assert net.n_iter_ == n_epochs + 2
    assert len(own.history) == n_own_epochs
    check_usable(net, table[0])


@pytest.mark.parametrize("limit", [0, -1.0, "1 h", np.nan])
def test_limit_is_checked(table, limit):
    with pytest.raises(ValueError, match="time_limit"):
        net_of(time_limit=limit).fit(*table)


# A stack that is trained some members at a time

WHOLE = {"n_members": 5, "max_iter": 6, "own_nets": "never"}


def test_all_parts_of_a_cut_stack_are_trained(table):
    noted = NoteEpochs()
    with cut_beyond(120_000):
        net = net_of(**WHOLE, callbacks=[noted]).fit(*table)
    assert len(noted.parts) > 1
    assert len(net.history_) == 6
    assert net.score(*table) > 0
    check_usable(net, table[0])


def test_every_part_of_a_cut_stack_has_an_epoch(table, monkeypatch):
    with cut_beyond(120_000):
        with pytest.warns(ConvergenceWarning, match="time_limit"):
            limited = net_of(**WHOLE, time_limit=SPENT).fit(*table)
        stopped = net_of(**WHOLE, callbacks=[Stop(3)]).fit(*table)
        CtrlC(monkeypatch, epoch=4)
        with pytest.warns(ConvergenceWarning, match="interrupted"):
            interrupted = net_of(**WHOLE).fit(*table)

    assert (limited.best_epoch_ == 1).all()
    assert stopped.n_iter_ == 3
    assert interrupted.n_iter_ == 3
    assert (interrupted.best_epoch_ >= 1).all()
    for net in (limited, stopped, interrupted):
        check_usable(net, table[0])


def test_parts_of_a_cut_stack_share_the_time(table):
    noted = NoteEpochs()
    with cut_beyond(120_000), pytest.warns(ConvergenceWarning, match="time_limit"):
        net = net_of(
            **WHOLE | {"max_iter": 10_000, "n_iter_no_change": 10_000},
            callbacks=[noted],
            time_limit=1.0,
        ).fit(*table)
    losses = np.array(net.net_.task_losses_["train"])[..., 0]
    epochs = (~np.isnan(losses)).sum(axis=0)
    assert epochs.min() > epochs.max() / 4


@pytest.mark.filterwarnings("ignore")
def test_part_of_a_cut_stack_may_be_interrupted_in_its_first_epoch(table, monkeypatch):
    CtrlC(monkeypatch, epoch=1)
    with cut_beyond(120_000):
        net = net_of(**WHOLE).fit(*table)
    assert net.n_iter_ == 0
    check_usable(net, table[0])
