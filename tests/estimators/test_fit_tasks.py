"""Callbacks of scikit-learn (`set_callbacks`) are told of a fit."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.callback._callback_context import get_context_path
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.training import _cut

SMALL = {
    "hidden_layer_sizes": (4,),
    "n_members": 2,
    "max_iter": 3,
    "own_nets": "never",
    "random_state": 0,
}


class Recorder:
    """Notes all that a callback is told; asks to stop after some epochs."""

    max_propagation_depth = None

    def __init__(self, epochs=None):
        self.epochs, self.told, self.predicted = epochs, [], []

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        if isinstance(estimator, MultiTaskNetRegressor):
            assert X is not None
            assert y is not None
        self.told.append(f"+{context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        self.told.append(f"-{context.task_name}")
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.predicted.append(fitted_estimator.predict(X))
        return len(get_context_path(context)) == 3 and self.epochs == self.n_epochs

    @property
    def n_epochs(self):
        return self.told.count("-epoch")

    def is_balanced(self):
        """Whether each task that began has ended, the inner ones first."""
        open_tasks = []
        for sign, name in ((told[:1], told[1:]) for told in self.told):
            if sign == "+":
                open_tasks.append(name)
            elif sign == "-" and open_tasks.pop() != name:
                return False
        return not open_tasks


@pytest.fixture
def X(rng):
    return rng.normal(size=(60, 3))


@pytest.fixture
def y(X):
    return X[:, :2] + 1.0


def test_fit_is_told_as_parts_and_epochs(X, y):
    seen = Recorder()
    net = MultiTaskNetRegressor(**SMALL).set_callbacks(seen).fit(X, y)
    epochs = ["+epoch", "-epoch"] * net.n_iter_
    fit = ["+fit", "+shared", *epochs, "-shared", "-fit"]
    assert seen.told == ["setup", *fit, "teardown"]
    assert len(seen.predicted) == net.n_iter_
    assert seen.predicted[0].shape == y.shape


def test_what_callbacks_predict_changes_nothing(X, y):
    plain = MultiTaskNetRegressor(**SMALL).fit(X, y)
    monitor = ScoringMonitor(scoring="r2")
    told = MultiTaskNetRegressor(**SMALL).set_callbacks(monitor, Recorder()).fit(X, y)
    assert_array_equal(told.predict(X), plain.predict(X))
    assert told.history_[-1]["valid_loss"] == plain.history_[-1]["valid_loss"]
    assert monitor.get_logs()


def test_callback_ends_the_part_of_a_fit(X, y):
    net = MultiTaskNetRegressor(**SMALL).set_callbacks(Recorder(epochs=1)).fit(X, y)
    assert net.n_iter_ == 1


def test_nothing_of_a_fit_stays_with_the_estimator(X, y):
    net = MultiTaskNetRegressor(**SMALL).set_callbacks(Recorder()).fit(X, y)
    net.set_callbacks()
    assert {name for name in vars(net) if "callback" in name} == {"callbacks"}
    assert b"CallbackContext" not in pickle.dumps(net)


def test_callbacks_are_torn_down_when_fit_fails_and_the_net_is_as_before(X, y):
    net = MultiTaskNetRegressor(**SMALL).set_callbacks(Recorder()).fit(X, y)
    seen = Recorder()
    with pytest.raises(ValueError, match="y has"):
        net.set_callbacks(seen).fit(X, y[:-1])
    assert seen.told == ["setup", "+fit", "teardown"]
    assert np.isfinite(net.predict(X)).all()


@pytest.mark.parametrize("in_a_pipeline", [False, True])
def test_search_hands_callbacks_on_without_a_warning(in_a_pipeline, X, y):
    net, name = MultiTaskNetRegressor(**SMALL), "alpha"
    if in_a_pipeline:
        net = make_pipeline(StandardScaler(), net)
        name = "multitasknetregressor__alpha"
    seen = Recorder()
    search = GridSearchCV(net, {name: [0.1, 0.01]}, cv=2).set_callbacks(seen)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search.fit(X, y)
    assert seen.told.count("+shared") == 5
    assert seen.is_balanced()


def test_parts_that_follow_and_cuts_of_a_part_are_tasks_too(X, y, monkeypatch):
    seen = Recorder()
    net = MultiTaskNetRegressor(**SMALL, warm_start=True).set_callbacks(seen)
    monkeypatch.setattr(_cut, "MOST_BYTES", 1)
    net.fit(X, y).fit(X, y)
    assert net.net_.part == "shared"
    assert seen.told.count("+shared") == 2
    assert seen.n_epochs == 2 * 2 * net.max_iter
    assert seen.is_balanced()


def test_columns_that_are_tried_alone_are_a_part(rng):
    X = rng.normal(size=(80, 3))
    y = np.column_stack([X[:, 0], rng.normal(size=80)])
    seen = Recorder()
    small = {**SMALL, "own_nets": "auto", "max_iter": 30, "n_iter_no_change": 2}
    net = MultiTaskNetRegressor(**small, learning_rate_init=0.05)
    net.set_callbacks(seen).fit(X, y)
    assert "+trials" in seen.told
    assert seen.is_balanced()


def test_clone_keeps_callbacks():
    seen = Recorder()
    assert clone(MultiTaskNetRegressor().set_callbacks(seen))._skl_callbacks == [seen]
