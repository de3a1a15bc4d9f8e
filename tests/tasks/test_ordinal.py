"""Ordinal classes."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit
from sklearn.metrics import log_loss

from sklearn_mtl.tasks import Multiclass, Ordinal
from tests.tasks.helpers import TEST, column_of, draw, fitted, losses, small_net

# Losses against closed forms


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_ordinal_loss_is_the_log_loss_of_the_cumulative_model(n_classes):
    labels = np.arange(30) % n_classes
    task = fitted(Ordinal(), labels)
    raw = np.random.default_rng(0).normal(scale=3, size=(50, n_classes - 1))

    loss = losses(task, raw, labels)

    steps = np.log1p(np.exp(raw[:, 1:])).cumsum(axis=1)
    thresholds = np.concatenate([raw[:, :1], raw[:, :1] - steps], axis=1)
    above = np.pad(
        expit(thresholds), ((0, 0), (1, 1)), constant_values=((0, 0), (1, 0))
    )
    probabilities = -np.diff(above, axis=1)
    assert_allclose(task.response(raw), probabilities, rtol=1e-6, atol=1e-12)
    expected = [log_loss(labels, np.tile(p, (30, 1))) for p in task.response(raw)]
    assert_allclose(loss.mean(axis=1), expected, rtol=1e-6)


# Priors


@pytest.mark.parametrize("rare", ["low", "middle", "high"])
def test_prior_of_a_hardly_weighted_ordinal_class_is_finite(rare):
    labels = np.array(["low", "middle", "high"] * 4)
    weight = np.where(labels == rare, 1e-18, 1.0)

    task = fitted(Ordinal(["low", "middle", "high"]), labels, weight)

    assert np.isfinite(task.prior_raw_).all()
    assert_allclose(task.response(task.prior_raw_), task.prior_, atol=1e-9)


# Ordinal


@pytest.fixture(scope="module")
def grades():
    """Six grades whose latent score is linear in X."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 6))
    latent = 2 * X[:, 0] + X[:, 1] + rng.logistic(size=600)
    return X, np.digitize(latent, np.linspace(-4, 4, 7))


@pytest.mark.parametrize("n_classes", [2, 3, 9])
def test_ordinal_probabilities_are_of_an_order(n_classes):
    task = fitted(Ordinal(), np.arange(n_classes))
    raw = 20 * np.random.default_rng(0).normal(size=(3, 200, n_classes - 1))

    response = task.response(raw)

    assert response.shape == (3, 200, n_classes)
    assert (response > 0).all()
    assert_allclose(response.sum(axis=-1), 1, rtol=1e-12)
    # Cumulative probabilities rise with the rank: thresholds never cross.
    assert (np.diff(response.cumsum(axis=-1)[..., :-1], axis=-1) >= 0).all()


SIZES = ["small", "large", "huge"]

CELLS = ["large", "small", None, "huge", "small"]


@pytest.mark.parametrize(
    "y",
    [
        pd.DataFrame({"size": pd.Categorical(CELLS, SIZES, ordered=True)}),
        pl.DataFrame({"size": pl.Series(CELLS, dtype=pl.Enum(SIZES))}),
    ],
    ids=["pandas", "polars"],
)
def test_order_is_that_of_the_ordered_categories(y):
    X = pd.DataFrame({"x": np.arange(5.0)})

    net = small_net(max_iter=2, early_stopping=False).fit(X, y)

    assert net.tasks_ == [net.tasks_[0]]
    assert type(net.tasks_[0]) is Ordinal
    assert net.classes_[0].tolist() == SIZES
    assert type(net.predict(X)) is type(y)


def test_order_is_the_one_given_or_that_of_sorting():
    cells = np.array(["low", "high", "middle", "low"])

    given = fitted(Ordinal(["low", "middle", "high", "top"]), cells)
    categories = pd.Series(
        pd.Categorical(cells, ["middle", "low", "high"], ordered=True)
    )

    assert given.classes_.tolist() == ["low", "middle", "high", "top"]
    assert given.encode(column_of(cells)).tolist() == [0, 2, 1, 0]
    assert fitted(Ordinal(), cells).classes_.tolist() == ["high", "low", "middle"]
    assert fitted(Ordinal(), np.array([10, 9, 2])).classes_.tolist() == [2, 9, 10]
    turned = fitted(Ordinal(["high", "low", "middle"]), categories)
    assert turned.classes_.tolist() == ["high", "low", "middle"]


def test_declared_category_without_a_label_is_no_ordinal_class():
    y = pd.Series(pd.Categorical(["c", "a", None], ["c", "b", "a"], ordered=True))

    assert fitted(Ordinal(), y).classes_.tolist() == ["c", "a"]


def test_ordinal_label_that_was_not_named_is_refused():
    with pytest.raises(ValueError, match="'z', which is not among the classes given"):
        fitted(Ordinal(["a", "b"]), np.array(["a", "z"]))


def test_predict_rank_is_the_expected_rank(grades):
    X, y = grades
    names = np.array(list("hgfedcba"))[y]  # sorts the other way round
    net = small_net(task_types=Ordinal(list("hgfedcba")), max_iter=20).fit(X, names)
    (view,) = net.estimators_

    rank = view.predict_rank(X)

    assert_allclose(rank, net.predict_proba(X) @ np.arange(8))
    assert ((rank > 0) & (rank < 7)).all()
    assert np.corrcoef(rank, y)[0, 1] > 0.7
    assert not hasattr(
        small_net(max_iter=1).fit(X, names).estimators_[0], "predict_rank"
    )


# Learning; margins hold for the seeds 0 to 9


def test_ordinal_beats_multiclass_on_few_rows():
    rng, X = draw()
    latent = 2 * X[:, 0] + X[:, 1] + rng.logistic(scale=0.2, size=600)
    y = np.digitize(latent, np.linspace(-4, 4, 11))
    few = slice(0, 150)

    def error(kind):
        net = small_net(task_types=kind(range(12)), n_members=4, batch_size=32)
        probabilities = net.fit(X[few], y[few]).predict_proba(X[TEST])
        return log_loss(y[TEST], probabilities, labels=range(12))

    assert error(Ordinal) < error(Multiclass) - 0.1


# Classes that are named


def test_first_part_may_name_the_classes_of_an_ordinal_column():
    X, y = np.arange(6.0)[:, None], np.array([3, 1, 3, 1, 3, 3])
    net = small_net(task_types="ordinal")

    net.partial_fit(X, y, classes=[1, 2, 3]).partial_fit(X, np.array([2] * 6))

    assert type(net.tasks_[0]) is Ordinal
    assert net.classes_.tolist() == [1, 2, 3]
    assert net.estimators_[0].predict_rank(X).shape == (6,)


def test_class_that_is_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"classes of column 0 names 'b' more than on"):
        fitted(Ordinal(["a", "b", "b"]), np.array(["a", "b"]))
