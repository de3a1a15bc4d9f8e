"""Later calls that do not fit the first."""

import numpy as np
import pytest

from sklearn_mtl import MultiTaskNetEstimator
from tests.bad_input.helpers import SMALL, refuses, refuses_before_and_after_fit

pd = pytest.importorskip("pandas")


def test_label_never_seen_at_partial_fit(X, y):
    net = MultiTaskNetEstimator(**SMALL).partial_fit(X, y)
    predicted, rows = net.predict(X), net.n_iter_
    y.loc[3, "size"] = "huge"
    refuses(net, ["'size'", "'huge'", "'hi'", "classes="], X, y, method="partial_fit")
    pd.testing.assert_frame_equal(net.predict(X), predicted)
    assert net.n_iter_ == rows


def test_label_never_seen_at_warm_start(X, y):
    net = MultiTaskNetEstimator(**SMALL, warm_start=True).fit(X, y)
    predicted = net.predict(X)
    y.loc[3, "size"] = "huge"
    refuses(net, ["'size'", "'huge'", "'hi'"], X, y)
    pd.testing.assert_frame_equal(net.predict(X), predicted)


def test_label_not_among_the_classes_named(X, y):
    net = MultiTaskNetEstimator(**SMALL)
    for classes in ({"size": ["lo", "huge"]}, [None, ["lo", "huge"]]):
        words = ["'size'", "'hi'", "'lo', 'huge'", "Add it"]
        refuses(net, words, X, y, method="partial_fit", classes=classes)
        assert not hasattr(net, "net_")
    words = ["'price'", "regression"]
    classes = {"price": [1, 2]}
    refuses(net, words, X, y, method="partial_fit", classes=classes)


def test_rows_to_stop_on_with_a_label_never_seen(X, y):
    later = y.copy()
    later.loc[3, "size"] = "huge"
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL), ["'size'", "'huge'"], X, y, X_val=X, y_val=later
    )


@pytest.mark.parametrize("missing", ["X_val", "y_val"])
def test_half_of_the_rows_to_stop_on(X, y, missing):
    given = {"X_val": X, "y_val": y} | {missing: None}
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL), [missing, "together"], X, y, **given
    )


def test_rows_to_stop_on_of_another_shape(X, y):
    net = MultiTaskNetEstimator(**SMALL)
    refuses(net, ["y_val", "30", "20"], X, y, X_val=X, y_val=y[:20])
    refuses(net, ["y_val", "1 column", "price"], X, y, X_val=X, y_val=y[["price"]])
    refuses(net, ["3|b"], X, y, X_val=X[["a", "c"]], y_val=y)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_features_renamed_or_reordered(X, y, method):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="same order"):
        getattr(net, method)(X[["b", "a", "c"]])
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- z"):
        getattr(net, method)(X.rename(columns={"c": "z"}))
    with (
        pytest.raises(ValueError, match="expecting 3 features"),
        pytest.warns(UserWarning, match="feature names"),
    ):
        getattr(net, method)(X.to_numpy()[:, :2])


def test_columns_of_y_renamed_or_reordered(X, y):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    for labels in (y[["size", "price"]], y.rename(columns={"size": "grade"})):
        with pytest.raises(
            ValueError, match=r"(?s)'(size|grade)'.*\['price', 'size'\]"
        ):
            net.score(X, labels)
        refuses(net, ["'(size|grade)'", "'price'"], X, labels, method="partial_fit")
    with pytest.raises(ValueError, match=r"1 columns?, but fit saw 2"):
        net.score(X, y["price"])


def test_words_where_fit_saw_numbers(X, y):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    later = X.astype(object)
    later.loc[3, "b"] = "blue"
    with pytest.raises(ValueError, match=r"'b' of X holds 'blue'"):
        net.predict(later)
    with pytest.raises(ValueError, match=r"'price' of y holds '(hi|lo)'"):
        net.score(X, y.assign(price=y["size"]))


def test_score_of_wrong_length(X, y):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="30 rows, y has 20"):
        net.score(X, y[:20])


@pytest.mark.parametrize(
    ("name", "value"),
    [("alpha", np.zeros(3)), ("max_norm", {"x": 1}), ("dropout", -1), ("tol", "x")],
)
def test_parameter_that_is_wrong_only_later(X, y, name, value):
    net = MultiTaskNetEstimator(**SMALL).partial_fit(X, y)
    predicted = net.predict(X)
    net.set_params(**{name: value})
    refuses(net, [f"'{name}'"], X, y, method="partial_fit")
    pd.testing.assert_frame_equal(net.predict(X), predicted)


@pytest.mark.parametrize("normalize", [[], (-1,), "yes", None])
def test_interval_that_is_to_be_normalized_in_no_way(X, y, normalize):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="'normalize' parameter"):
        net.predict_interval(X, normalize=normalize)


def test_column_of_X_that_the_first_call_saw_constant(X, y):
    net = MultiTaskNetEstimator(**SMALL).partial_fit(X.assign(a=4.0), y)
    with pytest.warns(UserWarning, match="Column 'a' of X holds .* saw 4 only"):
        net.partial_fit(X, y)
