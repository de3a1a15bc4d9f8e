"""What the nets of a fit say of rows."""

from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.estimators import _fitted_stack
from sklearn_mtl.nn import VariationalAutoencoder

VARIATIONAL = VariationalAutoencoder()


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(90, 3)), columns=list("abc"))
    y = pd.DataFrame({"price": 3 * X["a"] + 1, "sold": np.where(X["b"] > 0, "y", "n")})
    return X, y


@pytest.fixture(scope="module")
def net(table):
    return MultiTaskNetEstimator(
        hidden_layer_sizes=(8,), n_members=3, max_iter=3, random_state=0
    ).fit(*table)


def test_responses_are_what_predictions_are_made_of(net, table):
    X, _ = table
    price, sold = net.stack_.responses(X)

    assert_array_equal(price[:, 0], net.predict(X)["price"])
    assert_array_equal(sold, net.predict_proba(X)[1])
    (alone,) = net.stack_.responses(X, tasks=[1])
    assert_array_equal(alone, sold)


def test_functions_see_all_members_some_rows_at_a_time(net, table, monkeypatch):
    X, _ = table
    whole = net.stack_.responses(X)
    seen = []

    def note(features, responses):
        seen.append((features.shape[0], [r.shape[:2] for r in responses]))
        return [response.mean(axis=0) for response in responses]

    monkeypatch.setattr(_fitted_stack, "ROWS_AT_ONCE", 40)
    parts = net.stack_.map_responses(note, X)

    assert seen == [(n, [(3, n), (3, n)]) for n in (40, 40, 10)]
    for part, response in zip(parts, whole, strict=True):
        assert_allclose(part, response, rtol=1e-12)


def test_rows_are_checked_as_the_estimator_checks_them(net, table):
    X, _ = table

    with pytest.raises(ValueError, match="feature names should match"):
        net.stack_.responses(X.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="MultiTaskNetEstimator was fitted with"):
        net.stack_.responses(X.to_numpy())
    with pytest.raises(ValueError, match="0 sample"):
        net.stack_.responses(X[:0])


def test_a_stack_does_not_change_with_its_estimator(net, table):
    X, y = table
    again = MultiTaskNetEstimator(**net.get_params()).fit(X, y)
    stack, before = again.stack_, again.stack_.responses(X)

    again.fit(X[["a", "b"]], y["sold"])

    assert again.stack_ is not stack
    for now, response in zip(stack.responses(X), before, strict=True):
        assert_array_equal(now, response)
    with pytest.raises(FrozenInstanceError):
        stack.temperature = np.ones(2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda net, X: net.predict_interval(X, coverage=2), "predict_interval"),
        (lambda net, X: net.predict_interval(X, method="no"), "predict_interval"),
        (
            lambda net, X: net.set_params(
                reconstruction=VariationalAutoencoder()
            ).sample(0),
            "sample",
        ),
    ],
)
def test_errors_name_the_class_and_the_method_that_was_called(call, said):
    X = np.arange(40.0).reshape(20, 2)
    net = MultiTaskNetRegressor(max_iter=1, n_members=2).fit(X, X[:, 0])

    with pytest.raises(ValueError, match=rf"MultiTaskNetRegressor\.{said} must be"):
        call(net, X)
