"""Splits, scores and scorers: each refusal names the argument and the remedy."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.metrics import make_task_scorer, task_scorers, task_scores
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedGroupKFold,
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    RefitByScoredFolds,
    cross_val_predict,
    multitask_train_test_split,
)
from tests.bad_input.helpers import SMALL, fails_saying

X = np.random.default_rng(0).normal(size=(40, 3))
NUMBERS = X[:, :2]
Y = pd.DataFrame({"p": X[:, 0], "q": np.where(X[:, 1] > 0, "yes", "no")})
QUICK = {**SMALL, "max_iter": 1}


@pytest.fixture(scope="module")
def net():
    return MultiTaskNetEstimator(**QUICK).fit(X, Y)


# Predictions out of fold


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("estimator", None, ["estimator", "None"]),
        ("estimator", object(), ["estimator", "fit"]),
        ("X", None, ["X=None"]),
        ("X", 3, ["X=3"]),
        ("y", 3, ["y has 0 dimensions"]),
        ("cv", [], ["cv yields no split"]),
        ("cv", [3], ["cv", "no pair"]),
        ("cv", [([0], [99])], ["cv", "row 99"]),
        ("cv", [([0], [np.nan])], ["cv", "test part"]),
        ("cv", [(np.arange(20), np.arange(20))], ["cv holds row 20 out 0 times"]),
        ("cv", 0, ["n_splits=0"]),
        ("n_jobs", "x", ["n_jobs", "'x'"]),
        ("n_jobs", 2.5, ["n_jobs", "2.5"]),
        ("params", 3, ["params", "3"]),
        ("params", [1], ["params", "[1]"]),
        ("params", {3: 1}, ["params", "3"]),
        ("method", "transform", ["method='transform'"]),
    ],
)
def test_predictions_out_of_fold(name, value, words):
    given = {"estimator": MultiTaskNetEstimator(**QUICK), "X": X, "y": Y, "cv": 2}
    fails_saying(words, lambda: cross_val_predict(**{**given, name: value}))


@pytest.mark.parametrize(
    "estimator",
    [
        MultiTaskNetEstimator(**QUICK),
        MultiTaskNetRegressor(**QUICK),
        make_pipeline(StandardScaler(), MultiTaskNetEstimator(**QUICK)),
        GridSearchCV(MultiTaskNetEstimator(**QUICK), {"alpha": [0.1]}, cv=2),
        LinearRegression(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_probabilities_of_numbers_alone(estimator):
    fails_saying(
        ["method='predict_proba'", "read as numbers", "task_types"],
        lambda: cross_val_predict(estimator, X, NUMBERS, cv=2, method="predict_proba"),
        AttributeError,
    )


# Splitters


@pytest.mark.parametrize(
    "split",
    [
        MultiTaskStratifiedKFold(2).split,
        MultiTaskStratifiedShuffleSplit(2).split,
        lambda X, y: MultiTaskStratifiedGroupKFold(2).split(X, y, np.arange(40)),
    ],
)
@pytest.mark.parametrize(
    ("rows", "labels", "words"),
    [
        (3, Y, ["X=3"]),
        ("x", Y, ["X='x'"]),
        (X, 3, ["y has 0 dimensions"]),
        (X, "x", ["y is a str"]),
        (X, {}, ["y is a dict"]),
        (X, [[1, 2], [3]], ["list differ in length"]),
    ],
)
def test_tables_that_are_split(split, rows, labels, words):
    fails_saying(words, lambda: list(split(rows, labels)))


@pytest.mark.parametrize("array", [None, 3])
def test_arrays_that_are_split(array):
    fails_saying(["y"], lambda: multitask_train_test_split(X, array))


@pytest.mark.parametrize(
    ("score", "results", "words"),
    [
        (None, {}, ["score=None"]),
        (["score"], {}, ["score=['score']"]),
        ("score", None, ["cv_results=None"]),
        ("score", [], ["cv_results=[]"]),
        ("r2", {"split0_test_score": [1.0]}, ["score='r2'", "'score'"]),
    ],
)
def test_refit_by_scored_folds(score, results, words):
    fails_saying(words, lambda: RefitByScoredFolds(score)(results))


# Scores


@pytest.mark.parametrize("as_frame", [3, "x", None, [True], np.ones(3)])
def test_scores_as_a_frame(as_frame):
    fails_saying(["as_frame"], lambda: task_scores(Y, Y, as_frame=as_frame))


def answers_words(y_true, y_pred):
    return "good"


@pytest.mark.parametrize("make", [make_task_scorer, task_scorers])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tasks": []}, ["tasks=[]"]),
        ({"tasks": ()}, ["tasks=()"]),
        ({"tasks": True}, ["tasks", "True"]),
        ({"tasks": "zz"}, ["tasks", "'zz'", "'p', 'q'"]),
        ({"average": b"mean"}, ["average=b'mean'"]),
        ({"metric": answers_words}, ["metric='answers_words'", "'good'", "float"]),
        ({"metric": "calibration_error", "n_bins": 0}, ["n_bins=0"]),
        ({"metric": "calibration_error", "n_bins": "x"}, ["n_bins='x'"]),
        ({"metric": "calibration_error", "n_bins": 2.5}, ["n_bins=2.5"]),
    ],
)
def test_scorers(net, make, given, words):
    fails_saying(words, lambda: make(**{"metric": "score", **given})(net, X, Y))


@pytest.mark.parametrize("estimator", [None, 3, "x"])
def test_what_is_no_estimator_is_not_scored(estimator):
    with pytest.raises(TypeError, match=re.escape(f"estimator={estimator!r}")):
        make_task_scorer("skill")(estimator, X, Y)
