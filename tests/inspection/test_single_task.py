"""The same network with and without sharing."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t as student_t
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import load_student_performance, make_multitask
from sklearn_mtl.inspection import _teams, compare_single_task
from sklearn_mtl.inspection._single_task import _summary, holm_adjusted

SMALL = {
    "hidden_layer_sizes": (32,),
    "n_members": 2,
    "max_iter": 60,
    "learning_rate_init": 0.01,
    "random_state": 0,
}


def test_sharing_helps_columns_that_show_one_score():
    X, y = make_multitask(
        150, n_features=8, n_tasks=6, relatedness=1.0, noise=1.0, random_state=1
    )
    net = MultiTaskNetEstimator(**(SMALL | {"n_members": 6}))

    result = compare_single_task(net, X, y, cv=3)

    assert result.mean_relative_gain > 0.02
    assert result.single_scores.shape == result.multi_scores.shape == (3, 6)
    assert_allclose(result.difference, result.multi - result.single)
    assert_allclose(result.interval.mean(axis=1), result.difference)


def test_single_networks_learn_from_their_own_column_only():
    """Other labels of the other columns change nothing that a single network says."""
    X, y = make_multitask(120, n_tasks=2, random_state=0)
    other = y.copy()
    other[:, 1] = np.random.default_rng(0).permutation(other[:, 1])
    net = MultiTaskNetEstimator(**(SMALL | {"max_iter": 5}))
    cv = [(np.arange(80), np.arange(80, 120))]

    before, after = (compare_single_task(net, X, labels, cv) for labels in (y, other))

    assert_allclose(before.single[0], after.single[0])
    assert before.multi[0] != after.multi[0]
    assert np.isnan(before.interval).all()
    assert before.verdict == ["unclear", "unclear"]


def test_columns_of_any_kind_with_gaps_in_a_pipeline():
    X, y = load_student_performance(return_X_y=True, as_frame=True)
    X, y = X[["age", "studytime", "absences"]][:150], y[["G3", "higher", "Mjob"]][:150]
    y = y.mask(np.random.default_rng(0).random(y.shape) < 0.2)
    net = make_pipeline(
        StandardScaler(), MultiTaskNetEstimator(**(SMALL | {"max_iter": 5}))
    )

    result = compare_single_task(net, X, y, cv=2)

    assert result.task_names == ["G3", "higher", "Mjob"]
    assert np.isfinite(result.difference).all()


def test_verdicts_by_hand():
    single = np.array([[0.1, 0.5, 0.2], [0.1, 0.5, 0.6], [0.1, 0.5, 0.1]])
    gain = np.array([[0.30, -0.2, 0.5], [0.31, -0.2, -0.5], [0.29, -0.21, 0.0]])

    result = _summary(["a", "b", "c"], single, single + gain, 0.5, 0.95)

    assert result.verdict == ["helped", "hurt", "unclear"]
    # t(2) at 97.5 % is 4.3027; the standard deviation of the first gain is 0.01.
    half = 4.302653 * 0.01 * np.sqrt(1 / 3 + 0.5)
    assert_allclose(result.interval[0], [0.3 - half, 0.3 + half], rtol=1e-5)
    t = np.abs(gain.mean(axis=0)) / (gain.std(axis=0, ddof=1) * np.sqrt(1 / 3 + 0.5))
    p = 2 * student_t.sf(t, 2)
    assert_allclose(result.p_value, [3 * p[1], 3 * p[1], 1.0])  # 2 * p[0] is less
    expected = np.mean([0.3 / 0.9, gain[:, 1].mean() / 0.5, 0.0])
    assert result.mean_relative_gain == pytest.approx(expected)


def test_verdicts_are_held_against_the_number_of_columns():
    rng = np.random.default_rng(0)
    gain = 0.01 * rng.normal(size=(5, 1)) + 0.015
    alone = _summary(["a"], np.zeros((5, 1)), gain, 0.25, 0.95)
    low, high = alone.interval[0]
    assert 0 < low < high
    assert alone.verdict == ["helped"]

    noise = np.hstack([gain, rng.normal(size=(5, 9))])
    among = _summary(list("abcdefghij"), np.zeros((5, 10)), noise, 0.25, 0.95)
    assert_allclose(among.interval[0], [low, high])
    assert among.verdict[0] == "unclear"
    assert_allclose(among.p_value[0], 10 * alone.p_value[0])


def test_p_values_are_adjusted_by_holms_method():
    found = holm_adjusted(np.array([0.02, np.nan, 0.01, 0.6, 0.015]))
    assert_allclose(found, [0.045, np.nan, 0.04, 0.6, 0.045])


def test_what_cannot_be_compared_is_refused():
    X, y = make_multitask(60, n_tasks=2, random_state=0)

    with pytest.raises(ValueError, match="single column"):
        compare_single_task(MultiTaskNetEstimator(), X, y[:, 0])
    with pytest.raises(TypeError, match=r"Ridge\. Pass a MultiTaskNetEstimator"):
        compare_single_task(Ridge(), X, y)
    with pytest.raises(ValueError, match=r"'confidence'.*Got 95 instead"):
        compare_single_task(MultiTaskNetEstimator(), X, y, confidence=95)


def test_groups_stay_whole_in_the_folds_and_in_the_net(monkeypatch):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 5)
    X = np.column_stack([groups, rng.normal(size=60)])
    y = rng.normal(size=(60, 2))
    seen = []
    fit = _teams.fit_arranged

    def spy(net, X, y, arrange, own):
        fitted = fit(net, X, y, arrange, own)
        seen.append((X[:, 0], own, fitted.stack.net.members.folds))
        return fitted

    monkeypatch.setattr(_teams, "fit_arranged", spy)
    net = MultiTaskNetEstimator(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    compare_single_task(net, X, y, cv=3, groups=groups)
    assert len(seen) >= 3
    for of_row, own, folds in seen:
        np.testing.assert_array_equal(of_row, own)
        assert len(set(own)) == 8
        for fold in folds:
            assert not set(own[fold.held_out]) & set(own[fold.trains_on(len(own))])


def test_columns_that_belong_together_compare_as_what_they_are_alone():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(90, 2))
    share = 1 / (1 + np.exp(-3 * X[:, 0]))
    y = pd.DataFrame({"a": share, "b": 1 - share, "species": np.rint(1.4 * X[:, 0])})
    y["family"] = np.where(y["species"] > 0, "up", "down")
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(8,),
        n_members=2,
        max_iter=20,
        learning_rate_init=0.05,
        task_types={("a", "b"): "simplex", ("family", "species"): "class_tree"},
        random_state=0,
    )

    found = compare_single_task(net, X, y, cv=2)

    assert (found.single > 0.2).all()
    assert (found.multi > 0.2).all()
