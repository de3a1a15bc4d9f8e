"""Early stopping by a metric on the rows that each member holds out."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import mean_absolute_error, r2_score, roc_auc_score

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.metrics import make_task_scorer
from sklearn_mtl.nn import Autoencoder
from tests.estimators.interruption import cut_beyond

SMALL = {
    "hidden_layer_sizes": (16,),
    "n_members": 5,
    "max_iter": 25,
    "n_iter_no_change": 4,
    "learning_rate_init": 0.01,
    "random_state": 0,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(250, 4))
    y = pd.DataFrame({"price": 100 + 5 * X[:, 0] + rng.normal(size=250)})
    y["sold"] = np.where(X[:, 1] + rng.normal(size=250) > 0, "yes", "no")
    y.loc[:40, "price"] = np.nan
    y.loc[200:, "sold"] = None
    return X, y


def fitted(table, **parameters):
    return MultiTaskNetEstimator(**SMALL | parameters).fit(*table)


def of_members(net, X, t):
    """Responses (n_members, n, m) of the members to one column."""
    (by_row,) = net.stack_.map_responses(
        lambda _, responses: [responses[0].transpose(1, 0, 2)], X, [t]
    )
    return by_row.transpose(1, 0, 2)


def price(y, response):
    return r2_score(y, response[:, 0])


def price_error(y, response):
    return -mean_absolute_error(y, response[:, 0])


def sold(y, response):
    return roc_auc_score(y == "yes", response[:, 1])


@pytest.mark.parametrize(
    ("scoring", "expected"),
    [
        (make_task_scorer("r2", tasks="price"), {0: price}),
        ("mae", {0: price_error}),
        ("neg_mean_absolute_error", {0: price_error}),
        ("roc_auc", {1: sold}),
        (make_task_scorer(r2_score, tasks="price"), {0: price}),
    ],
    ids=["r2 of a column", "mae", "neg_mean_absolute_error", "roc_auc", "a function"],
)
@pytest.mark.parametrize("parameters", [{}, {"reconstruction": Autoencoder(2)}])
def test_kept_weights_have_the_best_score(table, scoring, expected, parameters):
    X, y = table
    net = fitted(table, scoring=scoring, calibrate=False, **parameters)

    scores = np.array(net.net_.scores_["columns"])
    for k, fold in enumerate(net.net_.members.folds):
        for t, score in expected.items():
            labels = y.iloc[fold.held_out, t]
            rows = fold.held_out[labels.notna()]
            response = of_members(net, X[rows], t)[k]
            best = scores[net.best_epoch_[k] - 1, k, t]
            assert score(y.iloc[rows, t], response) == pytest.approx(best, abs=1e-4)
            assert best == np.nanmax(scores[:, k, t])
    assert np.isnan(scores[..., [t for t in (0, 1) if t not in expected]]).all()


def test_scores_stand_in_the_history(table):
    net = fitted(table, scoring="skill")
    row = net.history_[-1]
    assert {"valid_score", "valid_score/price", "valid_score/sold"} <= set(row)
    mean = (row["valid_score/price"] + row["valid_score/sold"]) / 2
    assert row["valid_score"] == pytest.approx(mean)
    assert "valid_score" not in fitted(table).history_[-1]


def test_loss_is_the_default(table):
    X, _ = table
    predicted = fitted(table).estimators_[0].predict(X)
    same = fitted(table, scoring=None).estimators_[0].predict(X)
    assert_allclose(same, predicted)
    by_error = fitted(table, scoring="mae").estimators_[0].predict(X)
    assert not np.allclose(by_error, predicted)


def test_weights_count_in_the_score(table):
    X, y = table
    weight = np.random.default_rng(1).integers(0, 3, size=len(y)).astype(float)
    net = MultiTaskNetRegressor(**SMALL, scoring="mae")
    net.fit(X[41:], y[["price"]][41:], sample_weight=weight[41:])
    k, fold = 0, net.net_.members.folds[0]
    rows = 41 + np.flatnonzero(weight[41:] > 0)[fold.held_out]
    predicted = of_members(net, X[rows], 0)[k][:, 0]
    expected = mean_absolute_error(
        y["price"].iloc[rows], predicted, sample_weight=weight[rows]
    )
    best = net.net_.scores_["average"][net.best_epoch_[k] - 1][k]
    assert -best == pytest.approx(expected, abs=1e-4)


def test_member_that_cannot_be_scored_stops_with_the_others():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    rare = np.where(np.arange(60) < 2, "yes", "no")  # in at most two of five folds
    net = MultiTaskNetEstimator(**SMALL | {"max_iter": 200}, scoring="roc_auc")
    net.fit(X, rare)
    scores = np.array(net.net_.scores_["average"])
    unscored = np.isnan(scores).all(axis=0)
    assert unscored.any()
    assert not unscored.all()
    assert net.n_iter_ < 200
    assert (net.best_epoch_[unscored] == net.n_iter_).all()


def test_given_rows_a_cut_stack_and_later_calls_are_scored(table):
    X, y = table
    net = MultiTaskNetEstimator(**SMALL, scoring="skill", warm_start=True)
    net.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    assert np.isfinite(np.array(net.net_.scores_["average"])[0]).all()
    net.fit(*table)
    assert len(net.net_.scores_["average"]) == net.n_iter_
    with cut_beyond(60_000):
        cut = fitted(table, scoring="skill")
    assert len(cut.net_.scores_["average"]) == cut.n_iter_
    assert np.isfinite(cut.history_[-1]["valid_score"])


@pytest.mark.parametrize(
    ("scoring", "error", "match"),
    [
        ("r3", ValueError, "scoring='r3' is not known"),
        (len, TypeError, "make_task_scorer"),
        ("spearman", ValueError, "does not apply to column 'price'"),
        (make_task_scorer("r2", tasks="cost"), ValueError, "'cost' is no column"),
        (3, ValueError, "scoring"),
    ],
)
def test_wrong_scoring_is_refused(table, scoring, error, match):
    with pytest.raises(error, match=match):
        fitted(table, scoring=scoring)


def test_scoring_without_held_out_rows_is_refused(table):
    with pytest.raises(ValueError, match="Set early_stopping=True or pass"):
        fitted(table, scoring="skill", early_stopping=False)
    with pytest.raises(ValueError, match="scoring='skill'"):
        MultiTaskNetEstimator(**SMALL, scoring="skill").partial_fit(*table)
