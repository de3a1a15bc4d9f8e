"""One column of a fitted net, as scikit-learn's tools for one column take it."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    permutation_importance,
)
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    DetCurveDisplay,
    PrecisionRecallDisplay,
    PredictionErrorDisplay,
    RocCurveDisplay,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    d2_brier_score,
    f1_score,
    get_scorer,
    get_scorer_names,
    make_scorer,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from sklearn_mtl import MultiTaskNetEstimator
from tests.estimators.helpers import CLASSES, NUMBERS, SHOP_NET


@pytest.fixture(autouse=True)
def figures():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    yield
    plt.close("all")


# scikit-learn's named scorers


MULTILABEL = {name for name in get_scorer_names() if name.endswith("_samples")}

BINARY_ONLY = {
    "average_precision",
    "f1",
    "jaccard",
    "neg_negative_likelihood_ratio",
    "positive_likelihood_ratio",
    "precision",
    "recall",
    "roc_auc",
}

OF_NUMBERS = {
    "d2_absolute_error_score",
    "explained_variance",
    "r2",
    *(name for name in get_scorer_names() if name.startswith("neg_mean_")),
    *(name for name in get_scorer_names() if name.startswith("neg_root_mean_")),
    "neg_max_error",
    "neg_median_absolute_error",
}

OF_CLASSES = set(get_scorer_names()) - OF_NUMBERS - MULTILABEL

NEEDS_THREE = {"top_k_accuracy"}


def beats_guessing(name, view, rows, labels):
    """Whether a scorer finds the view better than guesses; it must be finite."""
    dummy = (
        DummyClassifier(strategy="stratified", random_state=0)
        if is_classifier(view)
        else DummyRegressor()
    ).fit(rows, labels)
    scorer = get_scorer(name)
    score = scorer(view, rows, labels)
    assert np.isfinite(score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return not score < scorer(dummy, rows, labels)


@pytest.mark.parametrize("name", sorted(OF_NUMBERS))
def test_scorers_of_numbers(name, views, known):
    assert beats_guessing(name, views["amount"], *known("amount"))


@pytest.mark.parametrize("name", sorted(OF_CLASSES - NEEDS_THREE))
def test_scorers_of_two_classes(name, views, known):
    rows, labels = known("flag")
    # Likelihood ratios are not defined for a view that makes no mistakes.
    labels = labels.where(np.arange(len(labels)) % 20 > 0, 1 - labels)
    assert beats_guessing(name, views["flag"], rows, labels)


@pytest.mark.parametrize("name", sorted(OF_CLASSES - BINARY_ONLY))
def test_scorers_of_several_classes(name, views, known):
    assert beats_guessing(name, views["size"], *known("size"))


# Those that need to be told which of two strings is meant.
NEEDS_POSITIVE = {
    "average_precision": (average_precision_score, "predict_proba"),
    "d2_brier_score": (d2_brier_score, "predict_proba"),
    "f1": (f1_score, "predict"),
    "neg_brier_score": (brier_score_loss, "predict_proba"),
    "precision": (precision_score, "predict"),
    "recall": (recall_score, "predict"),
}


@pytest.mark.parametrize(
    "name",
    sorted(
        OF_CLASSES
        - NEEDS_THREE
        - set(NEEDS_POSITIVE)
        - {"jaccard", "neg_negative_likelihood_ratio", "positive_likelihood_ratio"}
    ),
)
def test_scorers_of_two_strings(name, views, known):
    assert beats_guessing(name, views["sold"], *known("sold"))


@pytest.mark.parametrize("name", sorted(NEEDS_POSITIVE))
@pytest.mark.parametrize("positive", ["yes", "no"])
def test_scorers_of_two_strings_that_name_the_positive(name, positive, views, known):
    metric, method = NEEDS_POSITIVE[name]
    rows, labels = known("sold")
    view = views["sold"]
    scorer = make_scorer(metric, response_method=method, pos_label=positive)
    said = view.predict(rows)
    if method == "predict_proba":
        said = view.predict_proba(rows)[:, list(view.classes_).index(positive)]
    expected = metric(labels, said, pos_label=positive)
    assert scorer(view, rows, labels) == pytest.approx(expected)


def test_every_scorer_fits_a_column():
    """Those left out score several labels a row at once."""
    assert set(get_scorer_names()) - MULTILABEL == OF_NUMBERS | OF_CLASSES
    assert OF_NUMBERS.isdisjoint(OF_CLASSES)


# Inspection


def test_permutation_importance(views, known):
    for name in ("price", "sold"):
        found = permutation_importance(
            views[name], *known(name), n_repeats=2, random_state=0
        )
        importance = dict(
            zip(["a", "b", "c", "town"], found.importances_mean, strict=True)
        )
        assert importance["a"] > 0.2
        assert abs(importance["c"]) < 0.1


def test_permutation_importance_needs_no_labels_to_be_dropped(views, shop_X, shop_y):
    found = permutation_importance(
        views["price"], shop_X, shop_y["price"], n_repeats=2, random_state=0
    )
    assert found.importances_mean[0] > 0.2


@pytest.mark.parametrize("name", ["price", "amount", "sold", "flag"])
def test_partial_dependence(name, views, shop_X):
    display = PartialDependenceDisplay.from_estimator(
        views[name],
        shop_X,
        ["a", "town"],
        categorical_features=["town"],
        grid_resolution=8,
    )
    of_a, of_town = display.pd_results
    assert (np.diff(of_a["average"][0]) > 0).all()
    assert of_town["grid_values"][0].tolist() == ["Oslo", "Rome"]


def test_partial_dependence_of_one_class_of_several(views, shop_X):
    def steps(target):
        display = PartialDependenceDisplay.from_estimator(
            views["size"], shop_X, ["a"], target=target, grid_resolution=5
        )
        return np.diff(display.pd_results[0]["average"][display.target_idx])

    assert (steps("L") > 0).all()
    assert (steps("S") < 0).all()


def test_individual_dependence(views, shop_X):
    display = PartialDependenceDisplay.from_estimator(
        views["price"], shop_X, ["a"], kind="both", grid_resolution=5
    )
    assert display.pd_results[0]["individual"].shape == (1, 200, 5)


@pytest.mark.parametrize("name", ["sold", "size", "price"])
@pytest.mark.parametrize("method", ["auto", "predict"])
def test_decision_boundary(name, method, shop_X, shop_y):
    view = (
        MultiTaskNetEstimator(**SHOP_NET)
        .fit(shop_X[["a", "b"]], shop_y)
        .named_estimators_[name]
    )
    display = DecisionBoundaryDisplay.from_estimator(
        view, shop_X[["a", "b"]], grid_resolution=6, response_method=method
    )
    several = name == "size" and method == "auto"
    assert display.response.shape == ((6, 6, 3) if several else (6, 6))
    if name != "size":
        assert display.response[:, -1].mean() > display.response[:, 0].mean()


# Displays of scores


def test_confusion_matrix(views, known):
    for name in CLASSES:
        rows, labels = known(name)
        display = ConfusionMatrixDisplay.from_estimator(views[name], rows, labels)
        assert_array_equal(
            display.confusion_matrix,
            confusion_matrix(labels, views[name].predict(rows)),
        )
        assert_array_equal(display.display_labels, views[name].classes_)


@pytest.mark.parametrize("name", ["sold", "flag"])
def test_roc_curve(name, views, known):
    rows, labels = known(name)
    display = RocCurveDisplay.from_estimator(views[name], rows, labels)
    area = roc_auc_score(labels, views[name].predict_proba(rows)[:, 1])
    assert display.roc_auc == pytest.approx(area)
    assert area > 0.9


@pytest.mark.parametrize("name", ["sold", "flag"])
def test_precision_recall_curve(name, views, known):
    rows, labels = known(name)
    display = PrecisionRecallDisplay.from_estimator(views[name], rows, labels)
    assert display.average_precision == pytest.approx(
        average_precision_score(
            labels,
            views[name].predict_proba(rows)[:, 1],
            pos_label=views[name].classes_[1],
        )
    )


@pytest.mark.parametrize("name", ["sold", "flag"])
def test_detection_error_tradeoff_curve(name, views, known):
    display = DetCurveDisplay.from_estimator(views[name], *known(name))
    assert (np.diff(display.fpr) <= 0).all()
    assert (np.diff(display.fnr) >= 0).all()


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("kind", ["actual_vs_predicted", "residual_vs_predicted"])
def test_prediction_error(name, kind, views, known):
    rows, labels = known(name)
    display = PredictionErrorDisplay.from_estimator(
        views[name], rows, labels, kind=kind, subsample=None
    )
    assert_array_equal(display.y_pred, views[name].predict(rows))


# Wrapping


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("name", CLASSES)
def test_calibration_by_scikit_learn(name, method, views, known):
    rows, labels = known(name)
    labels = labels.to_numpy()  # "temperature" asks for the label of the index 0
    calibrated = CalibratedClassifierCV(FrozenEstimator(views[name]), method=method)
    calibrated.fit(rows, labels)
    assert_array_equal(calibrated.classes_, views[name].classes_)
    assert_allclose(calibrated.predict_proba(rows).sum(axis=1), 1)
    assert calibrated.score(rows, labels) > 0.7


@pytest.mark.parametrize("positive", ["yes", "no"])
def test_fixed_threshold(positive, views, known):
    rows, labels = known("sold")
    fixed = FixedThresholdClassifier(
        FrozenEstimator(views["sold"]),
        threshold=0.8,
        pos_label=positive,
        response_method="predict_proba",
    ).fit(rows, labels)
    column = list(views["sold"].classes_).index(positive)
    sure = views["sold"].predict_proba(rows)[:, column] >= 0.8
    assert_array_equal(fixed.predict(rows) == positive, sure)


def test_tuned_threshold(views, known):
    rows, labels = known("sold")
    scorer = make_scorer(recall_score, pos_label="yes")
    tuned = TunedThresholdClassifierCV(
        FrozenEstimator(views["sold"]), scoring=scorer, cv="prefit", refit=False
    ).fit(rows, labels)
    assert tuned.best_score_ == 1.0
    expected = views["sold"].predict_proba(rows)[:, 1] >= tuned.best_threshold_
    assert_array_equal(tuned.predict(rows) == "yes", expected)


def test_tuned_threshold_of_zeros_and_ones(views, known):
    rows, labels = known("flag")
    tuned = TunedThresholdClassifierCV(
        FrozenEstimator(views["flag"]), scoring="f1", cv="prefit", refit=False
    ).fit(rows, labels)
    assert tuned.best_score_ >= f1_score(labels, views["flag"].predict(rows)) - 1e-9


@pytest.mark.parametrize("wrapper", [CalibratedClassifierCV, FixedThresholdClassifier])
def test_tools_that_fit_say_what_to_do(wrapper, views, known):
    with pytest.raises(TypeError, match="FrozenEstimator"):
        wrapper(views["sold"]).fit(*known("sold"))


def test_frozen_views_survive_clone(views, known):
    rows, labels = known("size")
    frozen = clone(FrozenEstimator(views["size"]))
    assert frozen.fit(rows, labels).score(rows, labels) == pytest.approx(
        views["size"].score(rows, labels)
    )
