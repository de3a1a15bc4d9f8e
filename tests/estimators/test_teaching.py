"""Teachers of columns: what is taught, by whom, and how it is weighed."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.estimators._teaching import best_of_weights, loses
from sklearn_mtl.io import load, save
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import Count, GammaRegression

TINY = {
    "hidden_layer_sizes": (8,),
    "n_members": 5,
    "max_iter": 2,
    "random_state": 0,
}


class Noted(RegressorMixin, BaseEstimator):
    """Predicts the first column of X, and notes what it was fitted to and asked."""

    fits: list = []  # noqa: RUF012
    asked: list = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None):
        self.rows_ = X[:, -1].astype(int)
        self.fits.append((self.rows_, y, sample_weight))
        return self

    def predict(self, X):
        self.asked.append((self.rows_, X[:, -1].astype(int)))
        return X[:, 0]


@pytest.fixture
def noted(monkeypatch):
    monkeypatch.setattr(Noted, "fits", [])
    monkeypatch.setattr(Noted, "asked", [])
    return Noted()


@pytest.fixture(scope="module")
def table():
    """Make a column of which most labels are missing, and one of few gaps."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    X[:, 3] = np.arange(120)
    y = np.column_stack([X[:, 0], X[:, 0] - X[:, 1]])
    y[40:, 0] = np.nan
    y[110:] = np.nan
    return X, y


def line_of_few_labels():
    """Rows of which the last ones have no label at all."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 6))
    y = X @ rng.normal(size=6) + 0.1 * rng.normal(size=150)
    return X, np.where(np.arange(150) < 30, y, np.nan), y


# What helps


def test_a_good_teacher_is_chosen_and_lowers_the_error():
    X, y, truth = line_of_few_labels()
    net = MultiTaskNetRegressor(**(TINY | {"max_iter": 40}))
    plain = clone(net).fit(X, y)
    taught = net.set_params(teachers={0: Ridge()}).fit(X, y)
    (record,) = taught.teaching_

    assert record["weight"] > 0
    assert record["taught"] == 120 / 150
    assert record["loss_with"] < record["loss_without"] - 0.02
    assert record["agreement"] > 0.7
    assert taught.score(X, truth) > plain.score(X, truth) + 0.02


def test_a_bad_teacher_changes_nothing(table):
    X, y = table
    net = MultiTaskNetRegressor(**TINY)
    plain = clone(net).fit(X, y)
    net.set_params(teachers={0: DummyRegressor(strategy="constant", constant=30.0)})
    net.fit(X, y)
    (record,) = net.teaching_
    assert record["weight"] == 0
    assert record["loss_with"] > record["loss_without"]
    assert_array_equal(net.predict(X), plain.predict(X))
    assert_array_equal(net.oof_predictions_, plain.oof_predictions_)
    assert not hasattr(plain, "teaching_")


def test_weights_are_chosen_by_more_than_chance():
    gains = np.zeros((3, 4, 3))
    gains[0, :, 0], gains[2, :, 0] = 0.1, 0.2
    gains[1, :, 1] = [1.0, -1.0, 0.9, -0.8]  # by chance
    gains[:, :, 2] = np.nan
    assert best_of_weights(gains).tolist() == [2, -1, -1]


@pytest.mark.parametrize(
    ("gain", "expected"),
    [
        ([0.1, 0.0, 0.0], [False, False]),
        ([-0.1, 0.0, 0.5], [True, False]),
        ([0.1, 0.0, -0.5], [True, False]),  # others lose more
        ([np.nan, 0.0, 0.0], [True, False]),
    ],
)
def test_a_weight_must_gain_and_must_not_cost_more(gain, expected):
    weight, share = np.array([1.0, 0.0]), np.full((4, 3), 1 / 3)
    gains = np.tile(gain, (4, 1))
    assert loses(gains, share, [0, 1], weight).tolist() == expected


# Who sees what


def held_out_of(net):
    return [set(fold.held_out.tolist()) for fold in net.net_.members.folds]


@pytest.mark.parametrize("cv", [None, 3, KFold(3)])
def test_no_teacher_sees_labels_that_its_members_are_judged_by(table, noted, cv):
    X, y = table
    net = MultiTaskNetRegressor(**TINY, cv=cv, teachers={0: noted}).fit(X, y)
    labelled = set(range(40))
    expected = [labelled - held_out for held_out in held_out_of(net)]
    assert [set(rows.tolist()) for rows, _, _ in Noted.fits] == expected
    for rows, labels, weight in Noted.fits:
        assert_array_equal(labels, X[rows, 0])
        assert weight is None
    assert not hasattr(noted, "rows_")
    n_asked = 110 if isinstance(cv, KFold) else 120  # a splitter knows no others
    assert {len(rows) for _, rows in Noted.asked} == {n_asked}


def test_groups_stay_whole_for_teachers_too(table, noted):
    X, y = table
    groups = np.arange(120) % 10
    net = MultiTaskNetRegressor(**TINY, teachers={0: noted}).fit(X, y, groups=groups)
    for (rows, _, _), held_out in zip(Noted.fits, held_out_of(net), strict=True):
        assert not set(groups[rows]) & {groups[row] for row in held_out}
    # Of 110 rows with labels, 22 are held out; so are 2 of the 10 rows without.
    assert net.teaching_[0]["taught"] == pytest.approx(0.8 * 80 / 120, abs=0.02)


def test_a_fitted_teacher_is_used_as_it_is(table, noted):
    X, y = table
    fitted = clone(noted).fit(X[:3], y[:3, 0])
    Noted.fits.clear()
    net = MultiTaskNetRegressor(**TINY, teachers={0: fitted}).fit(X, y)
    assert not Noted.fits
    assert len(Noted.asked) == 1
    assert net.teaching_[0]["teacher_score"] == 1.0


def test_weights_of_labels_reach_the_teacher(table, noted):
    X, y = table
    weight = np.arange(120.0) % 7
    MultiTaskNetRegressor(**TINY, teachers={0: noted}).fit(X, y, weight)
    for rows, _, own in Noted.fits:
        assert_array_equal(own, weight[rows])
        assert own.all()  # a weight of 0 leaves a label out
    assert all(weight[rows].all() for _, rows in Noted.asked)


def test_rows_to_stop_on_judge_too(table, noted):
    X, y = table
    net = MultiTaskNetRegressor(**TINY, teachers={0: noted})
    net.fit(X[20:], y[20:], X_val=X[:20], y_val=y[:20])
    ((rows, _, _),) = Noted.fits
    assert rows.tolist() == list(range(20, 40))
    (record,) = net.teaching_
    assert record["teacher_score"] == 1.0
    assert record["taught"] == 0.8
    assert not hasattr(net, "oof_score_")


# Kinds


class Sure(ClassifierMixin, BaseEstimator):
    """Knows classes by the sign of X, and no probabilities."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0] > 0).astype(int)]


def mixed_table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "word": rng.choice(["a", "b"], 90),
            "number": rng.normal(size=90),
        }
    )
    y = pd.DataFrame(
        {
            "two": np.where(X["number"] > 0, "yes", "no"),
            "three": np.where(X["word"] == "a", 7, np.where(X["number"] > 0, 5, 3)),
            "count": np.abs(np.rint(3 * X["number"])),
            "gamma": np.exp(X["number"]),
        }
    ).astype({"two": object, "three": "Int64"})
    for start, name in enumerate(y):
        y.loc[20 * start : 20 * start + 25, name] = pd.NA
    return X, y


KINDS = {"three": "multiclass", "count": "count", "gamma": "gamma"}


def encoded(model):
    return make_pipeline(OneHotEncoder(handle_unknown="ignore"), model)


def test_columns_of_many_kinds_are_taught_from_the_cells_as_they_came():
    X, y = mixed_table()
    net = MultiTaskNetEstimator(
        **TINY,
        task_types=KINDS,
        class_weight="balanced",
        teachers={
            "two": encoded(LogisticRegression()),
            "three": encoded(LogisticRegression()),
            "count": encoded(LinearRegression()),
            "gamma": encoded(LinearRegression()),
        },
    ).fit(X, y)
    assert [record["column"] for record in net.teaching_] == list(y)
    for record in net.teaching_:
        assert np.isfinite(list(record.values())[1:]).all(), record


@pytest.mark.parametrize(
    ("kind", "expected"), [(Count(), [0.0, 2.0]), (GammaRegression(), [1.5e-3, 2.0])]
)
def test_predictions_are_drawn_into_the_range_of_labels(kind, expected):
    (column,) = TargetTable(np.array([1.0, 2.0])).columns
    task = kind.fit(column, np.ones(2))
    assert_allclose(task.nearest_labels(np.array([-1.0, 2.0])), expected)


def test_a_teacher_may_know_no_probabilities(table):
    X, y = table
    words = np.where(y[:, 1:] > 0, "up", "down").astype(object)
    words[50:] = None
    y = np.column_stack([y[:, 0].astype(object), words])
    net = MultiTaskNetEstimator(**TINY, teachers={1: Sure()}).fit(X, y)
    assert 0 <= net.teaching_[0]["agreement"] <= 1


# As any other parameter


def test_copies_share_no_teacher_and_files_hold_none(table, tmp_path):
    X, y = table
    teacher = LinearRegression().fit(X[:9], y[:9, 0])
    net = MultiTaskNetRegressor(**TINY, teachers={0: teacher})
    assert not hasattr(clone(net).teachers[0], "coef_")  # as any clone's
    frozen = clone(net.set_params(teachers={0: FrozenEstimator(teacher)}))
    assert frozen.fit(X, y).teaching_[0]["teacher_score"] == pytest.approx(1.0)

    net.set_params(teachers={0: teacher}).fit(X, y)
    assert net.teachers == {0: teacher}
    save(net, tmp_path / "net")
    again, pickled = load(tmp_path / "net"), pickle.loads(pickle.dumps(net))
    assert again.teachers is None
    assert again.teaching_ == net.teaching_ == pickled.teaching_
    assert_array_equal(again.predict(X), net.predict(X))


def test_a_fit_with_teachers_can_be_gone_on_with_without_them(table):
    X, y = table
    net = MultiTaskNetRegressor(**TINY, teachers={0: LinearRegression()}).fit(X, y)
    before = net.predict(X)
    for call in (net.partial_fit, net.set_params(warm_start=True).fit):
        with pytest.raises(ValueError, match=r"starts anew.*teachers=None"):
            call(X, y)
    assert_array_equal(net.predict(X), before)
    net.set_params(teachers=None).partial_fit(X, y)
    assert not hasattr(net, "teaching_")


def test_a_seed_makes_teachers_the_same_and_scores_are_cross_validated(table):
    X, y = table
    y = y[:, :1]

    class Drawing(Noted):
        def __init__(self, random_state=None):
            self.random_state = random_state

        def predict(self, X):
            rng = np.random.default_rng(self.random_state)
            return X[:, 0] + rng.normal(size=len(X))

    net = MultiTaskNetRegressor(**TINY, teachers={0: Drawing()})
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (clone(net).fit(X, y).teaching_ for _ in range(2))
    assert first == second
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    scores = cross_val_score(net, X[20:80], y[20:80], cv=[(range(40), range(9))])
    assert np.isfinite(scores).all()
