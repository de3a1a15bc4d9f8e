"""Scores per column: each number against scikit-learn on the observed labels."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn import metrics

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import average_rrmse, skill_score, task_scores
from sklearn_mtl.tasks import Multiclass, Ordinal, Quantile, Regression
from tests.metrics.helpers import KINDS, NAMES, SMALL

CLASSES = {"sold": ["no", "yes"], "city": list("abc"), "grade": [1, 2, 3, 4]}


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
        "mcc": metrics.matthews_corrcoef(y, prediction, sample_weight=w),
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
    predictions = pd.DataFrame(net.predict(X), columns=NAMES)
    responses = responses_of(net, X)
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
    frame = task_scores(table[1], net, X=table[0], as_frame=True)
    rows = task_scores(table[1], net, X=table[0])
    pd.testing.assert_frame_equal(frame, pd.DataFrame(rows))
    assert list(frame.columns[:4]) == ["name", "kind", "n_labels", "skill"]
    assert frame["skill"].notna().all()
    assert frame["accuracy"].notna().sum() == 3


def test_one_dimensional_y(table):
    X, y = table
    rows = y["sold"].notna()
    net = MultiTaskNetEstimator(**SMALL).fit(X, y["sold"])
    row = task_scores(y["sold"], net, X=X)[0]
    accuracy = metrics.accuracy_score(y["sold"][rows], net.predict(X[rows]))
    assert row["accuracy"] == pytest.approx(accuracy)
    given = task_scores(y["sold"], net.predict(X), y_proba=net.predict_proba(X))[0]
    assert given == row


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
    assert unknown("class") == {"skill", "mcc", "roc_auc", "average_precision"}
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


# -- one number ----------------------------------------------------------------------


def test_skill_score_is_that_of_the_table(table, net):
    X, y = table
    rows = task_scores(y, net, X=X)
    predictions = net.predict(X)
    for row, task, response in zip(rows, net.tasks_, responses_of(net, X), strict=True):
        name = row["name"]
        given = predictions[:, NAMES.index(name)] if response is None else response
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


def test_what_labels_alone_tell_is_computed_without_probabilities():
    truth = ["a", "b", "c", "a", None]
    told = ["a", "b", "b", "a", "c"]

    (row,) = task_scores(truth, told)

    expected = metrics.matthews_corrcoef(truth[:4], told[:4])
    assert row["mcc"] == pytest.approx(expected)
    assert row["accuracy"] == 0.75
    assert row["balanced_accuracy"] == pytest.approx(2 / 3)
    assert not np.isnan(row["f1"])
    assert np.isnan(row["log_loss"])
    assert np.isnan(task_scores(["a", "a"], ["a", "b"])[0]["mcc"])
