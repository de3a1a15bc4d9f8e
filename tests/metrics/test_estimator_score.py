"""`score` of estimators and views, `oof_score_` and metrics are one number."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import accuracy_score, r2_score

from sklearn_mtl import MultiTaskNetClassifier, MultiTaskNetEstimator
from sklearn_mtl.metrics import (
    column_score,
    make_task_scorer,
    mean_of_known,
    skill_score,
    task_scores,
)
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import (
    Binary,
    GammaRegression,
    Multiclass,
    Ordinal,
    Regression,
)

SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 3,
    "batch_size": 64,
    "random_state": 0,
}
SCORE = make_task_scorer("score")


def column_of(labels):
    return TargetTable(labels).columns[0]


def fitted(task, labels):
    column = column_of(labels)
    return task.fit(column, (~column.missing).astype(float))


class OfRoots(Regression):
    """Numbers whose score is R2 of their roots."""

    kind = "of_roots"

    def score(self, labels, predictions, sample_weight=None):
        return super().score(*np.sqrt([labels, predictions]), sample_weight)


class NearlyRight(Ordinal):
    """Ordered classes whose score counts a neighbour as a hit."""

    kind = "nearly_right"

    def score(self, labels, predictions, sample_weight=None):
        off = np.abs(labels.astype(int) - predictions.astype(int))
        return np.average(off <= 1, weights=sample_weight)


OWN = {"size": OfRoots(), "grade": NearlyRight()}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 3))
    y = pd.DataFrame(
        {
            "price": X[:, 0] + 0.1 * rng.normal(size=150),
            "town": np.where(X[:, 1] > 0, "Ulm", "Bonn"),
            "flat": np.full(150, 0.1),
            "size": 5 + X[:, 2] ** 2,
            "grade": pd.cut(X[:, 1], 4, labels=[1, 2, 3, 4]).astype(float),
        }
    )
    return X, y.mask(rng.random(y.shape) < 0.3)


@pytest.fixture(scope="module")
def net(table):
    return MultiTaskNetEstimator(**SMALL, task_types=OWN).fit(*table)


@pytest.fixture(params=[None, 1, 2], ids=["plain", "of rows", "of labels"])
def weight(request, table):
    shape = None if request.param is None else table[1].shape[: request.param]
    return shape and np.random.default_rng(1).integers(0, 4, shape).astype(float)


def in_metrics(row):
    """Find what `score` averages in a row of `task_scores`."""
    return row.get("score", row.get("accuracy", row.get("r2")))


def test_estimator_view_and_metrics_say_the_same_number(table, net, weight):
    X, y = table
    rows = task_scores(y, net, X=X, sample_weight=weight)
    scores = {row["name"]: in_metrics(row) for row in rows}

    assert net.score(X, y, weight) == mean_of_known(scores.values())
    assert SCORE(net, X, y, weight) == net.score(X, y, weight)
    for t, (name, view) in enumerate(net.named_estimators_.items()):
        one = weight[:, t] if weight is not None and weight.ndim == 2 else weight
        assert view.score(X, y[name], one) == scores[name], name
        assert make_task_scorer("score", name)(net, X, y, weight) == scores[name]


def test_out_of_fold_score_is_that_of_the_predictions(table, net):
    held = net.oof_predictions_.notna().all(axis=1).astype(float)

    rows = task_scores(
        table[1], net.oof_predictions_, task_types=net.tasks_, sample_weight=held
    )

    assert 0 < held.sum() < len(held)
    assert net.oof_score_ == pytest.approx(mean_of_known(map(in_metrics, rows)))


def test_only_kinds_that_define_a_score_list_it(table, net):
    rows = task_scores(table[1], net, X=table[0])

    assert [row["name"] for row in rows if "score" in row] == ["size", "grade"]
    size, known = rows[3], table[1]["size"].notna()
    predicted = net.named_estimators_["size"].predict(table[0])
    labels = table[1]["size"][known], predicted[known]
    assert size["r2"] == pytest.approx(r2_score(*labels))
    assert size["score"] == pytest.approx(r2_score(*np.sqrt(labels)))
    assert rows[4]["score"] > rows[4]["accuracy"]


def test_kind_that_is_not_fitted_is_scored_by_its_own(table):
    y = table[1]["size"].dropna()

    row = task_scores(y, y + 1, task_types=OfRoots())[0]

    assert row["score"] == pytest.approx(r2_score(np.sqrt(y), np.sqrt(y + 1)))


def test_error_in_the_score_of_a_kind_names_the_column():
    class Broken(Regression):
        def score(self, labels, predictions, sample_weight=None):
            raise ZeroDivisionError

    X = np.arange(20.0)[:, None]
    net = MultiTaskNetEstimator(**SMALL, early_stopping=False, task_types=Broken())
    net.fit(X, pd.DataFrame({"price": X[:, 0]}))

    with pytest.raises(ZeroDivisionError) as caught:
        net.score(X, pd.DataFrame({"price": X[:, 0]}))
    assert "column 'price'" in caught.value.__notes__[0]


# -- numbers and classes -------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [Regression, Binary, Multiclass])
def test_score_is_that_of_scikit_learn_on_the_observed_part(kind, weighted):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2 if kind is Binary else 4, 60).astype(float)
    predictions = np.where(rng.random(60) < 0.6, labels, 1.0)
    labels[::5] = np.nan
    weight = rng.integers(0, 3, 60).astype(float) if weighted else None
    observed = ~np.isnan(labels)
    metric = r2_score if kind is Regression else accuracy_score

    score = column_score(fitted(kind(), labels), column_of(labels), predictions, weight)

    expected = metric(
        labels[observed],
        predictions[observed],
        sample_weight=weight[observed] if weighted else None,
    )
    assert_allclose(score, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", [Regression, Binary, Multiclass])
def test_score_of_no_label_is_nan(kind):
    task = fitted(kind(), np.array([0.0, 1.0]))
    nothing = column_of(np.array([np.nan, np.nan]))
    labels = column_of(np.array([0.0, 1.0]))

    assert np.isnan(column_score(task, nothing, np.zeros(2), None))
    assert np.isnan(column_score(task, labels, np.zeros(2), np.zeros(2)))


@pytest.mark.parametrize("kind", [Regression, Binary, Multiclass])
def test_column_without_label_in_fit_has_no_score(kind):
    task = fitted(kind(), np.array([np.nan, np.nan]))
    predictions = task.predict(task.response(np.zeros((2, task.n_outputs_))))

    score = column_score(task, column_of(np.array([0.0, 1.0])), predictions, None)

    assert np.isnan(score)


def test_labels_outside_the_range_that_fit_refuses_are_scored():
    task = fitted(GammaRegression(), np.array([1.0, 2.0, 3.0]))
    labels, predictions = np.array([0.0, 2.0]), np.array([0.5, 2.0])

    assert column_score(task, column_of(labels), predictions, None) == 0.875


def test_score_of_one_number_is_nan_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = Regression().score(np.array([1.0]), np.array([1.0]))

    assert np.isnan(score)


# -- constant columns ----------------------------------------------------------------


# The mean of three times 0.1 is not 0.1.
@pytest.mark.parametrize("value", [0.0, 2.0, 0.1, 1e30])
@pytest.mark.parametrize("weight", [None, [0.7, 0.1, 0.3]])
def test_constant_column_is_scored_by_the_convention_of_scikit_learn(value, weight):
    labels = np.full(3, value)
    almost = labels * np.array([1, 1, 1 + 1e-9]) + [0, 0, 1e-9]
    for predictions, expected in [(labels, 1.0), (almost, 0.0)]:
        row = task_scores(
            labels, predictions, task_types="regression", sample_weight=weight
        )[0]
        task = fitted(Regression(), labels)
        own = None if weight is None else np.array(weight)

        assert row["r2"] == expected
        assert column_score(task, column_of(labels), predictions, own) == expected
        assert np.isnan(row["skill"])
        assert np.isnan(row["rrmse"])
        assert np.isnan(skill_score(labels, predictions, task_type="regression"))


def test_constant_column_is_not_finite_if_that_is_asked_for(table, net):
    X, y = table
    y = y[["price"]].assign(price=0.1)
    net = MultiTaskNetEstimator(**SMALL, early_stopping=False).fit(X, y + X[:, :1])

    assert make_task_scorer("r2")(net, X, y) == 0
    with np.errstate(divide="ignore"):
        assert make_task_scorer("r2", force_finite=False)(net, X, y) == -np.inf


# -- labels that fit did not see -----------------------------------------------------


@pytest.fixture(scope="module")
def towns():
    X = np.arange(60.0)[:, None]
    y = pd.DataFrame({"town": ["Ulm", "Bonn", "Jena"] * 20})
    net = MultiTaskNetClassifier(**SMALL, early_stopping=False).fit(X, y)
    later = y.copy()
    later.loc[:5, "town"] = "Kiel"
    return net, X, later


CALLS = {
    "score": lambda net, X, y: net.score(X, y),
    "view": lambda net, X, y: net.estimators_[0].score(X, y["town"]),
    "scorer": SCORE,
    "accuracy": make_task_scorer("accuracy"),
    "task_scores": lambda net, X, y: task_scores(y, net, X=X)[0]["accuracy"],
}


@pytest.mark.parametrize("call", CALLS)
def test_unseen_label_is_warned_of_once_at_the_callers_line(towns, call):
    net, X, later = towns
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        score = CALLS[call](net, X, later)

    (warning,) = caught
    assert warning.filename == __file__
    source = "y_true" if call == "task_scores" else "y"
    assert str(warning.message) == (
        f"Column 'town' of {source} holds the label 'Kiel', which was not seen in fit; "
        "its rows count as missed, with a probability of 0. Fit on rows that hold it, "
        "or use folds that are stratified on this column."
    )
    assert score == np.mean(net.estimators_[0].predict(X) == later["town"])


@pytest.mark.parametrize("call", CALLS)
def test_label_of_another_type_is_an_error(towns, call):
    net, X, later = towns
    later = later.assign(town=np.arange(60) % 3)

    with pytest.raises(ValueError, match=r"the label 0, but fit saw 'Bonn', 'Jena'"):
        CALLS[call](net, X, later)


@pytest.mark.parametrize("call", CALLS)
def test_fold_that_holds_nothing_but_a_new_class_is_missed(towns, call):
    net, X, later = towns
    with pytest.warns(UserWarning, match="'Kiel'"):
        assert CALLS[call](net, X[:5], later[:5]) == 0
