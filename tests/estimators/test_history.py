"""The history: one row an epoch."""

import pytest
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import task_scorers, task_scores
from tests.estimators.helpers import FULL_BATCH, SMALL


def test_history_has_one_row_an_epoch(X, mixed):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame(mixed, columns=list("abc"))
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)

    history = pd.DataFrame(net.history_)

    assert history["epoch"].tolist() == [1, 2, 3]
    assert net.n_iter_ == 3
    assert set(history) == {
        "epoch",
        "seconds",
        "learning_rate",
        "train_loss",
        "valid_loss",
        *[f"{part}_loss/{name}" for part in ("train", "valid") for name in "abc"],
    }
    assert (history["seconds"] > 0).all()
    assert (history["learning_rate"] == net.learning_rate_init).all()
    columns = history[["train_loss/a", "train_loss/b", "train_loss/c"]]
    assert_allclose(history["train_loss"], columns.mean(axis=1), rtol=1e-5)


def test_losses_start_near_the_prior_whatever_the_unit(X, number, word):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"a": number * 1e6, "b": word, "c": number > 1})
    row = MultiTaskNetEstimator(**{**FULL_BATCH, "max_iter": 1}).fit(X, y).history_[0]
    for name in "abc":
        assert row[f"train_loss/{name}"] == pytest.approx(1, abs=0.15)


def test_columns_whose_names_print_alike_stay_two_everywhere(X, number, word):
    pd = pytest.importorskip("pandas")
    X, y = pd.DataFrame(X), pd.DataFrame({1: number, "1": word})
    net = MultiTaskNetEstimator(**SMALL, task_weights={1: 2.0, "1": 1.0}).fit(X, y)

    assert {"train_loss/1", "train_loss/'1'"} <= net.history_[0].keys()
    assert list(net.predict(X)) == [1, "1"]
    assert list(net.named_estimators_) == [1, "1"]
    scores = task_scorers("skill")(net, X, y)
    assert set(scores) == {"1", "'1'"}
    assert [row["name"] for row in task_scores(y, net.predict(X))] == [1, "1"]
    with pytest.raises(ValueError, match=r"Column '1' of y holds the label 'new'"):
        net.fit(X, y, X_val=X, y_val=y.assign(**{"1": "new"}))
