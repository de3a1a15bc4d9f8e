"""The three estimators: attributes, names, metadata."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from tests.estimators.helpers import FULL_BATCH, SMALL
from tests.helpers import ESTIMATORS


def test_to_scikit_learn_each_estimator_is_what_its_name_says():
    kinds = [(is_regressor(cls()), is_classifier(cls())) for cls in ESTIMATORS]
    assert kinds == [(False, False), (True, False), (False, True)]


def test_views_predict_what_the_estimator_predicts(X, mixed):
    pd = pytest.importorskip("pandas")
    X, y = pd.DataFrame(X), pd.DataFrame(mixed, columns=["price", "size", "sold"])
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    predicted, proba = net.predict(X), net.predict_proba(X)

    assert list(net.named_estimators_) == ["price", "size", "sold"]
    for t, (view, name) in enumerate(zip(net.estimators_, y, strict=True)):
        assert_array_equal(view.predict(X), predicted[name].to_numpy())
        assert_array_equal(net.named_estimators_[name].predict(X), view.predict(X))
        assert is_regressor(view) == (t == 0)
        assert is_classifier(view) == (t > 0)
        assert view.n_features_in_ == 4
        if t:
            assert_array_equal(view.predict_proba(X), proba[t])
            assert_array_equal(view.classes_, net.classes_[t])
            assert set(view.predict(X)) <= set(view.classes_)


def test_view_cannot_be_fitted(X, number):
    view = MultiTaskNetRegressor(**SMALL).fit(X, number).estimators_[0]
    with pytest.raises(TypeError, match="view"):
        view.fit(X, number)


def test_names_and_numbers_of_columns(X, mixed):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=["b", "a", "d", "c"])
    net = MultiTaskNetEstimator(**SMALL).fit(table, mixed)
    assert net.feature_names_in_.tolist() == ["b", "a", "d", "c"]
    assert net.n_features_in_ == 4
    assert net.n_outputs_ == 3
    assert not hasattr(
        MultiTaskNetEstimator(**SMALL).fit(X, mixed), "feature_names_in_"
    )


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_nothing_is_there_before_fit(cls, X):
    net = cls()
    for name in ("predict", "score"):
        arguments = (X,) if name == "predict" else (X, X[:, 0])
        with pytest.raises(NotFittedError, match=cls.__name__):
            getattr(net, name)(*arguments)
    for name in ("history_", "estimators_", "named_estimators_", "n_features_in_"):
        assert not hasattr(net, name)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_html_representation(cls, X):
    net = cls(**SMALL)
    assert cls.__name__ in net._repr_html_()
    net.fit(X, np.arange(60) % 2)
    assert cls.__name__ in net._repr_html_()
    assert "Fitted" in net._repr_html_()
    assert cls.__name__ in net.estimators_[0]._repr_html_()


def test_metadata_requests():
    with config_context(enable_metadata_routing=True):
        net = MultiTaskNetEstimator()
        net.set_fit_request(sample_weight=True, X_val=True, y_val=True)
        net.set_score_request(sample_weight=True)
        net.set_partial_fit_request(sample_weight=True, classes=True)
        net.set_predict_request(return_std=True)
        routing = net.get_metadata_routing()
    requests = dict.fromkeys(("sample_weight", "X_val", "y_val"), True)
    assert routing.fit.requests == {**requests, "groups": None}
    assert routing.score.requests == {"sample_weight": True}
    requests = dict.fromkeys(("sample_weight", "classes"), True)
    assert routing.partial_fit.requests == requests
    assert routing.predict.requests == {"return_std": True, "y_known": None}


def test_weights_are_routed_through_a_pipeline(X, number):
    weight = np.where(number > 0, 10.0, 1.0)
    net = MultiTaskNetRegressor(**FULL_BATCH)
    expected = clone(net).fit(X, number, sample_weight=weight).predict(X)
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline("passthrough", net.set_fit_request(sample_weight=True))
        predicted = pipe.fit(X, number, sample_weight=weight).predict(X)
    assert_array_equal(predicted, expected)
