"""Wrong teachers: the message names the column, the teacher and the remedy."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.nn import Autoencoder
from tests.bad_input.helpers import SMALL, refuses
from tests.helpers import id_of

X = np.random.default_rng(0).normal(size=(40, 3))
Y = pd.DataFrame(
    {
        "p": X[:, 0],
        "q": np.where(X[:, 1] > 0, "yes", "no"),
        "r": np.where(X[:, 0] > 1, ">1", (X[:, 0] + 3).astype(str)),
    }
).astype({"q": object})
Y.loc[20:, ["p", "q", "r"]] = None
HOLES = np.where(np.arange(120).reshape(40, 3) == 50, np.nan, X)
STRANGE = DummyClassifier().fit(X, np.where(X[:, 0] > 0, "yes", "maybe"))


class Lost(DummyRegressor):
    def predict(self, X):
        return np.full(len(X), np.inf)


class Wide(DummyRegressor):
    def predict(self, X):
        return np.zeros((len(X), 2))


class Broken(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        raise RuntimeError("out of order")


@pytest.mark.parametrize(
    ("teachers", "words"),
    [
        ({"s": LinearRegression()}, ["'s'", "no column of y"]),
        ({"p": LogisticRegression()}, ["'p'", "LogisticRegression", "regressor"]),
        ({"q": LinearRegression()}, ["'q'", "binary", "Pass a classifier"]),
        ({"r": LinearRegression()}, ["'r'", "censored", "Leave it out"]),
        ({"q": STRANGE}, ["'q'", "'maybe'", "Multiclass"]),
        ({"p": Lost()}, ["'p'", "Lost", "inf"]),
        ({"p": Wide()}, ["'p'", "Wide", "2 numbers a row"]),
        ({"q": Broken()}, ["'q'", "Broken", "out of order"]),
    ],
    ids=id_of,
)
def test_a_wrong_teacher_is_named(teachers, words):
    refuses(MultiTaskNetEstimator(**SMALL, teachers=teachers), words, X, Y)


@pytest.mark.parametrize("wrong", ["ridge", LinearRegression, 3], ids=id_of)
def test_what_is_no_estimator_is_refused(wrong):
    net = MultiTaskNetEstimator(**SMALL, teachers={"p": wrong})
    refuses(net, ["'p'", "fitted or not"], X, Y, error=TypeError)


def test_teachers_are_a_dict():
    net = MultiTaskNetEstimator(**SMALL, teachers=LinearRegression())
    refuses(net, ["'teachers' parameter"], X, Y)


def test_a_teacher_that_cannot_read_X_is_to_be_a_pipeline():
    net = MultiTaskNetEstimator(**SMALL, teachers={"p": LinearRegression()})
    refuses(net, ["'p'", "LinearRegression", "NaN", "Pipeline"], HOLES, Y)


def test_weights_that_a_teacher_cannot_take_are_not_ignored():
    net = MultiTaskNetEstimator(**SMALL, teachers={"p": KNeighborsRegressor()})
    weight = {"sample_weight": np.arange(40.0)}
    refuses(net, ["'p'", "KNeighborsRegressor", "sample_weight"], X, Y, **weight)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"early_stopping": False}, ["held out", "early_stopping=True"]),
        ({"auxiliary": ["q"]}, ["auxiliary", "teachers=None"]),
        ({"reconstruction": Autoencoder(2)}, ["reconstruction", "None"]),
    ],
    ids=id_of,
)
def test_what_leaves_nobody_to_judge_is_refused(parameters, words):
    teachers = {"p": LinearRegression()}
    net = MultiTaskNetEstimator(**SMALL, teachers=teachers, **parameters)
    refuses(net, words, X, Y)


def test_streams_have_no_teachers():
    net = MultiTaskNetEstimator(**SMALL, teachers={"p": LinearRegression()})
    with pytest.raises(ValueError, match="teachers needs all rows"):
        net.fit_batches(lambda: [(X, Y)])


def test_a_teacher_of_a_column_without_gaps_is_told_to_be_idle():
    net = MultiTaskNetEstimator(**SMALL, teachers={"p": LinearRegression()})
    with pytest.warns(UserWarning, match="'p', of which no label is missing"):
        net.fit(X, pd.DataFrame({"p": X[:, 0], "q": X[:, 1]}))
    assert net.teaching_ == []
