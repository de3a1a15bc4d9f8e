"""Labels and predictions of one column, brought together."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import task_scores
from sklearn_mtl.tasks import Multiclass
from tests.metrics.helpers import SMALL


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


def test_declared_classes_that_no_label_has_count_nowhere():
    dtype = pd.CategoricalDtype([0, 1, 2, 3, 4], ordered=True)
    labels = pd.Series([1, 2, 3, 1, 2, 3] * 5, dtype=dtype)
    X, y = pd.DataFrame({"x": np.arange(30)}), labels.to_frame()
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
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
