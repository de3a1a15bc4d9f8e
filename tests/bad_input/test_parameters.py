"""Kinds and parameters that are refused; nothing is half-fitted."""

import re

import numpy as np
import pytest

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from tests.bad_input.helpers import SMALL, refuses, refuses_before_and_after_fit

pd = pytest.importorskip("pandas")


# Kinds


@pytest.mark.parametrize("parameter", ["task_types", "task_weights"])
def test_name_that_is_no_column(X, y, parameter):
    value = {"prise": "regression" if parameter == "task_types" else 2.0}
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, **{parameter: value}),
        [parameter, "'prise'", "'price'", "'size'"],
        X,
        y,
    )


@pytest.mark.parametrize("parameter", ["task_types", "task_weights"])
def test_list_of_wrong_length(X, y, parameter):
    value = ["multiclass"] * 3 if parameter == "task_types" else [1.0] * 3
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, **{parameter: value}),
        [parameter, "3 entries", "2 columns"],
        X,
        y,
    )


@pytest.mark.parametrize("kind", ["regresion", 3, MultiTaskNetEstimator])
def test_kind_that_is_not_known(X, y, kind):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, task_types={"price": kind}),
        ["task_types", "'price'", re.escape(repr(kind))],
        X,
        y,
        (ValueError, TypeError),
    )


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf, "2", "auto", None])
def test_weight_of_a_task_that_is_none(X, y, weight):
    if weight is None:
        weight, words = {"price": 0, "size": 0}, ["task_weights", "every column"]
    else:
        weight, words = {"price": weight}, ["task_weights", "'price'", f"{weight}"]
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, task_weights=weight), words, X, y
    )


def test_words_for_the_regressor(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetRegressor(**SMALL),
        ["'size'", "'(hi|lo)'", "MultiTaskNetEstimator"],
        X,
        y,
    )


def test_numbers_for_the_classifier(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetClassifier(**SMALL),
        ["'price'", r"\d\.\d", "MultiTaskNetRegressor"],
        X,
        y,
    )


def test_three_classes_under_the_name_binary(X):
    y = pd.DataFrame({"size": ["a", "b", "c"] * 10})
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, task_types="binary"),
        ["'size'", "3 classes", "'multiclass'"],
        X,
        y,
    )


def test_kind_of_numbers_for_the_classifier_and_of_classes_for_the_regressor(X):
    """The estimators promise scikit-learn one kind; a task type must not break it."""
    y = pd.DataFrame({"t": np.arange(30) % 3})
    refuses(
        MultiTaskNetClassifier(**SMALL, task_types="regression"),
        ["'t'", "regression", "MultiTaskNetEstimator"],
        X,
        y,
    )
    refuses(
        MultiTaskNetRegressor(**SMALL, task_types={"t": "multiclass"}),
        ["'t'", "multiclass", "MultiTaskNetEstimator"],
        X,
        y,
    )


# Parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_layer_sizes", (8, 0)),
        ("hidden_layer_sizes", (8.5,)),
        ("hidden_layer_sizes", -1),
        ("hidden_layer_sizes", "8"),
        ("hidden_layer_sizes", ((8,), (4,))),
        ("head_hidden_layer_sizes", (0,)),
        ("head_hidden_layer_sizes", ((8,), (4,))),
        ("activation", "rleu"),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("n_members", 0),
        ("n_members", 2.0),
        ("n_members", "many"),
        ("categorical_features", "a"),
        ("max_categories", 0),
        ("scale_inputs", "yes"),
        ("solver", "lbfgs"),
        ("alpha", -1),
        ("batch_size", 0),
        ("batch_size", "full"),
        ("learning_rate", "fast"),
        ("learning_rate_init", 0),
        ("max_iter", 0),
        ("max_iter", 1.5),
        ("random_state", "seed"),
        ("tol", -1),
        ("verbose", "loud"),
        ("warm_start", "yes"),
        ("freeze", "head"),
        ("early_stopping", None),
        ("validation_fraction", 0.0),
        ("validation_fraction", 0.9),
        ("n_iter_no_change", 0),
        ("device", 0),
        ("device", "gpu"),
        ("device", "cuda:99"),
        ("dtype", "float16"),
        ("precision", "float16"),
        ("precision", None),
        ("callbacks", 3),
        ("net_params", [1]),
        ("net_params", {0: 1}),
    ],
)
def test_parameter_out_of_range(X, y, name, value):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**{**SMALL, name: value}),
        [rf"(?<!_){name}\b"],
        X,
        y,
        (ValueError, TypeError),
    )


@pytest.mark.parametrize("chosen", [["z"], [7], [True, False]])
def test_categorical_features_that_are_not_there(X, y, chosen):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, categorical_features=chosen),
        ["categorical_features", "'z'|7|2 columns"],
        X,
        y,
    )


def test_more_members_than_rows(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**{**SMALL, "n_members": 40}),
        ["n_members=40", "30", "auto"],
        X,
        y,
    )


def test_argument_that_skorch_does_not_know(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, net_params={"max_epoch": 3}),
        ["max_epoch"],
        X,
        y,
        (ValueError, TypeError),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_layer_sizes", [[1], [2, 3]]),
        ("head_hidden_layer_sizes", [[1], [2, 3]]),
        ("net_params", {"batch_size": 0}),
        ("net_params", {"max_epochs": -1}),
        ("class_weight", np.array([1.0, 2.0])),
    ],
)
def test_parameter_of_another_shape(X, y, name, value):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**{**SMALL, name: value}), [name], X, y
    )


@pytest.mark.parametrize("classes", [2, "ab", {"size": 2}, [None, 2]])
def test_classes_that_are_no_list(X, y, classes):
    refuses(
        MultiTaskNetEstimator(**SMALL), ["classes"], X, y, method="partial_fit",
        classes=classes,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("head_sparsity", np.float32(0.25)),
        ("dropout", np.float32(0.25)),
        ("alpha", np.float32(0.25)),
        ("learning_rate_init", np.float32(0.01)),
        ("tol", np.float32(0.01)),
        ("validation_fraction", np.float32(0.2)),
        ("max_norm", np.float32(2.0)),
        ("max_norm", 1e300),
        ("max_norm", 10**30),
        ("max_norm", 10**400),
        ("n_bins", 10**30),
        ("n_bins", np.int64(4)),
        ("batch_size", 10**12),
        ("batch_size", np.int64(8)),
        ("n_members", np.int64(2)),
        ("max_iter", np.int64(2)),
        ("max_categories", 10**30),
    ],
)
def test_any_number_within_the_range_is_taken(X, y, name, value):
    net = MultiTaskNetEstimator(**{**SMALL, name: value}).fit(X, y)
    assert np.isfinite(net.predict_proba(X)[1]).all()
