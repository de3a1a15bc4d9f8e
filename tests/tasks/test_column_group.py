"""Columns that belong together hold their relation in everything a net says."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sklearn_mtl
from sklearn_mtl.estimators import _own_net
from sklearn_mtl.io import load, save
from sklearn_mtl.metrics import make_task_scorer, task_scores
from sklearn_mtl.tasks import ClassTree, Simplex
from tests.tasks.helpers import small_net

SOIL = ["sand", "silt", "clay"]
KINDS = {tuple(SOIL): Simplex(total=100), ("family", "species"): ClassTree()}
FAMILY = {"lion": "cat", "lynx": "cat", "wolf": "dog", "fox": "dog"}


@pytest.fixture(scope="module")
def table():
    """Columns of two groups in turns, with another between, and labels missing."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-1, 1, size=(240, 3)), columns=list("abc"))
    parts = np.exp(np.column_stack([2 * X["a"], X["b"], np.zeros(len(X))]))
    soil = 100 * parts / parts.sum(axis=1, keepdims=True)
    cat = X["a"] + 0.3 * rng.normal(size=len(X)) > 0
    of_cats = np.where(X["b"] > 0, "lion", "lynx")
    species = np.where(cat, of_cats, np.where(X["c"] > 0, "wolf", "fox"))
    y = pd.DataFrame(
        {
            "sand": soil[:, 0],
            "species": species,
            "clay": soil[:, 2],
            "depth": X["a"] + X["b"],
            "family": np.where(cat, "cat", "dog"),
            "silt": soil[:, 1],
        }
    )
    y.loc[20:60, "silt"] = np.nan
    y.loc[40:80, "sand"] = np.nan
    y.loc[90:120, "family"] = None
    y.loc[130:160, "species"] = None
    return X, y


@pytest.fixture(scope="module")
def net(table):
    return small_net(task_types=KINDS, max_iter=8, n_members=3).fit(*table)


@pytest.fixture(scope="module")
def known(table):
    """Know some labels of each row, of all combinations."""
    y = table[1].copy()
    mask = np.random.default_rng(1).random(y.shape) < 0.5
    return y.mask(mask)


def check_relations(y):
    assert_allclose(y[SOIL].sum(axis=1), 100, rtol=1e-9)
    assert (y[SOIL] >= 0).to_numpy().all()
    assert_array_equal(y["species"].map(FAMILY), y["family"])


def test_predictions_hold_the_relations(net, table, known):
    X, y = table
    plain = net.predict(X)
    check_relations(plain)
    check_relations(net.oof_predictions_.dropna())
    alone = [view.predict(X) for view in net.estimators_]
    for name, predicted in zip(y.columns, alone, strict=True):
        assert_array_equal(plain[name], predicted)
    informed = net.predict(X, y_known=known)
    check_relations(informed)
    for name in y.columns:
        rows = known[name].notna()
        assert_array_equal(informed.loc[rows, name], known.loc[rows, name])


def test_probabilities_of_children_sum_to_those_of_parents(net, table, known):
    X, y = table
    for y_known in (None, known):
        proba = dict(zip(y.columns, net.predict_proba(X, y_known=y_known), strict=True))
        classes = dict(zip(y.columns, net.classes_, strict=True))
        for j, family in enumerate(classes["family"]):
            own = [FAMILY[label] == family for label in classes["species"]]
            of_children = proba["species"][:, own].sum(axis=1)
            assert_allclose(of_children, proba["family"][:, j], atol=1e-9)


def test_draws_hold_the_relations(net, table, known):
    X, _y = table
    for y_known in (None, known):
        drawn = net.sample_y(X, n_samples=5, y_known=y_known)
        check_relations(drawn)
    rows = np.tile(known["species"].notna(), 5)
    assert_array_equal(drawn["species"][rows], np.tile(known["species"], 5)[rows])
    lone = np.tile(known["family"].notna(), 5)
    assert_array_equal(drawn["family"][lone], np.tile(known["family"], 5)[lone])


def test_intervals_stay_within_the_total(net, table, known):
    X, _ = table
    for arguments in ({}, {"coverage": 0.999}, {"y_known": known}, {"joint": True}):
        lower, upper = net.predict_interval(X, **arguments)
        assert (lower[SOIL] >= 0).to_numpy().all()
        assert (upper[SOIL] <= 100).to_numpy().all()
        assert (lower[SOIL] <= upper[SOIL]).to_numpy().all()


def test_columns_are_calibrated_and_stay_together(table, monkeypatch):
    monkeypatch.setattr(_own_net, "is_gain", lambda gain, least=0.0: len(gain) > 0)
    rng = np.random.default_rng(7)
    X, y = table
    noise = pd.DataFrame(rng.normal(size=X.shape))  # says nothing of y
    y = y.assign(depth=noise[0])
    net = small_net(task_types=KINDS, max_iter=8, n_members=3).fit(noise, y)

    stack = net.stack_
    soil, tree = [0, 2, 5], [1, 4]
    for own in (soil, tree):
        assert len(set(stack.shrinkage[own])) == len(set(stack.temperature[own])) == 1
    assert stack.shrinkage[0] < 1
    assert stack.temperature[1] != 1 or stack.shrinkage[1] < 1
    assert stack.own_tasks == [3]
    check_relations(net.predict(noise))


def test_labels_that_follow_are_learned_from(net, table):
    X, y = table
    filled = y.copy()
    rest = 100 - filled[SOIL].sum(axis=1)
    for name in ("sand", "silt"):
        rows = filled[SOIL].isna().sum(axis=1) == 1
        filled[name] = filled[name].mask(rows & filled[name].isna(), rest)
    filled["family"] = filled["family"].fillna(filled["species"].map(FAMILY))

    again = small_net(task_types=KINDS, max_iter=8, n_members=3).fit(X, filled)

    pd.testing.assert_frame_equal(again.predict(X), net.predict(X))


def test_order_of_columns_is_nobodys_business(net, table):
    X, y = table
    names = ["family", "sand", "silt", "clay", "species", "depth"]
    other = small_net(task_types=KINDS, max_iter=8, n_members=3).fit(X, y[names])

    assert [task.name_ for task in other.tasks_] == names
    check_relations(other.predict(X))
    assert abs(other.score(X, y[names]) - net.score(X, y)) < 0.2


def test_survives_files_pickle_and_a_warm_start(net, table, tmp_path):
    X, y = table
    path = tmp_path / "net.mtl"
    save(net, path)
    for copy in (load(path), pickle.loads(pickle.dumps(net))):
        pd.testing.assert_frame_equal(copy.predict(X), net.predict(X))
        copy.set_params(warm_start=True, max_iter=1).fit(X, y)
        check_relations(copy.predict(X))


def test_metrics_take_groups(net, table):
    X, y = table
    rows = task_scores(y, net, X=X)
    told = task_scores(y, net.predict(X), task_types=KINDS)

    assert [row["kind"] for row in rows] == [task.kind for task in net.tasks_]
    for ours, theirs in zip(rows, told, strict=True):
        name = "accuracy" if "accuracy" in ours else "r2"
        assert ours[name] == pytest.approx(theirs[name])


def test_members_stop_by_a_metric_and_learn_batch_by_batch(table):
    X, y = table
    net = small_net(task_types=KINDS, max_iter=2, scoring=make_task_scorer("score"))
    check_relations(net.fit(X, y).predict(X))
    net = small_net(task_types=KINDS, early_stopping=False)
    for rows in (slice(120), slice(120, None)):
        net.partial_fit(X[rows], y[rows])
    check_relations(net.predict(X))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"sand": 90.0, "silt": 30.0}, "Row 3 of the columns.*sums to 120"),
        ({"species": "lion", "family": "dog"}, "Row 3 says 'dog'.*under 'cat'"),
        ({"silt": -1.0}, "never negative"),
    ],
)
def test_known_labels_that_contradict_are_told(net, table, labels, message):
    X, y = table
    y_known = y.head(5).copy()
    y_known[:] = np.nan
    for name, label in labels.items():
        y_known.loc[3, name] = label
    with pytest.raises(ValueError, match=f"y_known.*{message}"):
        net.predict(X.head(5), y_known=y_known)


def test_classifier_takes_positions_of_an_array():
    X = np.linspace(-1, 1, 60)[:, None]
    y = np.column_stack([X[:, 0] > 0, 4 * X[:, 0] // 1]).astype(int)
    net = sklearn_mtl.MultiTaskNetClassifier(task_types={(0, 1): "class_tree"})
    net.set_params(max_iter=2, n_members=2, random_state=0).fit(X, y)

    predicted = net.predict(X)

    assert_array_equal(predicted[:, 0], predicted[:, 1] >= 0)


def test_a_child_is_not_learned_within_parents_that_are_not(table):
    net = small_net(task_types=KINDS, task_weights={"family": 0})
    with pytest.raises(ValueError, match=r"task_weights is 0 for column 'family'"):
        net.fit(*table)
