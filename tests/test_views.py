"""One column of a fitted net, as scikit-learn's tools for one column take it."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    DetCurveDisplay,
    PrecisionRecallDisplay,
    PredictionErrorDisplay,
    RocCurveDisplay,
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    d2_brier_score,
    f1_score,
    get_scorer,
    get_scorer_names,
    make_scorer,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl import MultiTaskNetClassifier, MultiTaskNetEstimator

pd = pytest.importorskip("pandas")

SMALL = {
    "hidden_layer_sizes": (16,),
    "n_members": 2,
    "max_iter": 25,
    "learning_rate_init": 0.03,
    "random_state": 0,
}
NUMBERS = ["price", "amount"]
CLASSES = ["sold", "flag", "size"]


@pytest.fixture(scope="module")
def X():
    """Return a frame of numbers with gaps and of strings, under an odd index."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    table["town"] = np.where(table["b"] > 0, "Rome", "Oslo")
    table.loc[::15, "c"] = np.nan
    table.index = pd.Index(np.arange(200)[::-1] * 10)
    return table


@pytest.fixture(scope="module")
def y(X):
    """Return two numbers and three kinds of classes, a fifth of the labels missing."""
    rng = np.random.default_rng(1)
    a, b = X["a"].to_numpy(), X["b"].to_numpy()
    noisy = a + 0.3 * rng.normal(size=len(X))
    table = pd.DataFrame(
        {
            "price": 100 * (noisy + b),
            "amount": np.exp(noisy),
            "sold": np.where(noisy > 0, "yes", "no"),
            "flag": (noisy + b > 0).astype(float),
            "size": np.select([noisy > 0.5, noisy > -0.5], ["L", "M"], "S"),
        },
        index=X.index,
    )
    return table.mask(rng.random(table.shape) < 0.2)


@pytest.fixture(scope="module")
def net(X, y):
    return MultiTaskNetEstimator(**SMALL, task_types={"amount": "gamma"}).fit(X, y)


@pytest.fixture(scope="module")
def views(net):
    return net.named_estimators_


@pytest.fixture(scope="module")
def known(X, y):
    """Return the rows of X that have a label of a column, and these labels."""

    def rows_of(name):
        seen = y[name].notna()
        return X[seen], y.loc[seen, name]

    return rows_of


@pytest.fixture(autouse=True)
def figures():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    yield
    plt.close("all")


# What a view is


def test_views_stand_by_place_and_by_name(net, views):
    assert list(views) == [*NUMBERS, *CLASSES]
    for view, named in zip(net.estimators_, views.values(), strict=True):
        assert type(view) is type(named)
        assert view.estimator is named.estimator is net
        assert view.task == named.task
    assert views.sold is views["sold"]


def test_views_are_fitted(net, views):
    for view in views.values():
        check_is_fitted(view)
        assert view.n_features_in_ == 4
        assert view.feature_names_in_.tolist() == ["a", "b", "c", "town"]
    unfitted = clone(net)
    for name in ("estimators_", "named_estimators_"):
        with pytest.raises(AttributeError):
            getattr(unfitted, name)


def test_clone_of_a_view_leaves_the_net_alone(net, views, X):
    before = net.predict(X)
    weights = {k: v.clone() for k, v in net.net_.module_.state_dict().items()}

    copies = [clone(view) for view in views.values()]

    for copy in copies:
        with pytest.raises(NotFittedError):
            check_is_fitted(copy)
        assert copy.estimator is not net
    check_is_fitted(net)
    pd.testing.assert_frame_equal(net.predict(X), before)
    for name, weight in net.net_.module_.state_dict().items():
        assert (weight == weights[name]).all()


def test_clone_of_the_net_knows_nothing_of_views(net):
    parameters = clone(net).get_params()
    assert parameters == net.get_params()
    assert not any("estimators" in name for name in parameters)


def test_what_scikit_learn_takes_them_for(views):
    for name, view in views.items():
        is_class = name in CLASSES
        assert is_classifier(view) == is_class
        assert is_regressor(view) != is_class
        tags = get_tags(view)
        assert tags.estimator_type == ("classifier" if is_class else "regressor")
        assert tags.input_tags.allow_nan
        assert tags.input_tags.string
        assert tags.input_tags.sparse
        assert not tags.target_tags.multi_output
        assert tags.target_tags.required
        assert hasattr(view, "predict_proba") == is_class
        assert hasattr(view, "classes_") == is_class


def test_classes_stand_sorted_in_the_type_of_the_labels(views):
    assert views["sold"].classes_.tolist() == ["no", "yes"]
    assert views["flag"].classes_.tolist() == [0.0, 1.0]
    assert views["flag"].classes_.dtype == np.float64
    assert views["size"].classes_.tolist() == ["L", "M", "S"]


def test_predictions_are_those_of_the_net(net, views, X):
    predicted, proba = net.predict(X), net.predict_proba(X)
    for t, (name, view) in enumerate(views.items()):
        assert view.predict(X).shape == (200,)
        assert_array_equal(view.predict(X), predicted[name])
        if name in CLASSES:
            assert_array_equal(view.predict_proba(X), proba[t])
            assert_allclose(view.predict_proba(X).sum(axis=1), 1)
            most = view.predict_proba(X).argmax(axis=1)
            assert_array_equal(view.classes_[most], view.predict(X))


def test_views_see_what_the_net_learns_later(X, y):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    view = net.estimators_[0]
    before = view.predict(X)
    net.partial_fit(X, y)
    assert_array_equal(view.predict(X), net.predict(X)["price"])
    assert (view.predict(X) != before).any()


@pytest.mark.parametrize("way", ["view", "frozen"])
def test_views_can_be_pickled(views, X, way):
    for view in views.values():
        stored = view if way == "view" else FrozenEstimator(view)
        other = pickle.loads(pickle.dumps(stored))
        assert_array_equal(other.predict(X), view.predict(X))


def test_view_of_one_column_without_a_name(X, y):
    seen = y["size"].notna()
    net = MultiTaskNetClassifier(**SMALL).fit(X[seen], y["size"][seen])
    (view,) = net.estimators_
    assert_array_equal(view.predict(X), net.predict(X))
    assert_array_equal(view.classes_, net.classes_)


def test_views_of_the_last_step_of_a_pipeline(X, y):
    numbers = X[["a", "b"]]
    scale = StandardScaler().set_output(transform="pandas")
    pipe = make_pipeline(scale, MultiTaskNetEstimator(**SMALL)).fit(numbers, y)
    for name, view in pipe[-1].named_estimators_.items():
        column = make_pipeline(pipe[:-1], view)
        check_is_fitted(column)
        assert is_classifier(column) == (name in CLASSES)
        assert_array_equal(column.predict(numbers), pipe.predict(numbers)[name])
        assert column.score(numbers, y[name]) > 0.6
    column = make_pipeline(pipe[:-1], pipe[-1].named_estimators_["price"])
    found = partial_dependence(column, numbers, ["a"], grid_resolution=5)
    assert (np.diff(found["average"][0]) > 0).all()


# Scores


@pytest.mark.parametrize("name", [*NUMBERS, *CLASSES])
def test_score_of_known_labels_is_scikit_learns(name, views, known):
    rows, labels = known(name)
    view = views[name]
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(rows))
    metric = accuracy_score if name in CLASSES else r2_score
    predicted = view.predict(rows)
    assert view.score(rows, labels) == pytest.approx(metric(labels, predicted))
    assert view.score(rows, labels, sample_weight=weight) == pytest.approx(
        metric(labels, predicted, sample_weight=weight)
    )
    assert view.score(rows, labels) > 0.6


@pytest.mark.parametrize("name", [*NUMBERS, *CLASSES])
def test_score_skips_missing_labels(name, views, X, y, known):
    rows, labels = known(name)
    view = views[name]
    expected = view.score(rows, labels)
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(X))
    cells = y[name].astype(object).where(y[name].notna(), None)
    for column in (y[name], y[[name]], cells.to_numpy(), cells.tolist()):
        assert view.score(X, column) == expected
    assert view.score(X, y[name], weight) == pytest.approx(
        view.score(rows, labels, weight[y[name].notna()])
    )


def test_mean_of_the_scores_is_that_of_the_net(net, views, X, y):
    scores = [view.score(X, y[name]) for name, view in views.items()]
    assert net.score(X, y) == pytest.approx(np.mean(scores))


def test_score_of_a_series_of_polars(views, X, y):
    pl = pytest.importorskip("polars")
    for name in ("price", "size"):
        cells = y[name].astype(object).where(y[name].notna(), None)
        series = pl.Series(name, cells.tolist())
        assert views[name].score(X, series) == views[name].score(X, y[name])


def test_weight_of_zero_leaves_a_label_out_of_the_score(views, known):
    rows, labels = known("price")
    weight = np.ones(len(rows))
    weight[:50] = 0
    assert views["price"].score(rows, labels, weight) == pytest.approx(
        views["price"].score(rows[50:], labels[50:])
    )


def test_nothing_to_score_is_missing(views, X):
    assert np.isnan(views["price"].score(X, np.full(len(X), np.nan)))
    assert np.isnan(views["size"].score(X, [None] * len(X)))


def test_score_of_a_label_never_seen(views, known):
    rows, labels = known("size")
    labels = labels.to_numpy(dtype=object)
    labels[:10] = "XL"
    with pytest.warns(UserWarning, match=r"'size'.*'XL'"):
        score = views["size"].score(rows, labels)
    assert score == pytest.approx(accuracy_score(labels, views["size"].predict(rows)))


def test_score_of_the_wrong_table_is_refused(views, X, y):
    with pytest.raises(ValueError, match=r"y has 2 columns.*TaskRegressor"):
        views["price"].score(X, y[NUMBERS])
    with pytest.raises(ValueError, match="200 rows, y has 100"):
        views["price"].score(X, y["price"][:100])


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
    assert beats_guessing(name, views["flag"], *known("flag"))


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


def test_permutation_importance_needs_no_labels_to_be_dropped(views, X, y):
    found = permutation_importance(
        views["price"], X, y["price"], n_repeats=2, random_state=0
    )
    assert found.importances_mean[0] > 0.2


@pytest.mark.parametrize("name", ["price", "amount", "sold", "flag"])
def test_partial_dependence(name, views, X):
    display = PartialDependenceDisplay.from_estimator(
        views[name], X, ["a", "town"], categorical_features=["town"], grid_resolution=8
    )
    of_a, of_town = display.pd_results
    assert (np.diff(of_a["average"][0]) > 0).all()
    assert of_town["grid_values"][0].tolist() == ["Oslo", "Rome"]


def test_partial_dependence_of_one_class_of_several(views, X):
    def steps(target):
        display = PartialDependenceDisplay.from_estimator(
            views["size"], X, ["a"], target=target, grid_resolution=5
        )
        return np.diff(display.pd_results[0]["average"][display.target_idx])

    assert (steps("L") > 0).all()
    assert (steps("S") < 0).all()


def test_individual_dependence(views, X):
    display = PartialDependenceDisplay.from_estimator(
        views["price"], X, ["a"], kind="both", grid_resolution=5
    )
    assert display.pd_results[0]["individual"].shape == (1, 200, 5)


@pytest.mark.parametrize("name", ["sold", "size", "price"])
@pytest.mark.parametrize("method", ["auto", "predict"])
def test_decision_boundary(name, method, X, y):
    view = MultiTaskNetEstimator(**SMALL).fit(X[["a", "b"]], y).named_estimators_[name]
    display = DecisionBoundaryDisplay.from_estimator(
        view, X[["a", "b"]], grid_resolution=6, response_method=method
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
