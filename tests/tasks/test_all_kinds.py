"""All kinds side by side in one network."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_mtl.tasks import KINDS, Ordinal, Quantile
from tests.tasks.helpers import LOG_LINK, labels_for, small_net


def test_standard_deviations_of_all_kinds_are_near_the_truth(all_kinds, fitted_net):
    X, y, noise = all_kinds

    _, std = fitted_net.predict(X, return_std=True)

    assert list(std.columns) == list(y.columns)
    for name in y.columns:
        if name in noise:
            ratio = std[name] / noise[name]
            assert 0.6 < ratio.median() < 1.6, name
        elif name in ("binary", "multiclass", "ordinal"):
            assert std[name].isna().all()
        else:
            assert (std[name] > 0).all()
    assert np.corrcoef(std["heteroscedastic"], noise["heteroscedastic"])[0, 1] > 0.6


@pytest.fixture(scope="module")
def all_kinds():
    rng = np.random.default_rng(0)
    n_rows = 500
    X = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=["a", "b", "c"])
    a, b = X["a"].clip(-2, 2), X["b"].clip(-2, 2)
    score = a + b + rng.logistic(scale=0.3, size=n_rows)
    noise = pd.DataFrame(
        {
            "regression": np.full(n_rows, 0.5),
            "heteroscedastic": np.exp(b / 2),
            "censored": np.full(n_rows, 0.5),
            "gamma": np.exp(a / 2) * 0.3**0.5,
            "count": np.exp((1 + a) / 2),
            "negative_binomial": np.sqrt(np.exp(1 + a) + np.exp(2 + 2 * a)),
        }
    )
    normal = rng.normal(size=(n_rows, 6)).T
    hidden = a - b + 0.5 * normal[5]
    y = pd.DataFrame(
        {
            "regression": a - b + 0.5 * normal[0],
            "laplace": a + 0.1 * normal[1],
            "huber": b + 0.1 * normal[2],
            "heteroscedastic": a + noise["heteroscedastic"] * normal[3],
            "gamma": np.exp(a / 2) * rng.gamma(1 / 0.3, 0.3, n_rows),
            "count": rng.poisson(np.exp(1 + a)).astype(float),
            "negative_binomial": rng.poisson(
                np.exp(1 + a) * rng.exponential(size=n_rows)
            ).astype(float),
            "quantile": b + normal[4],
            "censored": np.where(hidden > 1.0, ">1", hidden.astype(object)),
            "binary": np.where(score > 0, "yes", "no"),
            "multiclass": np.array(["p", "q", "r"])[np.digitize(a - b, [-1, 1])],
            "ordinal": np.digitize(score, [-2, -1, 1, 2]),
        }
    )
    y.insert(9, "survival", np.exp(a) * rng.gamma(9, 1 / 9, n_rows))
    assert list(y.columns) == list(KINDS)
    for place, name in enumerate(y.columns):
        y[name] = y[name].astype(object if y[name].dtype != float else float)
        y.loc[y.index[place::8], name] = None
    return X, y, noise


KIND_OF_EACH = {name: name for name in KINDS}


@pytest.fixture(scope="module")
def fitted_net(all_kinds):
    X, y, _ = all_kinds
    return small_net(
        hidden_layer_sizes=(32,), task_types=KIND_OF_EACH, learning_rate_init=0.01
    ).fit(X, y)


def test_all_kinds_learn_side_by_side(all_kinds, fitted_net):
    X, y, _ = all_kinds

    assert [task.kind for task in fitted_net.tasks_] == list(KINDS)
    for name in KINDS:
        assert fitted_net.history_[-1][f"valid_loss/{name}"] < 0.95, name
    predicted = fitted_net.predict(X)
    assert predicted.columns.tolist() == list(KINDS)
    assert predicted.notna().all(axis=None)
    assert (predicted[LOG_LINK] > 0).all(axis=None)
    for task, view in zip(fitted_net.tasks_, fitted_net.estimators_, strict=True):
        score = view.score(X, y[task.name_])
        assert score > 0.1, task.name_


def test_all_kinds_survive_pickle_and_clone(all_kinds, fitted_net):
    X, y, _ = all_kinds

    revived = pickle.loads(pickle.dumps(fitted_net))

    pd.testing.assert_frame_equal(revived.predict(X), fitted_net.predict(X))
    again = clone(fitted_net).set_params(max_iter=2)
    assert not hasattr(again, "tasks_")
    kinds = {"quantile": Quantile((0.2, 0.8)), "ordinal": Ordinal([0, 1, 2, 3, 4, 5])}
    again.set_params(task_types=KIND_OF_EACH | kinds)
    tasks = clone(again).fit(X, y).tasks_
    assert tasks[7].quantiles == (0.2, 0.8)
    assert tasks[12].classes_.tolist() == [0, 1, 2, 3, 4, 5]


def test_all_kinds_go_on_learning(all_kinds):
    X, y, _ = all_kinds
    net = small_net(task_types=KIND_OF_EACH, max_iter=3, warm_start=True)

    before = net.fit(X, y).history_[-1]["train_loss"]
    net.fit(X, y)
    parts = small_net(task_types=KIND_OF_EACH)
    for _ in range(3):
        for rows in (slice(0, 250), slice(250, 500)):
            parts.partial_fit(X[rows], y[rows])

    assert len(net.history_) == 6
    assert net.history_[-1]["train_loss"] < before
    assert parts.history_[-1]["train_loss"] < parts.history_[0]["train_loss"]
    assert parts.predict(X).notna().all(axis=None)


def test_grid_search_over_all_kinds(all_kinds):
    X, y, _ = all_kinds
    grid_of_kinds = [KIND_OF_EACH, KIND_OF_EACH | {"quantile": Quantile((0.5,))}]
    search = GridSearchCV(
        small_net(max_iter=2, n_members=1), {"task_types": grid_of_kinds}, cv=2
    )

    search.fit(X, y)

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert [task.kind for task in search.best_estimator_.tasks_] == list(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_missing_labels_are_dropped_labels(name):
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(60, 2)), labels_for(name)
    labels[10:30] = np.nan
    known = ~np.isnan(labels)
    net = small_net(task_types=name, max_iter=3)

    masked = clone(net).fit(X, labels)
    dropped = clone(net).fit(X[known], labels[known])

    assert_array_equal(masked.predict(X), dropped.predict(X))
