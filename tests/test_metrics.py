"""Scores per column: each number against scikit-learn on the observed labels."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.stats import spearmanr
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin
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
from sklearn_mtl.metrics import (
    average_rrmse,
    make_task_scorer,
    skill_score,
    task_scorers,
    task_scores,
)
from sklearn_mtl.tasks import Multiclass, Ordinal, Quantile, Regression

NAMES = ["price", "sold", "city", "grade", "visits", "load"]
KINDS = {"grade": "ordinal", "visits": "count", "load": Quantile((0.1, 0.5, 0.8))}
CLASSES = {"sold": ["no", "yes"], "city": list("abc"), "grade": [1, 2, 3, 4]}
SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 3,
    "batch_size": 64,
    "random_state": 0,
}


def mixed_table(n_rows=160, missing=0.3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4))
    grade = pd.cut(X[:, 1], [-np.inf, -1, 0, 1, np.inf], labels=[1, 2, 3, 4])
    y = pd.DataFrame(
        {
            "price": X[:, 0] + 0.1 * rng.normal(size=n_rows),
            "sold": np.where(X[:, 0] > 0, "yes", "no"),
            "city": pd.Categorical(np.array(list("abc"))[np.arange(n_rows) % 3]),
            "grade": grade,
            "visits": rng.poisson(np.exp(X[:, 2])).astype(float),
            "load": X[:, 3] * rng.normal(size=n_rows),
        }
    )
    return X, y.mask(rng.random(y.shape) < missing)


@pytest.fixture(scope="module")
def table():
    return mixed_table()


@pytest.fixture(scope="module")
def net(table):
    return MultiTaskNetEstimator(**SMALL, task_types=KINDS).fit(*table)


@pytest.fixture(scope="module")
def label_weight(table):
    return np.random.default_rng(1).integers(0, 4, size=table[1].shape).astype(float)


def one_versus_rest(function, y, p, classes, w):
    return np.mean(
        [function(y == c, p[:, j], sample_weight=w) for j, c in enumerate(classes)]
    )


def expected_row(name, y, prediction, response, w):
    """Ask scikit-learn about one column, whose labels are all observed."""
    if name not in CLASSES:
        mean = np.full(len(y), np.average(y, weights=w))
        rmse = metrics.root_mean_squared_error(y, prediction, sample_weight=w)
        row = {
            "r2": metrics.r2_score(y, prediction, sample_weight=w),
            "mae": metrics.mean_absolute_error(y, prediction, sample_weight=w),
            "rmse": rmse,
            "rrmse": rmse / metrics.root_mean_squared_error(y, mean, sample_weight=w),
        }
        if name == "price":
            row["skill"] = row["r2"]
        if name == "visits":
            deviance = metrics.mean_poisson_deviance
            row["poisson_deviance"] = deviance(y, prediction, sample_weight=w)
            best = deviance(y, mean, sample_weight=w)
            row["skill"] = 1 - row["poisson_deviance"] / best
        if name == "load":
            shares = KINDS["load"].quantiles
            losses, d2 = (
                np.array(
                    [
                        function(y, q, alpha=share, sample_weight=w)
                        for share, q in zip(shares, response.T, strict=True)
                    ]
                )
                for function in (metrics.mean_pinball_loss, metrics.d2_pinball_score)
            )
            row["pinball"] = losses.mean()
            row["skill"] = 1 - losses.sum() / (losses / (1 - d2)).sum()
        return row
    classes = CLASSES[name]
    counts = np.array(
        [(y == c) @ (np.ones(len(y)) if w is None else w) for c in classes]
    )
    prior = np.tile(counts / counts.sum(), (len(y), 1))
    log_loss, prior_loss = (
        metrics.log_loss(y, p, labels=classes, sample_weight=w)
        for p in (response, prior)
    )
    row = {
        "skill": 1 - log_loss / prior_loss,
        "accuracy": metrics.accuracy_score(y, prediction, sample_weight=w),
        "balanced_accuracy": metrics.balanced_accuracy_score(
            y, prediction, sample_weight=w
        ),
        "log_loss": log_loss,
    }
    if name == "sold":
        p = response[:, 1]
        row["f1"] = metrics.f1_score(y, prediction, pos_label="yes", sample_weight=w)
        row["roc_auc"] = metrics.roc_auc_score(y, p, sample_weight=w)
        row["average_precision"] = metrics.average_precision_score(
            y, p, pos_label="yes", sample_weight=w
        )
        row["brier"] = metrics.brier_score_loss(y, p, pos_label="yes", sample_weight=w)
    else:
        row["f1"] = metrics.f1_score(
            y, prediction, average="macro", sample_weight=w, zero_division=0
        )
        row["roc_auc"] = metrics.roc_auc_score(
            y, response, multi_class="ovr", labels=classes, sample_weight=w
        )
        row["average_precision"] = one_versus_rest(
            metrics.average_precision_score, y, response, classes, w
        )
        row["brier"] = metrics.brier_score_loss(
            y, response, labels=classes, sample_weight=w
        )
    if name == "grade":
        row["quadratic_kappa"] = metrics.cohen_kappa_score(
            y, prediction, labels=classes, weights="quadratic", sample_weight=w
        )
        row["rank_mae"] = metrics.mean_absolute_error(y, prediction, sample_weight=w)
        times = np.ones(len(y), int) if w is None else w.astype(int)
        repeated = np.repeat(y, times), np.repeat(response @ np.arange(4), times)
        row["spearman"] = spearmanr(*repeated).statistic
    return row


def assert_rows_as_scikit_learn(rows, y, predictions, responses, weight):
    assert [row["name"] for row in rows] == NAMES
    kinds = ["regression", "binary", "multiclass", "ordinal", "count", "quantile"]
    assert [row["kind"] for row in rows] == kinds
    for j, name in enumerate(NAMES):
        counts = y[name].notna().to_numpy()
        w = None
        if weight is not None:
            counts = counts & (weight[:, j] > 0)
            w = weight[counts, j]
        labels = y[name][counts].to_numpy()
        if name == "grade":
            labels = labels.astype(int)
        prediction = np.asarray(predictions[name])[counts].astype(labels.dtype)
        response = None if responses[j] is None else responses[j][counts]
        wanted = expected_row(name, labels, prediction, response, w)
        row = dict(rows[j])
        assert row.pop("n_labels") == counts.sum()
        del row["name"], row["kind"]
        error = row.pop("calibration_error", 0.0)
        assert 0 <= error <= 1
        assert row.keys() == wanted.keys()
        for metric, value in wanted.items():
            assert row[metric] == pytest.approx(value, abs=1e-12), (name, metric)


def responses_of(net, X):
    quantiles = net.named_estimators_["load"].predict_quantiles(X)
    return [*net.predict_proba(X)[:-1], quantiles]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("given", ["estimator", "predictions"])
def test_every_number_is_that_of_scikit_learn(
    table, net, label_weight, weighted, given
):
    X, y = table
    weight = label_weight if weighted else None
    predictions, responses = net.predict(X), responses_of(net, X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if given == "estimator":
            rows = task_scores(y, net, X=X, sample_weight=weight)
        else:
            rows = task_scores(
                y,
                predictions,
                y_proba=responses,
                task_types=net.tasks_,
                sample_weight=weight,
            )
    assert_rows_as_scikit_learn(rows, y, predictions, responses, weight)


def test_kinds_are_told_by_labels_and_task_types(table, net):
    X, y = table
    rows = task_scores(
        y, net.predict(X), y_proba=responses_of(net, X), task_types=KINDS
    )
    assert rows == task_scores(y, net, X=X)


def test_rows_make_a_table(table, net):
    frame = pd.DataFrame(task_scores(table[1], net, X=table[0]))
    assert list(frame.columns[:4]) == ["name", "kind", "n_labels", "skill"]
    assert frame["skill"].notna().all()
    assert frame["accuracy"].notna().sum() == 3


@pytest.mark.parametrize(
    "container", ["array", "list", "polars"], ids=lambda name: f"y is {name}"
)
def test_containers_of_y(table, container):
    X, y = table
    y = y[["price", "sold", "visits"]]
    reference = MultiTaskNetEstimator(**SMALL).fit(X, y)
    wanted = task_scores(y, reference, X=X)
    if container == "polars":
        polars = pytest.importorskip("polars")
        cells = y.astype(object).where(y.notna(), None)
        other = polars.DataFrame({name: cells[name].tolist() for name in y})
    else:
        other = y.astype(object).where(y.notna(), None).to_numpy()
        other = other.tolist() if container == "list" else other
    net = MultiTaskNetEstimator(**SMALL).fit(X, other)
    for rows in (
        task_scores(other, net, X=X),
        task_scores(
            other, net.predict(X), y_proba=net.predict_proba(X), task_types=net.tasks_
        ),
    ):
        for row, expected in zip(rows, wanted, strict=True):
            numbers = {k: v for k, v in expected.items() if k != "name"}
            assert {k: row[k] for k in numbers} == pytest.approx(numbers)


def test_one_dimensional_y(table):
    X, y = table
    rows = y["sold"].notna()
    net = MultiTaskNetEstimator(**SMALL).fit(X, y["sold"])
    row = task_scores(y["sold"], net, X=X)[0]
    accuracy = metrics.accuracy_score(y["sold"][rows], net.predict(X[rows]))
    assert row["accuracy"] == pytest.approx(accuracy)
    given = task_scores(y["sold"], net.predict(X), y_proba=net.predict_proba(X))[0]
    assert given == row


def test_expected_calibration_error():
    y = [0, 1, 1, 0, 1]
    p = np.array([0.3, 0.9, 0.93, 0.65, 0.6])  # confidence .7, .9, .93, .65, .6
    row = task_scores(y, p > 0.5, y_proba=p)[0]
    # bins of 1/15: (.6, .667] (with .6 below it), (.667, .733], (.867, .933]
    gaps = [abs(0 - 0.65), abs(1 - 0.6), abs(1 - 0.7), abs(2 - 0.9 - 0.93)]
    assert row["calibration_error"] == pytest.approx(sum(gaps) / 5)
    weighted = task_scores(y, p > 0.5, y_proba=p, sample_weight=[2, 0, 1, 1, 1])[0]
    gaps = [abs(0 - 0.65), abs(1 - 0.6), 2 * abs(1 - 0.7), abs(1 - 0.93)]
    assert weighted["calibration_error"] == pytest.approx(sum(gaps) / 5)
    one_bin = make_task_scorer("calibration_error", n_bins=1)
    net = FixedProbabilities(p)
    assert one_bin(net, p, y) == pytest.approx(
        -abs(4 / 5 - np.mean(np.maximum(p, 1 - p)))
    )


class FixedProbabilities(ClassifierMixin, BaseEstimator):
    def __init__(self, p):
        self.p = p

    def predict(self, X):
        return (self.p > 0.5).astype(int)

    def predict_proba(self, X):
        return np.column_stack([1 - self.p, self.p])


# -- what cannot be computed --------------------------------------------------------


def test_what_cannot_be_computed_is_nan_without_a_warning():
    y = pd.DataFrame(
        {
            "none": [np.nan] * 4,
            "constant": [2.5] * 4,
            "one": [np.nan, 1.5, np.nan, np.nan],
            "class": ["a", "a", None, "a"],
            "unpredicted": [1.0, 2.0, 3.0, 4.5],
        }
    )
    y_pred = y.assign(none=0.5, one=1.0, unpredicted=np.nan)
    y_pred["class"] = ["a", "b", "b", "a"]
    proba = {"class": np.full((4, 2), 0.5)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = {row["name"]: row for row in task_scores(y, y_pred, y_proba=proba)}

    def unknown(name):
        return {key for key, value in rows[name].items() if value != value}

    everything = {"skill", "r2", "mae", "rmse", "rrmse"}
    assert unknown("none") == unknown("unpredicted") == everything
    assert unknown("constant") == {"skill", "rrmse"}
    assert unknown("one") == {"skill", "r2", "rrmse"}
    assert unknown("class") == {"skill", "roc_auc", "average_precision"}
    assert [row["n_labels"] for row in rows.values()] == [0, 4, 1, 3, 4]


def test_without_probabilities_what_reads_them_is_nan():
    row = task_scores(["a", "b", "b"], ["a", "b", "a"])[0]
    assert row["accuracy"] == pytest.approx(2 / 3)
    needs = ["skill", "roc_auc", "average_precision", "log_loss", "brier"]
    assert np.isnan([row[name] for name in needs]).all()


def test_weight_zero_is_as_missing(table, net):
    X, y = table
    weight = np.ones(y.shape)
    weight[:50, 0] = 0
    missing = y.copy()
    missing.iloc[:50, 0] = np.nan
    weighted = task_scores(y, net, X=X, sample_weight=weight)
    assert weighted[0] == pytest.approx(task_scores(missing, net, X=X)[0])
    assert np.isnan(task_scores(y, net, X=X, sample_weight=0)[0]["r2"])


def test_label_that_was_not_seen_counts_as_missed():
    with pytest.warns(UserWarning, match=r"Column 0 .* 'c', which was not seen in fit"):
        row = task_scores(
            ["a", "b", "c", "a"],
            ["a", "b", "b", "a"],
            y_proba=np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.6, 0.4]]),
            task_types=fitted_task(["a", "b"]),
        )[0]
    assert row["accuracy"] == 0.75
    assert row["log_loss"] > 5
    with pytest.raises(ValueError, match=r"the label 3, but fit saw 'a', 'b'\."):
        task_scores([3], ["a"], task_types=fitted_task(["a", "b"]))


def fitted_task(labels):
    net = MultiTaskNetEstimator(**SMALL, early_stopping=False)
    return net.fit(np.arange(len(labels))[:, None], labels).tasks_


def test_more_classes_than_the_labels_show():
    y, proba = ["a", "b", "b"], np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0, 1, 0]])
    with pytest.raises(ValueError, match="probabilities of 3 classes for column 0"):
        task_scores(y, y, y_proba=proba)
    wanted = metrics.log_loss(y, proba, labels=list("abc"))
    task = Multiclass(classes=list("abc"))
    assert task_scores(y, y, y_proba=proba, task_types=[task])[0]["log_loss"] == wanted
    declared = pd.Series(pd.Categorical(y, categories=list("abc")))
    assert task_scores(declared, declared, y_proba=proba)[0]["log_loss"] == wanted


def test_probabilities_in_float32_are_taken_as_they_are():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(3), size=200).astype(np.float32)
    proba[0] = [1 + 1e-7, 0, 0]
    y = rng.integers(0, 3, size=200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = task_scores(y, y, y_proba=proba, task_types="multiclass")[0]
    assert row["log_loss"] == metrics.log_loss(y, proba.clip(0, 1))


def test_order_of_ordinal_classes_is_kept():
    levels = ["low", "middle", "high"]
    y = pd.Series(
        pd.Categorical(["low", "high", "middle", "low"], levels, ordered=True)
    )
    predicted = ["low", "low", "middle", "middle"]
    row = task_scores(y, predicted)[0]
    assert row["kind"] == "ordinal"
    wanted = spearmanr([0, 2, 1, 0], [0, 0, 1, 1]).statistic
    assert row["spearman"] == pytest.approx(wanted)
    assert row["rank_mae"] == 0.75
    row = task_scores(list(y), predicted, task_types=Ordinal(levels))[0]
    assert row["rank_mae"] == 0.75


def test_declared_classes_that_no_label_has_count_nowhere():
    dtype = pd.CategoricalDtype([0, 1, 2, 3, 4], ordered=True)
    labels = pd.Series([1, 2, 3, 1, 2, 3] * 5, dtype=dtype)
    net = MultiTaskNetEstimator(**SMALL).fit(np.arange(30)[:, None], labels.to_frame())
    X, y = np.arange(30)[:, None], labels.to_frame()
    row = task_scores(y, net, X=X)[0]
    given = task_scores(
        y,
        net.predict(X).astype(dtype),
        y_proba=net.predict_proba(X),
        task_types=net.tasks_,
    )[0]
    assert given == row
    assert row["kind"] == "ordinal"
    assert np.isfinite(row["rank_mae"])
    assert row["log_loss"] < 3


def test_class_column_without_labels(table, net):
    X, y = table
    row = task_scores(y.assign(city=None), net, X=X)[2]
    assert row["n_labels"] == 0
    assert np.isnan([row["accuracy"], row["log_loss"], row["skill"]]).all()


@pytest.mark.parametrize("base", [Regression, Multiclass, Ordinal])
def test_kind_of_your_own(base):
    own = type("Own", (base,), {"kind": "own"})
    row = task_scores([1, 2, 3, 3], [1, 3, 3, 2], task_types=own())[0]
    assert row["kind"] == "own"
    assert ("r2" in row) == (base is Regression)
    assert ("accuracy" in row) == (base is not Regression)
    assert ("spearman" in row) == (base is Ordinal)


# -- errors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y_true", "y_pred", "options", "message"),
    [
        ([1.5, 2], [1.5, np.nan], {}, r"Column 0 has no prediction in row 1.* 2\.0"),
        ([1.5, 2], [1.5], {}, "y_true has 2 rows, but there are 1 predictions"),
        ([1.5, 2], [[1.5, 2], [2, 3]], {}, "y_pred has 2 columns, but y_true has 1"),
        ([1.5, 2], ["a", "b"], {}, "Column 0 of y_pred holds 'a', which is no number"),
        ([1.5, np.inf], [1, 2], {}, "Column 0 of y_true holds inf"),
        ([0, 1], [0.3, 0.8], {}, r"y_pred holds 0\.3 in column 0.*'regression'"),
        ([0, 1], [0, 1], {"y_proba": [0.2, 1.2]}, r"of column 0 are .*1\.2\] in row 1"),
        ([1.5, 2], [1.5, 2], {"y_proba": [0.2, 0.8]}, "entry for column 0, which is"),
        ([1.5, 2], [1.5, 2], {"X": [[1], [2]]}, "X is passed, but y_pred holds"),
        ([1, 2], [1, 2], {"sample_weight": [1, -1]}, r"-1\.0 in row 1, column 0"),
        ([1, 2], [1, 2], {"sample_weight": [1]}, r"sample_weight\.shape == \(1,\)"),
        ([1, -2], [1, 2], {"task_types": "count"}, "Column 0 of y_true holds -2"),
        ([1, 2], [1, 2], {"task_types": "nonsense"}, "'nonsense' for column 0"),
    ],
)
def test_errors_name_column_value_and_remedy(y_true, y_pred, options, message):
    with pytest.raises(ValueError, match=message):
        task_scores(y_true, y_pred, **options)


def test_errors_of_estimators(table, net):
    X, y = table
    with pytest.raises(ValueError, match="but X is None"):
        task_scores(y, net)
    with pytest.raises(ValueError, match="cannot change what a fitted"):
        task_scores(y, net, X=X, task_types="count")
    with pytest.raises(ValueError, match="'sold' stands where fit saw 'price'"):
        task_scores(y[["sold", "price", *NAMES[2:]]], net, X=X)
    with pytest.raises(ValueError, match="'sold' stands where y_true has 'price'"):
        task_scores(y[["price"]], y[["sold"]])


# -- one number ----------------------------------------------------------------------


def test_skill_score_is_that_of_the_table(table, net):
    X, y = table
    rows = task_scores(y, net, X=X)
    predictions = net.predict(X)
    for row, task, response in zip(rows, net.tasks_, responses_of(net, X), strict=True):
        name = row["name"]
        given = predictions[name] if response is None else response
        assert skill_score(y[name], given, task_type=task) == pytest.approx(
            row["skill"]
        )


def test_skill_score_of_a_constant_is_zero():
    rng = np.random.default_rng(0)
    y = rng.poisson(3, 50).astype(float)
    mean = np.full(50, y.mean())
    assert skill_score(y, mean) == pytest.approx(0)
    assert skill_score(y, mean, task_type="count") == pytest.approx(0)
    best = np.tile(np.quantile(y, (0.1, 0.9), method="inverted_cdf"), (50, 1))
    assert skill_score(y, best, task_type=Quantile((0.1, 0.9))) == pytest.approx(0)
    shares = np.tile(np.bincount(y.astype(int)) / 50, (50, 1))
    shares = shares[:, shares[0] > 0]
    assert skill_score(y, shares, task_type="multiclass") == pytest.approx(0)
    with pytest.raises(ValueError, match="y_true has 2 columns"):
        skill_score(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="y_pred has 2 columns for column 0"):
        skill_score([1.5, 2], [[1, 2], [3, 4]])


def test_average_rrmse():
    rng = np.random.default_rng(0)
    y, y_pred, y_train = rng.normal(size=(3, 30, 2))
    y[:10, 0] = np.nan
    y_train[5:, 1] = np.nan
    for train in (None, y_train):
        mean = np.nanmean(y if train is None else train, axis=0)
        wanted = np.sqrt(
            np.nansum((y - y_pred) ** 2, axis=0) / np.nansum((y - mean) ** 2, axis=0)
        ).mean()
        assert average_rrmse(y, y_pred, y_train=train) == pytest.approx(wanted)
    rows = task_scores(y, y_pred)
    assert average_rrmse(y, y_pred) == pytest.approx(
        np.mean([r["rrmse"] for r in rows])
    )
    assert np.isnan(average_rrmse([1.0, 1.0], [0.0, 1.0]))
    with pytest.raises(ValueError, match="Column 0 has no prediction in row 2"):
        average_rrmse([1.0, np.nan, 2.0], [1.0, 1.0, np.nan])
    with pytest.raises(ValueError, match="Column 0 of y_true holds 'a'"):
        average_rrmse(["a", "b"], [1.0, 2.0])


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
    predictions = net.predict(X)
    wanted = [
        metrics.cohen_kappa_score(y[name][row], predictions[name][row])
        for name, row in zip(["sold", "city"], rows, strict=True)
    ]
    assert kappa(net, X, y) == pytest.approx(np.mean(wanted))
    fbeta = make_task_scorer(metrics.fbeta_score, "sold", beta=2, pos_label="yes")
    kept = rows[0] & (label_weight[:, 1] > 0)
    assert fbeta(net, X, y, label_weight) == metrics.fbeta_score(
        y["sold"][kept],
        predictions["sold"][kept],
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
        ({"metric": "skill", "task": "prize"}, "'prize' is no column.*'price'"),
        ({"metric": "r2", "task": "city"}, "'r2' does not apply to column 'city'"),
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
    search = GridSearchCV(
        quick,
        grid,
        cv=2,
        scoring=task_scorers("skill", average="mean"),
        refit="price",
        n_jobs=2,
    ).fit(X, y)
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
