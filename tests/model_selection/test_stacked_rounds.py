"""Halving by epochs: what is left trains on, as if it had never paused."""

from pickle import dumps, loads

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl.model_selection import StackedHalvingGridSearchCV
from sklearn_mtl.model_selection._stacked_jobs import Job, JobOfPaused
from sklearn_mtl.training import MultiTaskNet
from tests.model_selection.test_stacked_search import NUMBERS, X, Y, scores, small

GRID = {"learning_rate_init": [0.03, 0.3], "alpha": [0.0, 0.3]}
ROUNDS = {"cv": KFold(2), "refit": False, "resource": "max_iter", "factor": 2}
ROUNDS |= {"min_resources": 3, "max_resources": 12}
SEARCHED = {
    "rates fall and members leave": small(n_iter_no_change=2, n_members=3, tol=0.05),
    "no early stopping": small(early_stopping=False),
    "a metric": small(scoring="skill"),
    "balancing with a state": small(balancing="famo"),
    "a schedule begins anew": small(learning_rate="invscaling"),
}


@pytest.fixture
def epochs(monkeypatch):
    """Numbers of members and epochs of the stacks that are trained."""
    trained = []
    fit_loop = MultiTaskNet.fit_loop

    def noted(net, *args, **kwargs):
        trained.append((net.members.number, len(net.history)))
        return fit_loop(net, *args, **kwargs)

    monkeypatch.setattr(MultiTaskNet, "fit_loop", noted)
    return trained


@pytest.mark.parametrize("net", SEARCHED.values(), ids=SEARCHED)
def test_rounds_are_those_of_a_halving_search_that_fits_anew(net):
    y = NUMBERS if net.scoring == "skill" else Y
    plain = HalvingGridSearchCV(net, GRID, **ROUNDS).fit(X, y)
    stacked = StackedHalvingGridSearchCV(net, GRID, **ROUNDS).fit(X, y)

    assert stacked.cv_results_["params"] == plain.cv_results_["params"]
    for name, values in scores(plain).items():
        np.testing.assert_allclose(scores(stacked)[name], values, atol=1e-5)


def test_members_that_are_left_train_on(epochs):
    net = small(early_stopping=False)

    StackedHalvingGridSearchCV(net, GRID, **ROUNDS).fit(X, Y)

    assert epochs == [(4 * 4, 0), (2 * 4, 3), (1 * 4, 6)]


@pytest.mark.filterwarnings("ignore:time_limit")
def test_what_time_broke_off_goes_on_from_where_it_is(epochs):
    search = StackedHalvingGridSearchCV(small(), GRID, **ROUNDS, time_limit=1e-9)

    search.fit(X, Y)

    assert [before for _, before in epochs] == [0, 1, 2]


def test_candidates_in_a_pipeline_and_of_other_shapes_train_on(epochs):
    pipeline = make_pipeline(StandardScaler(), small(early_stopping=False))
    name = "multitasknetestimator__"
    grid = {name + "hidden_layer_sizes": [(3,), (4,)], name + "alpha": [0.0, 0.3]}
    how = ROUNDS | {"resource": name + "max_iter", "max_resources": 6}

    search = StackedHalvingGridSearchCV(pipeline, grid, **how).fit(X, Y)

    assert search.n_resources_ == [3, 6]
    assert {before for _, before in epochs} == {0, 3}


def test_what_goes_on_gets_through_a_pickle(monkeypatch):
    how = ROUNDS | {"min_resources": 1, "max_resources": 2}
    grid = {"alpha": [0.0, 0.3]}
    alone = StackedHalvingGridSearchCV(small(), grid, **how).fit(X, Y)
    for kind in (Job, JobOfPaused):
        monkeypatch.setattr(kind, "run", through_pickle(kind.run))

    shared = StackedHalvingGridSearchCV(small(), grid, **how).fit(X, Y)

    for name, values in scores(alone).items():
        np.testing.assert_array_equal(scores(shared)[name], values)


def through_pickle(run):
    """Run a job as a worker of another process does."""
    return lambda job: loads(dumps(run(loads(dumps(job)))))


def test_more_rows_are_trained_on_anew(epochs):
    how = {"cv": KFold(2), "refit": False, "min_resources": 30, "factor": 2}
    net = small(max_iter=2)

    StackedHalvingGridSearchCV(net, {"alpha": [0.0, 0.1]}, **how).fit(X, Y)

    assert [before for _, before in epochs] == [0, 0]
