"""One column of a fitted net: what a view is, and its score."""

import pickle
import warnings
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl import MultiTaskNetClassifier, MultiTaskNetEstimator
from tests.estimators.helpers import CLASSES, NUMBERS, SHOP_NET

pd = pytest.importorskip("pandas")


# What a view is


def test_views_stand_by_place_and_by_name(shop_net, views):
    assert list(views) == [*NUMBERS, *CLASSES]
    for view, named in zip(shop_net.estimators_, views.values(), strict=True):
        assert type(view) is type(named)
        assert view.estimator is named.estimator is shop_net
        assert view.task == named.task
    assert views.sold is views["sold"]


def test_views_are_fitted(shop_net, views):
    for view in views.values():
        check_is_fitted(view)
        assert view.n_features_in_ == 4
        assert view.feature_names_in_.tolist() == ["a", "b", "c", "town"]
    unfitted = clone(shop_net)
    for name in ("estimators_", "named_estimators_"):
        with pytest.raises(AttributeError):
            getattr(unfitted, name)


def test_clone_of_a_view_leaves_the_net_alone(shop_net, views, shop_X):
    before = shop_net.predict(shop_X)
    weights = {k: v.clone() for k, v in shop_net.net_.module_.state_dict().items()}

    copies = [clone(view) for view in views.values()]

    for copy in copies:
        with pytest.raises(NotFittedError):
            check_is_fitted(copy)
        assert copy.estimator is not shop_net
    check_is_fitted(shop_net)
    pd.testing.assert_frame_equal(shop_net.predict(shop_X), before)
    for name, weight in shop_net.net_.module_.state_dict().items():
        assert (weight == weights[name]).all()


def test_clone_of_the_net_knows_nothing_of_views(shop_net):
    parameters = clone(shop_net).get_params()
    assert parameters == shop_net.get_params()
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


def test_predictions_are_those_of_the_net(shop_net, views, shop_X):
    predicted, proba = shop_net.predict(shop_X), shop_net.predict_proba(shop_X)
    for t, (name, view) in enumerate(views.items()):
        assert view.predict(shop_X).shape == (200,)
        assert_array_equal(view.predict(shop_X), predicted[name])
        if name in CLASSES:
            assert_array_equal(view.predict_proba(shop_X), proba[t])
            assert_allclose(view.predict_proba(shop_X).sum(axis=1), 1)
            most = view.predict_proba(shop_X).argmax(axis=1)
            assert_array_equal(view.classes_[most], view.predict(shop_X))


def test_views_see_what_the_net_learns_later(shop_X, shop_y):
    net = MultiTaskNetEstimator(**SHOP_NET).fit(shop_X, shop_y)
    view = net.estimators_[0]
    before = view.predict(shop_X)
    net.partial_fit(shop_X, shop_y)
    assert_array_equal(view.predict(shop_X), net.predict(shop_X)["price"])
    assert (view.predict(shop_X) != before).any()


@pytest.mark.parametrize("way", ["view", "frozen"])
def test_views_can_be_pickled(views, shop_X, way):
    for view in views.values():
        stored = view if way == "view" else FrozenEstimator(view)
        other = pickle.loads(pickle.dumps(stored))
        assert_array_equal(other.predict(shop_X), view.predict(shop_X))


def test_view_of_one_column_without_a_name(shop_X, shop_y):
    seen = shop_y["size"].notna()
    net = MultiTaskNetClassifier(**SHOP_NET).fit(shop_X[seen], shop_y["size"][seen])
    (view,) = net.estimators_
    assert_array_equal(view.predict(shop_X), net.predict(shop_X))
    assert_array_equal(view.classes_, net.classes_)


def test_views_of_the_last_step_of_a_pipeline(shop_X, shop_y):
    numbers = shop_X[["a", "b"]]
    scale = StandardScaler().set_output(transform="pandas")
    pipe = make_pipeline(scale, MultiTaskNetEstimator(**SHOP_NET)).fit(numbers, shop_y)
    for name, view in pipe[-1].named_estimators_.items():
        column = make_pipeline(pipe[:-1], view)
        check_is_fitted(column)
        assert is_classifier(column) == (name in CLASSES)
        assert_array_equal(column.predict(numbers), pipe.predict(numbers)[name])
        assert column.score(numbers, shop_y[name]) > 0.6
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
def test_score_skips_missing_labels(name, views, shop_X, shop_y, known):
    rows, labels = known(name)
    view = views[name]
    expected = view.score(rows, labels)
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(shop_X))
    cells = shop_y[name].astype(object).where(shop_y[name].notna(), None)
    for column in (shop_y[name], shop_y[[name]], cells.to_numpy(), cells.tolist()):
        assert view.score(shop_X, column) == expected
    assert view.score(shop_X, shop_y[name], weight) == pytest.approx(
        view.score(rows, labels, weight[shop_y[name].notna()])
    )


def test_mean_of_the_scores_is_that_of_the_net(shop_net, views, shop_X, shop_y):
    scores = [view.score(shop_X, shop_y[name]) for name, view in views.items()]
    assert shop_net.score(shop_X, shop_y) == pytest.approx(np.mean(scores))


def test_score_of_a_series_of_polars(views, shop_X, shop_y):
    pl = pytest.importorskip("polars")
    for name in ("price", "size"):
        cells = shop_y[name].astype(object).where(shop_y[name].notna(), None)
        series = pl.Series(name, cells.tolist())
        assert views[name].score(shop_X, series) == views[name].score(
            shop_X, shop_y[name]
        )


def test_weight_of_zero_leaves_a_label_out_of_the_score(views, known):
    rows, labels = known("price")
    weight = np.ones(len(rows))
    weight[:50] = 0
    assert views["price"].score(rows, labels, weight) == pytest.approx(
        views["price"].score(rows[50:], labels[50:])
    )


def test_nothing_to_score_is_missing(views, shop_X):
    assert np.isnan(views["price"].score(shop_X, np.full(len(shop_X), np.nan)))
    assert np.isnan(views["size"].score(shop_X, [None] * len(shop_X)))


def test_score_of_a_label_never_seen(views, known):
    rows, labels = known("size")
    labels = labels.to_numpy(dtype=object)
    labels[:10] = "XL"
    with pytest.warns(UserWarning, match=r"'size'.*'XL'"):
        score = views["size"].score(rows, labels)
    assert score == pytest.approx(accuracy_score(labels, views["size"].predict(rows)))


def test_score_of_the_wrong_table_is_refused(views, shop_X, shop_y):
    with pytest.raises(ValueError, match=r"y has 2 columns.*TaskRegressor"):
        views["price"].score(shop_X, shop_y[NUMBERS])
    with pytest.raises(ValueError, match="200 rows, y has 100"):
        views["price"].score(shop_X, shop_y["price"][:100])


def test_what_is_set_on_a_view_is_not_set_on_the_net(shop_net, views, shop_X):
    # As explainers of shap do, which copy a bound method and forget the names of X.
    view = deepcopy(views["price"].predict).__self__
    view.feature_names_in_ = None
    assert view.feature_names_in_ is None
    assert_array_equal(views["price"].feature_names_in_, shop_net.feature_names_in_)
    nameless = shop_X.to_numpy(dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = view.predict(nameless)
    assert_array_equal(predicted, views["price"].predict(shop_X))
