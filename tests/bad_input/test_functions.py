"""Functions beside the estimators: each refusal names the argument and the remedy."""

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import skill_score, task_scores
from sklearn_mtl.tasks import Regression


@pytest.fixture(scope="module")
def X():
    return pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)))


@pytest.fixture(scope="module")
def y(X):
    return pd.DataFrame({"p": X[0], "q": np.where(X[1] > 0, "yes", "no")})


@pytest.fixture(scope="module")
def net(X, y):
    small = {"hidden_layer_sizes": (4,), "n_members": 2, "max_iter": 1}
    return MultiTaskNetEstimator(**small, random_state=0).fit(X, y)


@pytest.mark.parametrize("normalize", ["yes", None, 2, np.ones(3)])
def test_normalize_of_an_interval(net, X, normalize):
    with pytest.raises(ValueError, match="'normalize' parameter"):
        net.predict_interval(X, normalize=normalize)


@pytest.mark.parametrize("return_std", ["yes", None, np.zeros(0), np.ones(3)])
def test_return_std_of_predictions(net, X, return_std):
    with pytest.raises(ValueError, match="'return_std' parameter"):
        net.predict(X, return_std=return_std)


@pytest.mark.parametrize("n_rows", [5, 61, 0])
def test_probabilities_of_another_number_of_rows(net, X, y, n_rows):
    proba = [None, np.full((n_rows, 2), 0.5)]

    with pytest.raises(ValueError, match=f"y_proba has {n_rows} rows for column 'q'"):
        task_scores(y, net.predict(X), y_proba=proba)


def test_skill_of_classes_without_probabilities(y):
    with pytest.raises(ValueError, match="y_pred=None for column"):
        skill_score(y["q"], None)


def test_skill_of_classes_from_labels(y):
    with pytest.raises(ValueError, match="Pass arrays, as predict_proba"):
        skill_score(y["q"], y["q"])


class Late(Regression):
    """A number whose loss turns infinite after some steps."""

    kind = "late"
    calls = 0

    @staticmethod
    def loss(raw, codes):
        Late.calls += 1
        loss = 0.5 * (raw.squeeze(-1) - codes).square()
        return loss * float("inf") if Late.calls > 30 else loss


@pytest.mark.parametrize("position", [0, 1, 2])
def test_column_that_diverged_is_named(X, position):
    Late.calls = 0
    y = pd.DataFrame({"a": X[0], "b": X[1], "c": X[2]})
    name = "abc"[position]
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(8,),
        n_members=2,
        max_iter=30,
        batch_size=16,
        sharing="hard",
        task_types={name: Late()},
        random_state=0,
    )

    with pytest.warns(UserWarning, match=f"The loss of column '{name}'"):
        net.fit(X, y)
