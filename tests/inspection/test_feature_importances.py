"""Which columns of X the prediction of each column of y rests on."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.estimators import held_out_rows, new_rows
from sklearn_mtl.inspection import feature_importances, integrated_gradients
from tests.helpers import SMALL_NET

TINY = {"hidden_layer_sizes": (8,), "n_members": 2, "max_iter": 2, "random_state": 0}


def planted(seed, n_rows=240):
    """Each column of y rests on columns of X of its own, of each kind."""
    rng = np.random.default_rng(seed)
    dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        rng.integers(0, 900, n_rows), "D"
    )
    X = pd.DataFrame(
        {
            "a": rng.normal(size=n_rows),
            "town": rng.choice(list("uvwx"), n_rows),
            "b": np.where(rng.random(n_rows) < 0.3, np.nan, rng.normal(size=n_rows)),
            "day": dates,
            "noise": rng.normal(size=n_rows),
            "other": rng.choice(list("pq"), n_rows),
        }
    )
    noise = 0.3 * rng.normal(size=(n_rows, 2))
    late = (dates - dates.min()).days / 300
    y = pd.DataFrame(
        {
            "number": 2 * X["a"] + noise[:, 0],
            "level": np.where(X["town"].isin(["u", "v"]), "low", "high"),
            "age": late + X["b"].isna() * 1.5 + noise[:, 1],
        }
    )
    y.loc[::9, "number"] = np.nan
    return X, y


@pytest.fixture(scope="module")
def fitted():
    X, y = planted(0)
    settings = {**SMALL_NET, "n_members": 5}
    return MultiTaskNetEstimator(**settings).fit(X, y), X, y


@pytest.fixture(scope="module")
def found(fitted):
    return feature_importances(*fitted)


WANTED = {"number": {"a"}, "level": {"town"}, "age": {"b", "day"}}


def check_planted(found):
    lower = found.interval[..., 0]
    for t, name in enumerate(found.task_names):
        is_planted = np.isin(found.feature_names, list(WANTED[name]))
        assert (lower[is_planted, t] > 0.05).all()
        lost = found.importances[:, t]
        assert lost[~is_planted].max() < 0.5 * lost[is_planted].min()


def test_planted_columns_of_each_kind_are_found(found):
    assert found.feature_names == ["a", "town", "b", "day", "noise", "other"]
    assert found.importances.shape == (6, 3)
    assert found.of_repeats.shape == (5, 6, 3)
    assert found.n_rows.tolist() == [213, 240, 240]
    check_planted(found)


def test_they_are_found_in_another_table_by_folds():
    net = MultiTaskNetEstimator(**SMALL_NET)
    check_planted(feature_importances(net, *planted(1), cv=2))


def test_skill_is_that_of_held_out_rows(fitted, found):
    net, _, y = fitted
    expected = 1 - np.nanmean((y["age"] - net.oof_predictions_["age"]) ** 2) / np.var(
        y["age"]
    )
    assert found.skill[2] == pytest.approx(expected, abs=1e-6)


def test_cells_move_as_if_x_had_been_permuted(fitted):
    net, X, y = fitted
    order = np.random.default_rng(0).permutation(len(X))
    for column in X:
        moved = X.copy()
        moved[column] = X[column].to_numpy()[order]
        position = np.array([X.columns.get_loc(column)])
        responses = new_rows(net, X, y).responses_with_cells_of(order, position)
        for own, expected in zip(responses, net.stack_.responses(moved), strict=True):
            assert np.allclose(own, expected, atol=1e-12)


def test_agrees_with_scikit_learn_on_new_rows(fitted):
    net, *_ = fitted
    X, y = planted(5, 400)
    found = feature_importances(net, X, y, cv="prefit", n_repeats=10)
    view, known = net.named_estimators_["number"], y["number"].notna()
    theirs = permutation_importance(
        view, X[known], y["number"][known], n_repeats=10, random_state=0
    )
    assert np.allclose(found.importances[:, 0], theirs.importances_mean, atol=0.05)


def test_columns_that_repeat_each_other_are_permuted_together():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    X[:, 1] = X[:, 0]
    net = MultiTaskNetEstimator(**SMALL_NET).fit(X, X[:, 0])
    alone = feature_importances(net, X, X[:, 0], features=[0, 1]).importances
    both = feature_importances(net, X, X[:, 0], features={"twins": [0, 1], "c": [2]})
    assert both.feature_names == ["twins", "c"]
    assert both.importances[0, 0] > 1.5 * alone.max()
    assert abs(both.importances[1, 0]) < 0.01


def test_rows_of_a_group_count_as_one(fitted, found):
    net, X, y = fitted
    groups = np.arange(len(X)) // 8
    grouped = feature_importances(net, X, y, groups=groups)
    assert np.array_equal(grouped.importances, found.importances)
    assert not np.allclose(grouped.interval, found.interval)


def test_table_of_forms():
    """Sparse rows, columns alone, 1-D y, labels that are bounds, a Pipeline."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    bounds = pd.DataFrame({"p": np.where(X[:, 0] > 0.5, ">0.5", X[:, 0].astype("U6"))})
    for rows, y, kinds in (
        (sparse.csr_matrix(X * (X > 0)), X[:, :2], None),
        (X, X[:, 0], None),
        (pd.DataFrame(X), bounds, "censored"),
        (X, np.column_stack([X[:, 0], np.ones(80)]), None),
    ):
        net = MultiTaskNetEstimator(**TINY, task_types=kinds)
        net.fit(rows, y)
        found = feature_importances(net, rows, y, n_repeats=1)
        assert np.isfinite(found.importances[:, 0]).all()
    assert np.isnan(found.importances[:, 1]).all()
    pipe = make_pipeline(StandardScaler(), MultiTaskNetEstimator(**TINY)).fit(X, X)
    assert feature_importances(pipe, X, X, n_repeats=1).importances.shape == (3, 3)
    assert feature_importances(pipe, X, X, 2, n_repeats=1).n_rows.tolist() == [80] * 3


def test_rows_are_those_of_the_fit(fitted):
    net, X, y = fitted
    for rows, labels in ((X[::-1], y[::-1]), (X[:100], y[:100]), (X, y[::-1])):
        with pytest.raises(ValueError, match="pass the X and y that the estimator was"):
            held_out_rows(net, rows, labels)


def test_bad_arguments(fitted):
    net, X, y = fitted
    plain = MultiTaskNetEstimator(**TINY, early_stopping=False).fit(X, y)
    for error, words, call in (
        (ValueError, "held out none", lambda: feature_importances(plain, X, y)),
        (ValueError, "is not fitted", lambda: feature_importances(
            MultiTaskNetEstimator(), X, y)),
        (ValueError, "cv='foo'", lambda: feature_importances(net, X, y, "foo")),
        (ValueError, "'zz'", lambda: feature_importances(net, X, y, features=["zz"])),
        (ValueError, "no list", lambda: feature_importances(net, X, y, features="a")),
        (ValueError, r"features\['g'\] names 9", lambda: feature_importances(
            net, X, y, features={"g": [9]})),
        (ValueError, "chooses no column", lambda: feature_importances(
            net, X, y, features={})),
        (ValueError, "n_repeats", lambda: feature_importances(net, X, y, n_repeats=0)),
        (TypeError, "LinearRegression", lambda: feature_importances(
            LinearRegression(), X, y)),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            call()


def test_columns_that_belong_together_beside_one_known_in_training():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 2)), columns=list("ab"))
    share = 1 / (1 + np.exp(-X["a"]))
    y = pd.DataFrame({"later": X["b"], "p": share, "q": 1 - share, "n": X["b"]})
    y.loc[::5, "q"] = np.nan  # follows from "p"
    net = MultiTaskNetEstimator(
        task_types={("p", "q"): "simplex"},
        auxiliary=["later"],
        hidden_layer_sizes=(4,),
        max_iter=2,
        random_state=0,
    ).fit(X, y)

    asked = feature_importances(net, X, y, n_repeats=2)
    new = feature_importances(net, X, y.drop(columns="later"), cv="prefit", n_repeats=2)
    moved = integrated_gradients(net, X[:3])

    for result in (asked, new, moved):
        assert result.task_names == ["p", "q", "n"]
    for of_part, other in zip(*moved.attributions[:2], strict=True):
        assert_allclose(of_part, -other, atol=1e-3)
