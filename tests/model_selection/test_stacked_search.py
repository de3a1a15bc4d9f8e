"""Searches whose candidates are members of one stack, against scikit-learn's."""

import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import sklearn
from joblib import parallel_config
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.model_selection import (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
    _stacked_jobs,
)
from sklearn_mtl.model_selection._stacked_plan import frozen
from sklearn_mtl.training import MultiTaskNet

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 3)), columns=list("uvw"))
Y = pd.DataFrame(
    {
        "number": np.tanh(X["u"]) + 0.1 * RNG.normal(size=60),
        "class": np.where(X["v"] > 0.2 * RNG.normal(size=60), "yes", "no"),
    }
)
Y.loc[::9, "number"] = np.nan
NUMBERS = np.column_stack([X["u"], X["v"]])
ONE_BATCH = {
    "hidden_layer_sizes": (4,),
    "n_members": 2,
    "max_iter": 8,
    "dropout": 0.0,
    "batch_size": 100,
    "own_nets": "never",
    "learning_rate_init": 0.05,
    "n_iter_no_change": 1,
    "random_state": 0,
    "device": "cpu",
}


def small(**params):
    return MultiTaskNetEstimator(**(ONE_BATCH | params))


def scores(search):
    return {
        name: values
        for name, values in search.cv_results_.items()
        if "score" in name and "time" not in name
    }


def compare(net, grid, X=X, y=Y, *, fit_params=None, time_limit=None, **params):
    """Fit both searches; their results are equal."""
    params = {"cv": KFold(2), "refit": False, "return_train_score": True} | params
    plain = GridSearchCV(clone(net), grid, **params).fit(X, y, **(fit_params or {}))
    stacked = StackedGridSearchCV(net, grid, time_limit=time_limit, **params)
    stacked.fit(X, y, **(fit_params or {}))
    assert stacked.cv_results_.keys() == plain.cv_results_.keys()
    assert stacked.cv_results_["params"] == plain.cv_results_["params"]
    for name, values in scores(plain).items():
        np.testing.assert_allclose(scores(stacked)[name], values, atol=1e-5)
    return stacked


def said_of_failures(search, X, y):
    """Fit; return what is said of fits that failed, and no other warning."""
    with warnings.catch_warnings(record=True, action="always") as said:
        search.fit(X, y)
    return " ".join(str(w.message) for w in said if w.category is FitFailedWarning)


@pytest.fixture
def stacks(monkeypatch):
    """Numbers of members of the stacks that are trained."""
    numbers = []
    fit_loop = MultiTaskNet.fit_loop

    def noted(net, *args, **kwargs):
        numbers.append(net.members.number)
        return fit_loop(net, *args, **kwargs)

    monkeypatch.setattr(MultiTaskNet, "fit_loop", noted)
    return numbers


class Noting(TransformerMixin, BaseEstimator):
    """Hands rows on, times a number; notes how many fits there were."""

    fits: ClassVar[list] = []

    def __init__(self, times=1.0):
        self.times = times

    def fit(self, X, y=None):
        self.fits.append(self.times)
        return self

    def transform(self, X):
        return X * self.times


EXACT = {
    "no early stopping": (
        {"early_stopping": False},
        {"learning_rate_init": [0.01, 0.1], "alpha": [0.0, 0.1]},
        1,
    ),
    "what members have of their own": (
        {},
        [
            {"learning_rate_init": [0.01, 0.1], "head_sparsity": [0.0, 0.1]},
            {"random_state": [1], "validation_fraction": [0.4]},
            {"task_weights": [{"number": 3.0}], "calibrate": [False]},
        ],
        1,
    ),
    "epochs": (
        {"n_iter_no_change": 3},
        {"max_iter": [1, 5, 9], "learning_rate_init": [0.01, 0.1]},
        1,
    ),
    "epochs without early stopping": (
        {"early_stopping": False},
        {"max_iter": [2, 5]},
        1,
    ),
    "a rate that follows the loss of one fit": (
        {"learning_rate": "adaptive", "tol": 0.01},
        {"learning_rate_init": [0.01, 0.3]},
        0,
    ),
    "shapes": ({}, {"hidden_layer_sizes": [(3,), (4, 2)], "alpha": [0.0, 1.0]}, 2),
    "a metric": ({"scoring": "skill"}, {"alpha": [0.0, 1.0]}, 2),
    "balancing": ({"balancing": "famo"}, {"learning_rate_init": [0.01, 0.1]}, 1),
}


@pytest.mark.parametrize(("params", "grid", "n_stacks"), EXACT.values(), ids=EXACT)
def test_results_are_those_of_a_grid_search(params, grid, n_stacks, monkeypatch):
    asked = []
    evaluate = _stacked_jobs._evaluate

    def noted(*args, **kwargs):
        done = evaluate(*args, **kwargs)
        asked.append(done.n_stacks)
        return done

    monkeypatch.setattr(_stacked_jobs, "_evaluate", noted)

    compare(small(**params), grid)

    assert sum(asked) == n_stacks


def facts(net, X, y):
    low, high = np.moveaxis(net.predict_interval(X, coverage=0.5), -1, 0)
    return {
        "epochs": net.n_iter_,
        "best": net.best_epoch_.mean(),
        "train": net.history_[-1]["train_loss"],
        "valid": net.history_[-1]["valid_loss"],
        "column": net.history_[-1]["valid_loss/1"],
        "shrinkage": net.shrinkage_.mean(),
        "oof": net.oof_score_,
        "width": float(np.mean(high - low)),
        "units": net.transform(X).std(),
    }


def test_scorers_see_candidates_as_they_are_when_fitted_alone():
    net = MultiTaskNetRegressor(**ONE_BATCH)
    grid = {"learning_rate_init": [0.01, 0.3], "alpha": [0.0, 1.0]}

    search = compare(net, grid, y=NUMBERS, scoring=facts)

    assert len(set(search.cv_results_["mean_test_epochs"])) > 1


def test_candidates_of_all_splits_are_one_stack(stacks):
    grid = {"alpha": [0.0, 0.1, 0.2]}

    search = StackedGridSearchCV(small(), grid, cv=2, refit=False).fit(X, Y)

    assert stacks == [3 * 2 * 2]
    assert (search.cv_results_["mean_fit_time"] > 0).all()


def test_auto_stands_for_two_members(stacks):
    search = StackedGridSearchCV(small(n_members="auto"), {"alpha": [0.0]}, cv=2)

    search.fit(X, Y)

    assert stacks == [2 * 2, 8]


def test_rows_that_are_scored_are_not_learned_from():
    cv = [(np.arange(40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))]
    X_bad, Y_bad = X.copy(), Y.copy()
    X_bad.iloc[40:] = 1e6
    Y_bad.loc[40:, "number"], Y_bad.loc[40:, "class"] = -1e9, "nonsense"
    grid = {"alpha": [0.0, 0.1], "hidden_layer_sizes": [(3,), (4,)]}

    search = StackedGridSearchCV(
        small(max_iter=4), grid, cv=cv, refit=False, return_train_score=True
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Column 'class' of y holds the label")
        found = [clone(search).fit(*table) for table in ((X, Y), (X_bad, Y_bad))]

    good, bad = (scores(search) for search in found)
    train = "split0_train_score"
    # The splits differ in the number of classes now, and are stacks of their own.
    np.testing.assert_allclose(good[train], bad[train], atol=1e-6)
    assert (good["split0_test_score"] != bad["split0_test_score"]).all()


def test_steps_of_a_pipeline_are_fitted_once_a_split_and_setting(stacks):
    Noting.fits.clear()
    pipeline = Pipeline(
        [("by", Noting()), ("scale", StandardScaler()), ("net", small())]
    )
    grid = {"by__times": [1.0, 2.0], "net__alpha": [0.0, 0.1]}

    search = StackedGridSearchCV(pipeline, grid, cv=KFold(2), refit=False).fit(X, Y)

    assert sorted(Noting.fits) == [1.0, 1.0, 2.0, 2.0]
    assert stacks == [8, 8]
    plain = GridSearchCV(pipeline, grid, cv=KFold(2), refit=False).fit(X, Y)
    expected = plain.cv_results_["mean_test_score"]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected, 1e-5)


def test_candidate_that_replaces_the_net_is_fitted_by_itself():
    pipeline = Pipeline([("net", small(max_iter=2))])
    grid = [{"net__alpha": [0.0]}, {"net": [DecisionTreeRegressor(random_state=0)]}]

    search = compare(pipeline, grid, y=NUMBERS)

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


ALONE = {
    "own_nets": ({}, {"own_nets": ["auto", "never"]}),
    "callbacks": ({"callbacks": []}, {"callbacks": [[], None]}),
    "net_params": ({"net_params": {"batch_size": 20}}, {"alpha": [0.0]}),
    "time_limit": ({"time_limit": 100.0}, {"alpha": [0.0]}),
}


@pytest.mark.parametrize(("params", "grid"), ALONE.values(), ids=ALONE)
def test_what_means_one_fit_is_fitted_by_itself(params, grid, stacks):
    search = StackedGridSearchCV(small(max_iter=2, **params), grid, cv=2, refit=False)

    search.fit(X, NUMBERS)

    assert set(stacks) == {2}


def test_candidate_that_cannot_be_fitted_fails_alone():
    grid = {"alpha": [0.0, -1.0], "task_weights": [None, {"unknown": 1.0}]}
    search = StackedGridSearchCV(small(max_iter=2), grid, cv=2, refit=False)

    failures = said_of_failures(search, X, Y)

    assert "6 fits failed" in failures
    assert np.isfinite(search.cv_results_["mean_test_score"]).tolist() == [
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(ValueError, match="unknown"):
        search.set_params(error_score="raise").fit(X, Y)


def test_candidate_that_diverges_fails_alone():
    grid = {"learning_rate_init": [0.01, 1e30]}
    net = MultiTaskNetRegressor(**ONE_BATCH)

    search = StackedGridSearchCV(net, grid, cv=2, refit=False, error_score=-1.0)
    with pytest.warns(FitFailedWarning, match="Lower learning_rate_init"):
        search.fit(X, NUMBERS)

    good, bad = search.cv_results_["mean_test_score"]
    assert good > bad == -1.0


def test_split_without_labels_fails_alone():
    unlabelled = Y.copy()
    unlabelled.iloc[30:] = None
    search = StackedGridSearchCV(
        small(max_iter=2), {"alpha": [0.0]}, cv=KFold(2), return_train_score=True
    )

    failures = said_of_failures(search.set_params(refit=False), X, unlabelled)

    assert "1 fits failed" in failures
    known = [search.cv_results_[f"split{s}_train_score"][0] for s in (0, 1)]
    assert np.isfinite(known).tolist() == [False, True]


def test_several_metrics_weights_and_refit():
    net = MultiTaskNetRegressor(**ONE_BATCH)
    weight = np.random.default_rng(0).integers(0, 3, 60)
    metrics = {"r2": "r2", "mae": "neg_mean_absolute_error"}
    params = {"scoring": metrics, "refit": "mae"}

    search = compare(
        net,
        {"alpha": [0.0, 3.0]},
        y=NUMBERS,
        fit_params={"sample_weight": weight},
        **params,
    )

    assert search.multimetric_
    assert search.best_estimator_.alpha == search.best_params_["alpha"]
    assert search.predict(X).shape == (60, 2)


def test_groups_are_routed_to_splitter_and_members():
    groups = np.arange(60) // 4
    with sklearn.config_context(enable_metadata_routing=True):
        net = small(max_iter=3).set_fit_request(groups=True)
        compare(
            net, {"alpha": [0.0, 1.0]}, cv=GroupKFold(2), fit_params={"groups": groups}
        )


GROUPS = np.arange(60) // 4


@pytest.mark.parametrize("is_pipeline", [False, True])
def test_groups_reach_members_without_routing(is_pipeline):
    """As a search that routes them does; scikit-learn's leaves them to the splitter."""
    grid, net = {"alpha": [0.0, 1.0]}, small(max_iter=3)
    if is_pipeline:
        net = Pipeline([("scale", StandardScaler()), ("net", net)])
        grid = {"net__alpha": [0.0, 1.0]}
    search = StackedGridSearchCV(net, grid, cv=GroupKFold(2)).fit(X, Y, groups=GROUPS)

    with sklearn.config_context(enable_metadata_routing=True):
        asks = clone(net)
        (asks[-1] if is_pipeline else asks).set_fit_request(groups=True)
        routed = StackedGridSearchCV(asks, grid, cv=GroupKFold(2))
        routed.fit(X, Y, groups=GROUPS)

    for name in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(
            search.cv_results_[name], routed.cv_results_[name]
        )
    best = [one.best_estimator_ for one in (search, routed)]
    oof = [(one[-1] if is_pipeline else one).oof_score_ for one in best]
    assert oof[0] == oof[1]


@pytest.mark.parametrize(
    ("settings", "groups"),
    [
        ({"early_stopping": False}, GROUPS),  # members hold out nothing
        ({"cv": [(np.arange(20), np.arange(20, 28))]}, GROUPS),  # it says which rows
        ({}, np.arange(60) // 30),  # each split trains on one group
    ],
)
def test_groups_are_the_splitters_alone(settings, groups):
    net = small(max_iter=2, **settings)
    search = StackedGridSearchCV(
        net, {"alpha": [0.0]}, cv=GroupKFold(2), refit=False, error_score="raise"
    )

    search.fit(X, Y, groups=groups)

    train, test = next(GroupKFold(2).split(X, Y, groups))
    alone = clone(net).set_params(n_members=2, own_nets="never", alpha=0.0)
    score = alone.fit(X.iloc[train], Y.iloc[train]).score(X.iloc[test], Y.iloc[test])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(score, abs=1e-4)


def test_workers_share_the_candidates(stacks):
    grid = {"alpha": [0.0, 0.1]}
    search = StackedGridSearchCV(small(), grid, cv=KFold(2), refit=False)
    one = search.fit(X, Y).cv_results_["mean_test_score"]

    with parallel_config("threading"):
        two = search.set_params(n_jobs=2).fit(X, Y).cv_results_["mean_test_score"]

    assert stacks == [8, 4, 4]
    np.testing.assert_allclose(two, one, atol=1e-6)


def test_large_stacks_are_cut(stacks, monkeypatch):
    from sklearn_mtl.estimators import _candidates

    monkeypatch.setattr(_candidates, "MOST_BYTES", 1)

    StackedGridSearchCV(small(), {"alpha": [0.0, 0.1]}, cv=2, refit=False).fit(X, Y)

    assert stacks == [2] * 4


def test_plan_and_progress_are_printed(capsys):
    grid = [{"alpha": [0.0, 0.1]}, {"own_nets": ["auto"]}]
    search = StackedGridSearchCV(small(max_iter=2), grid, cv=2, refit=False)

    search.fit(X, NUMBERS)
    assert capsys.readouterr().out == ""
    search.set_params(verbose=1).fit(X, NUMBERS)

    said = capsys.readouterr().out
    assert "totalling 6 fits" in said
    assert "6 fits by themselves" in said
    search.set_params(param_grid=grid[0]).fit(X, NUMBERS)
    said = capsys.readouterr().out
    assert "8 members" in said
    assert "[1/1] 4 fits" in said


SEARCHES = {
    "random": (StackedRandomizedSearchCV, {"n_iter": 3}),
    "halving": (StackedHalvingGridSearchCV, {"min_resources": 20}),
    "halving epochs": (
        StackedHalvingGridSearchCV,
        {"resource": "max_iter", "max_resources": 9, "min_resources": 1},
    ),
    "halving random": (StackedHalvingRandomSearchCV, {"n_candidates": 4}),
}


@pytest.mark.parametrize(("kind", "params"), SEARCHES.values(), ids=SEARCHES)
def test_all_kinds_of_search_find_a_net_that_learns(kind, params):
    grid = {"learning_rate_init": [1e-6, 0.05, 0.1], "alpha": [0.0, 0.01]}
    net = MultiTaskNetRegressor(**(ONE_BATCH | {"max_iter": 9}))
    search = kind(net, grid, cv=2, random_state=0, **params)
    if kind is StackedHalvingGridSearchCV and "resource" not in params:
        search.set_params(factor=2)

    search.fit(X, NUMBERS)

    assert search.best_params_["learning_rate_init"] > 1e-6
    assert search.score(X, NUMBERS) > 0


def test_estimators_of_others_are_searched_as_ever():
    search = StackedGridSearchCV(
        DecisionTreeRegressor(random_state=0), {"max_depth": [1, 2]}
    )

    assert search.fit(X, NUMBERS).best_params_ == {"max_depth": 2}


FROZEN = {
    "equal lists": ([1, (2, 3)], [1, (2, 3)], True),
    "dicts": ({"a": [1]}, {"a": [2]}, False),
    "arrays": (np.arange(3), np.arange(3), True),
    "numbers of numpy": (np.int64(3), 3, True),
    "parts": (StandardScaler(), StandardScaler(), True),
    "parts that differ": (StandardScaler(), StandardScaler(with_mean=False), False),
    "true and one": (True, 1, False),
}


@pytest.mark.parametrize(("one", "other", "alike"), FROZEN.values(), ids=FROZEN)
def test_frozen_is_equal_for_equal_values(one, other, alike):
    assert (frozen(one) == frozen(other)) is alike


class Told:
    """Counts the tasks that a callback of scikit-learn is told of."""

    max_propagation_depth = None

    def __init__(self):
        self.begun, self.ended = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)


def test_callbacks_are_told_of_each_candidate():
    told = Told()
    search = StackedGridSearchCV(small(max_iter=2), {"alpha": [0.0, 0.1]}, cv=2)

    search.set_callbacks(told).fit(X, NUMBERS)

    # Candidates and splits, the search itself, and the refit.
    assert told.begun.count("fit") == told.ended.count("fit") == 4 + 1 + 1


def test_nets_with_teachers_are_fitted_alone():
    net = MultiTaskNetRegressor(teachers={0: LinearRegression()})
    assert net._parameters_of_stack({"alpha"}) is None
    assert MultiTaskNetRegressor()._parameters_of_stack({"alpha"}) is not None
