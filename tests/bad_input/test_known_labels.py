"""Labels that are said to be known, and draws: each refusal names value and remedy."""

import numpy as np
import pytest

from sklearn_mtl import MultiTaskNetEstimator
from tests.bad_input.helpers import SMALL, fails_saying

pd = pytest.importorskip("pandas")

N_ROWS = 30
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(N_ROWS, 3)), columns=list("abc"))
Y = pd.DataFrame(
    {
        "size": X["a"],
        "cases": rng.poisson(1.0, N_ROWS),
        "kind": ["low", "mid", "high"] * 10,
    }
)


@pytest.fixture(scope="module")
def net():
    types = {"cases": "count"}
    return MultiTaskNetEstimator(**SMALL, task_types=types).fit(X, Y)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (Y.rename(columns={"size": "weight"}), ["'weight'", "'size', 'cases', 'kind'"]),
        (Y[["kind"]].replace("mid", "big"), ["'kind'", "'big'", "'low'"]),
        (Y[["size"]].astype(str) + "m", ["'size'", "m'", "y_known"]),
        (Y[["cases"]] - 9, ["'cases'", "y_known"]),
        (Y[["size"]].replace(Y.loc[0, "size"], np.inf), ["'size'", "inf", "y_known"]),
        (Y.iloc[:5], ["30 rows", "y_known has 5"]),
        (Y[["size", "size"]], ["'size'", "once"]),
        (np.zeros((N_ROWS, 2)), ["y_known has 2 columns", "3"]),
        ("G1", ["y_known", "str", "data frame"]),
        (0.5, ["y_known", "0 dimensions"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else None,
)
def test_known_labels_that_do_not_fit(net, known, words):
    for method in (net.predict, net.predict_proba, net.predict_interval, net.sample_y):
        with pytest.raises((TypeError, ValueError)) as error:
            method(X, y_known=known)
        assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize("n_samples", [0, -1, 1.5, "2", None])
def test_number_of_draws(net, n_samples):
    fails_saying(["'n_samples' parameter"], lambda: net.sample_y(X, n_samples))


def test_more_draws_than_fit_in_memory(net):
    fails_saying(
        ["n_samples=1000000000000000000000000000000", "Draw fewer"],
        lambda: net.sample_y(X, 10**30),
    )


@pytest.mark.parametrize("joint", [1.5, "yes", None])
def test_joint_that_is_no_answer(net, joint):
    fails_saying(["'joint' parameter"], lambda: net.predict_interval(X, joint=joint))


def test_joint_boxes_know_of_no_labels(net):
    fails_saying(
        ["joint=True or y_known"],
        lambda: net.predict_interval(X, joint=True, y_known=Y[["kind"]]),
    )


def test_draws_of_another_table(net):
    fails_saying(["feature names", "c"], lambda: net.sample_y(X[["a", "b"]]))


def test_nothing_was_held_out():
    net = MultiTaskNetEstimator(**SMALL, early_stopping=False).fit(X, Y)
    for what, call in (
        ("sample_y", lambda: net.sample_y(X)),
        ("y_known", lambda: net.predict(X, y_known=Y[["kind"]])),
        ("predict_interval", lambda: net.predict_interval(X, joint=True)),
    ):
        fails_saying([f"{what} rests on rows", "early_stopping=True"], call)


def test_not_fitted():
    fails_saying(["not fitted"], lambda: MultiTaskNetEstimator().sample_y(X))
