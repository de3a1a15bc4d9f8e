"""Scorers, and scikit-learn's tools that take them."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn import metrics
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import make_task_scorer, task_scorers, task_scores
from tests.metrics.helpers import KINDS, NAMES, SMALL

# -- scorers --------------------------------------------------------------------------


def test_scorer_averages_what_can_be_scored(table, net, label_weight):
    X, y = table
    rows = {row["name"]: row for row in task_scores(y, net, X=X)}
    skills = {name: row["skill"] for name, row in rows.items()}

    def score(*args, **kwargs):
        return make_task_scorer(*args, **kwargs)(net, X, y)

    assert score("skill") == pytest.approx(np.mean(list(skills.values())))
    assert score("skill", average="min") == min(skills.values())
    assert score("skill", "price") == score("skill", 0) == skills["price"]
    assert score("skill", ["price", -1]) == pytest.approx(
        (skills["price"] + skills["load"]) / 2
    )
    weights = [1, 0, 0, 2, 0, 0]
    wanted = (skills["price"] + 2 * skills["grade"]) / 3
    assert score("skill", average=weights) == pytest.approx(wanted)
    by_name = dict(zip(NAMES, weights, strict=True))
    assert score("skill", average=by_name) == pytest.approx(wanted)
    wanted = (3 * rows["price"]["r2"] + rows["visits"]["r2"] + rows["load"]["r2"]) / 5
    assert score("r2", average={"price": 3}) == pytest.approx(wanted)
    for name in ("log_loss", "neg_log_loss"):
        assert score(name, "city") == -rows["city"]["log_loss"]
    assert score("neg_mean_absolute_error", "price") == -rows["price"]["mae"]
    assert score("f1", "sold", average="mean") == rows["sold"]["f1"]
    weighted = task_scores(y, net, X=X, sample_weight=label_weight)
    assert make_task_scorer("skill")(net, X, y, label_weight) == pytest.approx(
        np.mean([row["skill"] for row in weighted])
    )


def test_columns_that_cannot_be_scored_are_left_out(table, net):
    X, y = table
    skill = make_task_scorer("skill")
    rows = task_scores(y, net, X=X)
    without = y.assign(price=np.nan)
    assert skill(net, X, without) == pytest.approx(
        np.mean([row["skill"] for row in rows[1:]])
    )
    assert np.isnan(make_task_scorer("skill", "price")(net, X, without))
    assert np.isnan(
        make_task_scorer("skill", average=[1, 0, 0, 0, 0, 0])(net, X, without)
    )


def test_function_as_metric(table, net, label_weight):
    X, y = table
    kappa = make_task_scorer(metrics.cohen_kappa_score, ["sold", "city"])
    rows = y["sold"].notna(), y["city"].notna()
    views = net.named_estimators_
    wanted = [
        metrics.cohen_kappa_score(y[name][row], views[name].predict(X)[row])
        for name, row in zip(["sold", "city"], rows, strict=True)
    ]
    assert kappa(net, X, y) == pytest.approx(np.mean(wanted))
    fbeta = make_task_scorer(metrics.fbeta_score, "sold", beta=2, pos_label="yes")
    kept = rows[0] & (label_weight[:, 1] > 0)
    assert fbeta(net, X, y, label_weight) == metrics.fbeta_score(
        y["sold"][kept],
        views["sold"].predict(X)[kept],
        beta=2,
        pos_label="yes",
        sample_weight=label_weight[kept, 1],
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        make_task_scorer(metrics.r2_score, "city")(net, X, y)
    assert "city" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"metric": "skil"}, ValueError, "metric='skil' is not known.*'skill'"),
        ({"metric": "neg_accuracy"}, ValueError, "'neg_accuracy' is not known"),
        ({"metric": 3}, TypeError, "metric=3 is neither"),
        ({"metric": "skill", "average": "max"}, ValueError, "average='max'"),
        ({"metric": "skill", "average": 3}, TypeError, "average=3"),
        ({"metric": "skill", "average": {"a": -1}}, ValueError, "-1 for column 'a'"),
    ],
)
def test_wrong_scorers_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        make_task_scorer(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "skill", "tasks": "prize"}, "'prize' is no column.*'price'"),
        ({"metric": "r2", "tasks": "city"}, "'r2' does not apply to column 'city'"),
        ({"metric": "skill", "average": [1, 2]}, "average has 2 entries, but y has 6"),
        ({"metric": "skill", "average": {"a": 1}}, "average names 'a'"),
    ],
)
def test_scorers_that_do_not_fit_the_columns(table, net, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_task_scorer(**arguments)(net, *table)


def test_scorer_of_an_estimator_that_is_not_fitted(table):
    with pytest.raises(sklearn.exceptions.NotFittedError):
        make_task_scorer("skill")(MultiTaskNetEstimator(), *table)


def test_scorer_survives_pickle_and_tells_what_it_is(table, net):
    scorer = make_task_scorer("f1", "sold", average="min", zero_division=0)
    copy = pickle.loads(pickle.dumps(scorer))
    assert copy(net, *table) == scorer(net, *table)
    assert repr(copy) == (
        "TaskScorer(metric='f1', tasks='sold', average='min', zero_division=0)"
    )


# -- in the tools of scikit-learn --------------------------------------------------


@pytest.fixture
def quick():
    return MultiTaskNetEstimator(**SMALL, task_types=KINDS)


def test_grid_search_in_processes(table, quick):
    X, y = table
    pipeline = make_pipeline(StandardScaler(), quick)
    grid = {"multitasknetestimator__learning_rate_init": [1e-9, 0.03]}
    scoring = make_task_scorer("skill", ["price", "sold"])
    search = GridSearchCV(pipeline, grid, cv=2, scoring=scoring, n_jobs=2).fit(X, y)
    assert search.best_params_["multitasknetestimator__learning_rate_init"] == 0.03
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_
    wanted = np.mean([row["skill"] for row in task_scores(y, best, X=X)[:2]])
    assert scoring(search, X, y) == scoring(best, X, y) == pytest.approx(wanted)
    assert search.score(X, y) == pytest.approx(wanted)
    by_hand = best[-1], best[:-1].transform(X)
    assert scoring(by_hand[0], by_hand[1], y) == pytest.approx(wanted)


def test_search_refits_on_one_column(table, quick):
    X, y = table
    grid = {"learning_rate_init": [1e-9, 0.03]}
    scoring = task_scorers("skill", average="mean")
    search = GridSearchCV(quick, grid, cv=2, scoring=scoring, refit="price").fit(X, y)
    assert {f"mean_test_{name}" for name in [*NAMES, "average"]} <= {
        *search.cv_results_
    }
    assert search.best_score_ == search.cv_results_["mean_test_price"].max()
    columns = [search.cv_results_[f"split0_test_{name}"] for name in NAMES]
    np.testing.assert_allclose(
        np.mean(columns, axis=0), search.cv_results_["split0_test_average"]
    )


def test_cross_validate_with_several_scorers(table, quick):
    X, y = table
    splits = KFold(2)
    several = {
        "skill": make_task_scorer("skill"),
        "auc": make_task_scorer("roc_auc", "sold"),
    }
    results = cross_validate(quick, X, y, cv=splits, scoring=several)
    one = cross_validate(quick, X, y, cv=splits, scoring=task_scorers("skill"))
    np.testing.assert_allclose(
        results["test_skill"], np.mean([one[f"test_{name}"] for name in NAMES], axis=0)
    )
    assert ((results["test_auc"] >= 0) & (results["test_auc"] <= 1)).all()


def test_cross_validate_where_a_fold_has_no_label(table, quick):
    X, y = table
    y = y.copy()
    y.loc[:80, "price"] = np.nan
    scoring = task_scorers("r2", ["price", "visits"])
    with pytest.warns(UserWarning, match="'price' of y has no label"):
        results = cross_validate(
            quick, X, y, cv=KFold(2), scoring=scoring, error_score="raise"
        )
    assert np.isnan(results["test_price"]).all()
    assert np.isfinite(results["test_visits"]).all()


def test_permutation_importance(table, net):
    X, y = table
    score = permutation_importance(
        net, X, y, scoring=make_task_scorer("skill", "price"), n_repeats=2
    )
    assert score.importances.shape == (4, 2)
    each = permutation_importance(net, X, y, scoring=task_scorers("skill"), n_repeats=2)
    assert list(each) == NAMES
    weight = np.arange(len(X)) % 2
    weighted = permutation_importance(
        net,
        X,
        y,
        scoring=make_task_scorer("skill", "price"),
        n_repeats=1,
        sample_weight=weight,
    )
    assert np.isfinite(weighted.importances).all()


def test_weights_reach_the_scorer(table, quick, label_weight):
    X, y = table
    grid = {"max_iter": [2]}
    scoring = make_task_scorer("skill")
    search = GridSearchCV(quick, grid, cv=KFold(2), scoring=scoring)
    search.fit(X, y, sample_weight=label_weight)
    train, test = next(KFold(2).split(X))
    quick.set_params(max_iter=2).fit(X[train], y.iloc[train], label_weight[train])
    wanted = scoring(quick, X[test], y.iloc[test], label_weight[test])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(wanted)
    with sklearn.config_context(enable_metadata_routing=True):
        quick = quick.set_fit_request(sample_weight=True)
        scoring = make_task_scorer("skill").set_score_request(sample_weight=True)
        result = cross_validate(
            quick,
            X,
            y,
            cv=KFold(2),
            scoring=scoring,
            params={"sample_weight": label_weight},
        )
        assert result["test_score"][0] == pytest.approx(wanted)
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
            cross_val_score(
                quick,
                X,
                y,
                scoring=make_task_scorer("skill"),
                params={"sample_weight": label_weight},
            )


def test_out_of_fold_predictions(table, quick):
    X, y = table
    y = y[["price", "sold"]]
    quick.set_params(task_types=None)
    predictions = cross_val_predict(quick, X, y, cv=KFold(2))
    price, sold = task_scores(y, predictions)
    for row, name, metric in (
        (price, "price", metrics.r2_score),
        (sold, "sold", metrics.accuracy_score),
    ):
        rows = y[name].notna().to_numpy()
        known = predictions[rows, list(y).index(name)]
        known = known.astype(float) if name == "price" else known.astype(str)
        wanted = metric(y[name][rows].to_numpy(), known)
        assert row["r2" if name == "price" else "accuracy"] == pytest.approx(wanted)


def test_frozen_estimator(table, net):
    scoring = make_task_scorer("skill")
    assert scoring(FrozenEstimator(net), *table) == scoring(net, *table)


def test_other_estimators_of_scikit_learn(table):
    """A baseline can be scored by the same scorer."""
    X, y = table
    scoring = make_task_scorer("skill")
    numbers = y[["price", "visits"]].fillna(0)
    linear = make_pipeline(StandardScaler(), LinearRegression()).fit(X, numbers)
    wanted = metrics.r2_score(numbers, linear.predict(X))
    assert scoring(linear, X, numbers) == pytest.approx(wanted)
    classes = np.column_stack([np.arange(160) % 3, np.arange(160) % 2])
    forest = RandomForestClassifier(10, max_depth=3, random_state=0).fit(X, classes)
    rows = task_scores(classes, forest, X=X)
    assert [row["kind"] for row in rows] == ["multiclass", "binary"]
    wanted = metrics.log_loss(classes[:, 0], forest.predict_proba(X)[0])
    assert rows[0]["log_loss"] == pytest.approx(wanted)
    prior = DummyClassifier().fit(X, y["sold"].fillna("no"))
    assert scoring(prior, X, y["sold"].fillna("no")) == pytest.approx(0)
    mlp = MLPClassifier((4,), solver="lbfgs", max_iter=500, random_state=0)
    flags = classes[:, 1:] == [[0, 1]]
    mlp = mlp.fit(X, flags.astype(int))
    row = task_scores(flags.astype(int), mlp, X=X)[1]
    wanted = metrics.roc_auc_score(flags[:, 1], mlp.predict_proba(X)[:, 1])
    assert row["roc_auc"] == pytest.approx(wanted)
    hard = make_pipeline(LinearRegression()).fit(X, flags.astype(int))
    with pytest.raises(ValueError, match="does not apply to column 0"):
        make_task_scorer("log_loss")(hard, X, flags.astype(int))


@pytest.mark.parametrize(
    ("name", "string", "metric"),
    [
        ("price", "r2", "r2"),
        ("price", "neg_mean_absolute_error", "mae"),
        ("sold", "accuracy", "accuracy"),
        ("sold", "roc_auc", "roc_auc"),
        ("sold", "neg_log_loss", "log_loss"),
        ("city", "balanced_accuracy", "balanced_accuracy"),
        ("city", "f1_macro", "f1"),
        ("city", "roc_auc_ovr", "roc_auc"),
        ("visits", "neg_mean_poisson_deviance", "poisson_deviance"),
    ],
)
def test_strings_of_scikit_learn_work_on_one_column(table, net, name, string, metric):
    X, y = table
    rows = y[name].notna().to_numpy()
    view = net.named_estimators_[name]
    score = metrics.get_scorer(string)(view, X[rows], y[name][rows])
    row = {row["name"]: row for row in task_scores(y, net, X=X)}[name]
    sign = -1 if string.startswith("neg_") else 1
    assert sign * score == pytest.approx(row[metric])
    importance = permutation_importance(
        view, X[rows], y[name][rows], scoring=string, n_repeats=1
    )
    assert np.isfinite(importance.importances).all()


@pytest.mark.parametrize("make", [make_task_scorer, task_scorers])
@pytest.mark.parametrize("name", ["task", "columns", "sampel_weight"])
@pytest.mark.parametrize("metric", ["roc_auc", "mae", "skill", metrics.accuracy_score])
def test_an_argument_that_no_metric_takes_is_refused_at_once(make, name, metric):
    with pytest.raises(TypeError, match=f"{name}='a' is no argument of metric="):
        make(metric, **{name: "a"})


def test_arguments_of_a_metric_are_taken():
    make_task_scorer("f1", average=None, tasks="a", zero_division=0)
    task_scorers("calibration_error", n_bins=3)
    make_task_scorer(lambda y_true, y_pred, **kwargs: 0.0, anything=1)
