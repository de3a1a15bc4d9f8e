"""Parts of an estimator: callbacks, net_params, kinds, views, layers of its network."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.estimators import TaskClassifier, TaskRegressor
from sklearn_mtl.nn import Dropout, Noise
from sklearn_mtl.tasks import Binary, Multiclass, Ordinal
from tests.bad_input.helpers import SMALL, fails_saying
from tests.helpers import id_of

QUICK = {**SMALL, "max_iter": 1}
X = np.random.default_rng(0).normal(size=(40, 3))
Y = pd.DataFrame({"p": X[:, 0], "q": np.where(X[:, 1] > 0, "yes", "no")})


@pytest.fixture(scope="module")
def net():
    return MultiTaskNetEstimator(**QUICK).fit(X, Y)


@pytest.mark.parametrize(
    "net_params",
    [
        {"foo": 1},
        {3: 1},
        {"": 1},
        {"lr": "x"},
        {"lr": -1},
        {"optimizer": "x"},
        {"module": 3},
        {"criterion": 3},
        {"callbacks": 3},
        {"device": "x"},
        {"module__foo": 1},
        {"module__dropout": 3},
        {"optimizer__foo": 1},
        {"optimizer__betas": 3},
        {"callbacks__best_weights__foo": 1},
    ],
    ids=id_of,
)
def test_arguments_that_make_no_net(net_params):
    (name,) = net_params
    fails_saying(
        ["net_params", repr(name)],
        lambda: MultiTaskNetEstimator(**QUICK, net_params=net_params).fit(X, Y),
    )


@pytest.mark.parametrize(
    ("callbacks", "words"),
    [
        ({}, ["callbacks={}"]),
        ([3], ["callbacks[0]", "3"]),
        ([()], ["callbacks[0]", "()"]),
        ([("a",)], ["callbacks[0]", "('a',)"]),
        ([("a", Callback(), 3)], ["callbacks[0]"]),
        ([(3, Callback())], ["callbacks[0]", "name 3"]),
        ([("", Callback())], ["callbacks[0]", "name ''"]),
        ([("a", Callback()), ("a", Callback())], ["callbacks[1]", "name 'a'"]),
        ([("best_weights", Callback())], ["callbacks[0]", "'best_weights'"]),
    ],
    ids=id_of,
)
def test_what_is_no_callback(callbacks, words):
    net = MultiTaskNetEstimator(**QUICK, callbacks=callbacks)
    fails_saying(words, lambda: net.fit(X, Y))


@pytest.mark.parametrize("kind", [Binary, Multiclass, Ordinal])
@pytest.mark.parametrize(
    "classes",
    [
        3,
        True,
        "no",
        [],
        {"no": 1, "yes": 2},
        {"no", "yes"},
        [["no", "yes"]],
        ["no", "yes", None],
        ["no", "yes", np.nan],
        np.zeros((2, 2)),
    ],
    ids=id_of,
)
def test_classes_of_a_kind(kind, classes):
    net = MultiTaskNetEstimator(**QUICK, task_types={"q": kind(classes)})
    fails_saying(["classes", "'q'", "a list"], lambda: net.fit(X, Y), TypeError)


# Views


@pytest.mark.parametrize("view", [TaskRegressor, TaskClassifier])
@pytest.mark.parametrize(
    "estimator",
    [None, 3, MultiTaskNetEstimator, LinearRegression().fit(X, X[:, 0])],
    ids=lambda estimator: type(estimator).__name__,
)
def test_view_of_no_network(view, estimator):
    for call in (
        lambda: view(estimator).predict(X),
        lambda: view(estimator).score(X, X),
    ):
        fails_saying(["estimator", "MultiTaskNetEstimator"], call, TypeError)


def test_view_of_a_network_that_is_not_fitted():
    with pytest.raises(NotFittedError):
        TaskRegressor(MultiTaskNetEstimator()).predict(X)


@pytest.mark.parametrize("view", [TaskRegressor, TaskClassifier])
@pytest.mark.parametrize("task", [2, -3, "p", 1.5, None, [0], True])
def test_view_of_no_column(net, view, task):
    fails_saying([f"task={task!r}"], lambda: view(net, task).predict(X))


def test_view_of_a_column_of_another_kind(net):
    for call in (
        lambda: TaskRegressor(net, 1).predict(X),
        lambda: TaskClassifier(net, 0).predict_proba(X),
        lambda: TaskClassifier(net, 0).classes_,
    ):
        fails_saying(["task=", "read as", "Its view is"], call)


# Out of fold, by scikit-learn


@pytest.mark.parametrize(
    "estimator",
    [
        MultiTaskNetEstimator(**QUICK),
        make_pipeline(StandardScaler(), MultiTaskNetEstimator(**QUICK)),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_probabilities_of_mixed_columns_by_scikit_learn(estimator):
    fails_saying(
        ["read as numbers", "sklearn_mtl.model_selection.cross_val_predict"],
        lambda: cross_val_predict(estimator, X, Y, cv=KFold(2), method="predict_proba"),
        ValueError,
    )
    labels = cross_val_predict(estimator, X, Y, cv=KFold(2))
    assert labels.shape == Y.shape


# Layers


@pytest.mark.parametrize("p", [-0.1, 1, 2, "x", None, np.nan, [0.1, "a"], [], [[0.1]]])
def test_share_of_dropout(p):
    fails_saying(["p=", "below 1"], lambda: Dropout(p, torch.Generator()), ValueError)


@pytest.mark.parametrize("std", [-1, "x", None, np.nan, np.inf])
def test_scale_of_noise(std):
    fails_saying([f"std={std!r}"], lambda: Noise(std, torch.Generator()), ValueError)
