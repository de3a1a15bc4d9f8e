"""Wrong calls: the message names column, value and remedy; nothing half-fitted."""

import re
import warnings

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from skorch.callbacks import Callback

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)

pd = pytest.importorskip("pandas")

SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 2,
    "random_state": 0,
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks this small gain nothing from threads and lose much on busy cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def X():
    numbers = np.random.default_rng(0).normal(size=(30, 3))
    return pd.DataFrame(numbers, columns=["a", "b", "c"])


@pytest.fixture
def y(X):
    words = np.where(X["b"] > 0, "hi", "lo")
    return pd.DataFrame({"price": 3 * X["a"], "size": words})


def refuses(net, words, X, y, error=ValueError, method="fit", **more):
    """Fail as expected, and leave both a fresh and a fitted estimator alone.

    `words` are parts of the message, in any order.
    """
    with pytest.raises(error) as caught:
        getattr(net, method)(X, y, **more)
    said = str(caught.value)
    for word in words:
        assert re.search(word, said), f"{word!r} is missing in: {said}"


def good_tables():
    rows = np.random.default_rng(1).normal(size=(20, 3))
    return rows, rows[:, 0]


def refuses_before_and_after_fit(net, words, X, y, error=ValueError, **more):
    """Fail twice: a fresh estimator stays fresh, a fitted one predicts as before."""
    before = dict(vars(net))
    refuses(net, words, X, y, error, **more)
    assert vars(net) == before
    with pytest.raises(NotFittedError):
        net.predict(X)

    rows, labels = good_tables()
    if isinstance(net, MultiTaskNetClassifier):
        labels = labels > 0
    parameters = net.get_params()
    fitted = type(net)(**SMALL).fit(rows, labels).set_params(**parameters)
    state, predicted = dict(vars(fitted)), fitted.predict(rows)
    refuses(fitted, words, X, y, error, **more)
    assert vars(fitted).keys() == state.keys()
    assert all(vars(fitted)[name] is value for name, value in state.items())
    np.testing.assert_array_equal(fitted.predict(rows), predicted)


# Shapes


def test_lengths_that_differ(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["30 rows", "y has 29", "Pass one row"],
        X,
        y[1:],
    )


@pytest.mark.parametrize("shape", [(), (30, 2, 2)])
def test_y_of_wrong_dimension(X, shape):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        [rf"{len(shape)} dimensions", r"\(n_rows, n_tasks\)"],
        X,
        np.zeros(shape),
    )


@pytest.mark.parametrize("shape", [(30,), (30, 2, 2)])
def test_X_of_wrong_dimension(shape):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["Expected 2D array|Found array with dim 3"],
        np.zeros(shape),
        np.arange(30.0),
    )


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_X_without_rows_or_columns(kind):
    make = pd.DataFrame if kind == "frame" else np.asarray
    net = MultiTaskNetEstimator(**SMALL)
    refuses(net, [r"0 sample\(s\)"], make(np.zeros((0, 3))), np.zeros(0))
    refuses(net, [r"0 feature\(s\)"], make(np.zeros((30, 0))), np.arange(30.0))


def test_y_without_columns(X):
    for y in (X[[]], np.zeros((30, 0))):
        refuses(MultiTaskNetEstimator(**SMALL), ["y has no column", "Pass"], X, y)


def test_no_y(X):
    refuses(MultiTaskNetEstimator(**SMALL), ["requires y", "None"], X, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": [1.0] * 30, "b": [2.0] * 30},
        sparse.csr_matrix(np.eye(30)),
        (value for value in range(30)),
        "price",
    ],
)
def test_y_in_a_container_that_is_not_read(X, wrong):
    """The message says what came and what to pass instead."""
    name = type(wrong).__name__
    refuses(
        MultiTaskNetEstimator(**SMALL),
        [name, "[Pp]ass"],
        X,
        wrong,
        (ValueError, TypeError),
    )


def test_rows_of_a_list_that_differ_in_length(X):
    y = [[1.0, "a"]] * 29 + [[1.0]]
    refuses(MultiTaskNetEstimator(**SMALL), ["differ in length", "None"], X, y)


def test_names_that_stand_twice(X, y):
    twice = pd.concat([y, y], axis=1)
    refuses(MultiTaskNetEstimator(**SMALL), ["'price'", "more than once"], X, twice)
    twice = pd.concat([X, X], axis=1)
    refuses(MultiTaskNetEstimator(**SMALL), ["'a'", "more than once"], twice, y)


# Values


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_in_y(X, y, value):
    y.loc[7, "price"] = value
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["infinity", "'price'", f"{value}", "Replace"],
        X,
        y,
    )


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_in_X(X, y, value):
    X.loc[7, "b"] = value
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["infinity", "'b'", f"{value}", "Replace"],
        X,
        y,
    )


def test_row_that_a_message_names_is_the_row_of_the_table_passed(X, y):
    """Rows without labels are left out first; counting must not start after them."""
    y.loc[:9, "price"], y.loc[:9, "size"] = np.nan, None
    X.loc[20, "b"] = np.inf
    refuses(MultiTaskNetEstimator(**SMALL), [r"'b'(?!.*row (?!20))"], X, y)
    X.loc[20, "b"], y.loc[20, "price"] = 0.0, np.inf
    refuses(MultiTaskNetEstimator(**SMALL), [r"'price'(?!.*row (?!20))"], X, y)


def test_infinity_at_predict(X, y):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    X.loc[7, "b"] = np.inf
    with pytest.raises(ValueError, match=r"'b' holds inf"):
        net.predict(X)


def test_infinity_in_a_sparse_X():
    X = np.random.default_rng(0).integers(0, 2, size=(30, 3)).astype(float)
    for value, said in ((np.inf, "infinity"), (np.nan, "NaN")):
        X[7, 1] = value
        words = ["column 1", said] if value == np.inf else ["column 1", said, "dense"]
        net, table = MultiTaskNetEstimator(**SMALL), sparse.csr_array(X)
        refuses(net, words, table, np.arange(30.0))


def test_no_label_at_all(X, y):
    for labels in (y.astype(object).mask(y.notna()), np.full(30, np.nan), [None] * 30):
        refuses_before_and_after_fit(
            MultiTaskNetEstimator(**SMALL),
            ["every label is missing", "at least one label"],
            X,
            labels,
        )


def test_column_of_y_that_cannot_be_read(X, y):
    y["day"] = pd.date_range("2020-01-01", periods=30)
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["'day'", "[Dd]atetime", "Drop it"],
        X,
        y,
        TypeError,
    )


def test_column_of_X_that_cannot_be_read(X, y):
    X["day"] = pd.date_range("2020-01-01", periods=30)
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["'day'", "[Dd]atetime", "Drop it"],
        X,
        y,
        TypeError,
    )


def test_cell_that_is_a_list(X, y):
    X["tags"] = [["x", "y"]] * 30
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL), ["'tags'", "list", "Drop"], X, y, TypeError
    )
    y["tags"] = X.pop("tags")
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL), ["'tags'", "list", "Drop"], X, y, TypeError
    )


# Kinds


@pytest.mark.parametrize("parameter", ["task_types", "task_weights"])
def test_name_that_is_no_column(X, y, parameter):
    value = {"prise": "regression" if parameter == "task_types" else 2.0}
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, **{parameter: value}),
        [parameter, "'prise'", "'price'", "'size'"],
        X,
        y,
    )


@pytest.mark.parametrize("parameter", ["task_types", "task_weights"])
def test_list_of_wrong_length(X, y, parameter):
    value = ["multiclass"] * 3 if parameter == "task_types" else [1.0] * 3
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, **{parameter: value}),
        [parameter, "3 entries", "2 columns"],
        X,
        y,
    )


@pytest.mark.parametrize("kind", ["regresion", 3, MultiTaskNetEstimator])
def test_kind_that_is_not_known(X, y, kind):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, task_types={"price": kind}),
        ["task_types", "'price'", re.escape(repr(kind))],
        X,
        y,
        (ValueError, TypeError),
    )


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf, "2", None])
def test_weight_of_a_task_that_is_none(X, y, weight):
    if weight is None:
        weight, words = {"price": 0, "size": 0}, ["task_weights", "every column"]
    else:
        weight, words = {"price": weight}, ["task_weights", "'price'", f"{weight}"]
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, task_weights=weight), words, X, y
    )


def test_words_for_the_regressor(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetRegressor(**SMALL),
        ["'size'", "'(hi|lo)'", "MultiTaskNetEstimator"],
        X,
        y,
    )


def test_numbers_for_the_classifier(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetClassifier(**SMALL),
        ["'price'", r"\d\.\d", "MultiTaskNetRegressor"],
        X,
        y,
    )


def test_three_classes_under_the_name_binary(X):
    y = pd.DataFrame({"size": ["a", "b", "c"] * 10})
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, task_types="binary"),
        ["'size'", "3 classes", "'multiclass'"],
        X,
        y,
    )


def test_kind_of_numbers_for_the_classifier_and_of_classes_for_the_regressor(X):
    """The estimators promise scikit-learn one kind; a task type must not break it."""
    y = pd.DataFrame({"t": np.arange(30) % 3})
    refuses(
        MultiTaskNetClassifier(**SMALL, task_types="regression"),
        ["'t'", "regression", "MultiTaskNetEstimator"],
        X,
        y,
    )
    refuses(
        MultiTaskNetRegressor(**SMALL, task_types={"t": "multiclass"}),
        ["'t'", "multiclass", "MultiTaskNetEstimator"],
        X,
        y,
    )


# Weights


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weight_that_is_negative_or_not_finite(X, y, weight):
    weights = np.ones(30)
    weights[4] = weight
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["sample_weight", f"{weight}", "row 4", "at least 0"],
        X,
        y,
        sample_weight=weights,
    )
    weights = np.ones((30, 2))
    weights[4, 1] = weight
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["sample_weight", f"{weight}", "row 4", "'size'"],
        X,
        y,
        sample_weight=weights,
    )


@pytest.mark.parametrize("shape", [(29,), (30, 3), (2, 30), (30, 2, 1)])
def test_weights_of_wrong_shape(X, y, shape):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["sample_weight", re.escape(str(shape)), r"\(30,\)", r"\(30, 2\)"],
        X,
        y,
        sample_weight=np.ones(shape),
    )


def test_weights_that_are_all_zero(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["[Ss]ample weights", "non-zero"],
        X,
        y,
        sample_weight=np.zeros(30),
    )
    y.loc[15:, "price"], y.loc[15:, "size"] = np.nan, None
    refuses(
        MultiTaskNetEstimator(**SMALL),
        ["no label that counts", "weight 0"],
        X,
        y,
        sample_weight=np.r_[np.zeros(15), np.ones(15)],
    )


@pytest.mark.parametrize("weight", [-1.0, np.nan])
def test_wrong_weights_of_score(X, y, weight):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="sample_weight"):
        net.score(X, y, sample_weight=np.full(30, weight))


# Later calls that do not fit the first


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


# Parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_layer_sizes", (8, 0)),
        ("hidden_layer_sizes", (8.5,)),
        ("hidden_layer_sizes", -1),
        ("hidden_layer_sizes", "8"),
        ("hidden_layer_sizes", ((8,), (4,))),
        ("head_hidden_layer_sizes", (0,)),
        ("head_hidden_layer_sizes", ((8,), (4,))),
        ("activation", "rleu"),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("n_members", 0),
        ("n_members", 2.0),
        ("n_members", "many"),
        ("categorical_features", "a"),
        ("max_categories", 0),
        ("scale_inputs", "yes"),
        ("solver", "lbfgs"),
        ("alpha", -1),
        ("batch_size", 0),
        ("batch_size", "full"),
        ("learning_rate", "fast"),
        ("learning_rate_init", 0),
        ("max_iter", 0),
        ("max_iter", 1.5),
        ("random_state", "seed"),
        ("tol", -1),
        ("verbose", "loud"),
        ("warm_start", "yes"),
        ("early_stopping", None),
        ("validation_fraction", 0.0),
        ("validation_fraction", 0.9),
        ("n_iter_no_change", 0),
        ("device", 0),
        ("device", "gpu"),
        ("device", "cuda:99"),
        ("dtype", "float16"),
        ("callbacks", 3),
        ("net_params", [1]),
    ],
)
def test_parameter_out_of_range(X, y, name, value):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**{**SMALL, name: value}),
        [rf"(?<!_){name}\b"],
        X,
        y,
        (ValueError, TypeError),
    )


@pytest.mark.parametrize("chosen", [["z"], [7], [True, False]])
def test_categorical_features_that_are_not_there(X, y, chosen):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, categorical_features=chosen),
        ["categorical_features", "'z'|7|2 columns"],
        X,
        y,
    )


def test_more_members_than_rows(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**{**SMALL, "n_members": 40}),
        ["n_members=40", "30", "auto"],
        X,
        y,
    )


def test_argument_that_skorch_does_not_know(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, net_params={"max_epoch": 3}),
        ["max_epoch"],
        X,
        y,
        (ValueError, TypeError),
    )


# Training that fails


def test_callback_that_is_none(X, y):
    refuses(
        MultiTaskNetEstimator(**SMALL, callbacks=["progress"]),
        [r"callbacks\[0\]", "'progress'", "skorch.callbacks.Callback"],
        X,
        y,
        TypeError,
    )


class Raise(Callback):
    """Fail in the given epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise RuntimeError("from a callback")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_failure_within_training_leaves_the_estimator_as_it_was(X, y, method):
    net = MultiTaskNetEstimator(
        **{**SMALL, "max_iter": 3}, warm_start=True, callbacks=[Raise(epoch=5)]
    )
    net.fit(X, y)
    net.partial_fit(X, y)
    predicted, epochs = net.predict(X), net.n_iter_

    with pytest.raises(RuntimeError, match="from a callback"):
        getattr(net, method)(X, y)

    pd.testing.assert_frame_equal(net.predict(X), predicted)
    assert net.n_iter_ == len(net.history_) == epochs


class Poison(Callback):
    """Make the weights NaN at the end of an epoch's last batch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training=True, **kwargs):
        if training and len(net.history) == self.epoch:
            with torch.no_grad():
                for parameter in net.module_.parameters():
                    parameter.fill_(torch.nan)


def test_loss_that_turns_nan_keeps_the_last_good_weights(X, y):
    net = MultiTaskNetEstimator(
        **{**SMALL, "max_iter": 5, "early_stopping": False}, callbacks=[Poison(epoch=4)]
    )
    with pytest.warns(ConvergenceWarning, match=r"epoch 4.*epoch 3"):
        net.fit(X, y)
    three = MultiTaskNetEstimator(**{**SMALL, "max_iter": 3, "early_stopping": False})
    pd.testing.assert_frame_equal(net.predict(X), three.fit(X, y).predict(X))


def test_loss_that_is_nan_from_the_start_is_an_error(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL, callbacks=[Poison(epoch=1)]),
        ["epoch 1", "learning_rate_init"],
        X,
        y,
    )


def test_loss_that_explodes_names_column_and_epoch(X, y):
    """Labels beyond the range of float32 squares, met only after fit."""
    net = MultiTaskNetRegressor(**{**SMALL, "early_stopping": False}, warm_start=True)
    net.fit(X, y[["price"]])
    predicted, before = net.predict(X), net.history_[-1]["train_loss"]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        refuses(net, ["'price'", "epoch 3"], X, y[["price"]] * 1e30)

    pd.testing.assert_frame_equal(net.predict(X), predicted)
    assert net.n_iter_ == len(net.history_)
    for _ in range(20):
        net.partial_fit(X, y[["price"]])
    assert net.history_[-1]["train_loss"] < before - 0.05
