"""What pictures and inspections are given: each refusal names argument and remedy."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.utils import Bunch

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.inspection import (
    compare_sharing,
    compare_single_task,
    feature_importances,
    find_task_weights,
    integrated_gradients,
    suggest_groups,
    task_affinity,
)
from sklearn_mtl.plotting import (
    FeatureImportancesDisplay,
    GateUsageDisplay,
    TaskAffinityDisplay,
    TaskComparisonDisplay,
    TrainingCurveDisplay,
)
from tests.bad_input.helpers import SMALL, fails_saying
from tests.helpers import id_of

plt = pytest.importorskip("matplotlib.pyplot")

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X[:, :2]
NAMES = ["a", "b"]
AFFINITY = Bunch(affinity=[[0.0, 0.1], [0.2, 0.0]], task_names=NAMES, method="pairs")
COMPARISON = Bunch(
    task_names=NAMES,
    difference=np.array([0.1, -0.1]),
    interval=np.array([[0.0, 0.2], [-0.2, 0.0]]),
    verdict=["helped", "hurt"],
)
CURVES = {
    "epochs": [1, 2],
    "train_loss": np.ones((2, 2, 2)),
    "valid_loss": None,
    "task_names": NAMES,
}
GATES = {"gate_usage": [[0.5, 0.5], [1.0, 0.0]], "task_names": NAMES, "n_members": 1}


@pytest.fixture(scope="module")
def net():
    return MultiTaskNetEstimator(**{**SMALL, "max_iter": 1}).fit(X, Y)


def with_(known, **changes):
    return Bunch(**{**known, **changes})


def without(known, name):
    return Bunch(**{key: value for key, value in known.items() if key != name})


@pytest.mark.parametrize("ax", ["x", 3, [1, 2], ["a", None], {}, True, plt])
def test_what_is_no_axes(net, ax):
    unfitted = MultiTaskNetEstimator()
    for draw in (
        lambda: TaskAffinityDisplay(AFFINITY).plot(ax),
        lambda: TaskComparisonDisplay(COMPARISON).plot(ax),
        lambda: TrainingCurveDisplay(**CURVES).plot(ax),
        lambda: GateUsageDisplay(**GATES).plot(ax),
        lambda: GateUsageDisplay.from_estimator(net, ax=ax),
        lambda: TrainingCurveDisplay.from_estimator(net, ax=ax),
        # Before anything is trained.
        lambda: TaskAffinityDisplay.from_estimator(unfitted, None, None, ax=ax),
        lambda: TaskComparisonDisplay.from_estimator(unfitted, None, None, ax=ax),
        lambda: FeatureImportancesDisplay.from_estimator(unfitted, None, None, ax=ax),
    ):
        fails_saying(["ax", "matplotlib Axes"], draw, TypeError)


def test_figure_and_none_among_axes(net):
    figure, axes = plt.subplots(1, 2)
    fails_saying(["Figure"], lambda: TaskAffinityDisplay(AFFINITY).plot(figure))
    given = [axes[0], None]
    fails_saying(["ax"], lambda: TrainingCurveDisplay.from_estimator(net, ax=given))
    given = axes[:1]
    fails_saying(["1 Axes"], lambda: TrainingCurveDisplay.from_estimator(net, ax=given))


@pytest.mark.parametrize(
    "found",
    [None, 3, "x", {}, Bunch(), np.eye(2), COMPARISON, without(AFFINITY, "method")],
    ids=lambda found: type(found).__name__,
)
def test_what_no_affinities_are(found):
    draw = TaskAffinityDisplay(found).plot
    fails_saying(["affinity", "task_affinity returned"], draw, TypeError)


@pytest.mark.parametrize(
    "found",
    [None, 3, "x", {}, Bunch(), np.eye(2), AFFINITY, without(COMPARISON, "verdict")],
    ids=lambda found: type(found).__name__,
)
def test_what_no_comparison_is(found):
    draw = TaskComparisonDisplay(found).plot
    fails_saying(["comparison", "compare_single_task returned"], draw, TypeError)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "foo"}, ["affinity.method='foo'", "pairs"]),
        ({"affinity": np.eye(3)}, ["affinity.affinity", "(3, 3)", "(2, 2)"]),
        ({"affinity": [["a", "b"], ["c", "d"]]}, ["affinity.affinity", "no number"]),
    ],
)
def test_affinities_that_do_not_fit(change, words):
    fails_saying(words, TaskAffinityDisplay(with_(AFFINITY, **change)).plot)


@pytest.mark.parametrize("n_groups", [0, 1.5, "x"])
def test_number_of_groups_is_checked_before_training(n_groups):
    fails_saying(
        ["n_groups", repr(n_groups)],
        lambda: TaskAffinityDisplay.from_estimator(None, X, Y, n_groups=n_groups),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", None),
        ("epochs", 3),
        ("epochs", ["a", "b"]),
        ("epochs", []),
        ("train_loss", None),
        ("train_loss", "x"),
        ("train_loss", np.ones((2, 2))),
        ("train_loss", np.ones((3, 2, 2))),
        ("train_loss", np.ones((2, 2, 1))),
        ("train_loss", np.ones((2, 0, 2))),
        ("valid_loss", 3),
        ("valid_loss", np.ones((2, 3, 2))),
        ("task_names", None),
        ("task_names", "ab"),
        ("task_names", []),
        ("best_epoch", 3),
        ("best_epoch", ["a", "b"]),
        ("best_epoch", np.ones((2, 2))),
    ],
)
def test_curves_that_do_not_fit(name, value):
    fails_saying([name], TrainingCurveDisplay(**{**CURVES, name: value}).plot)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gate_usage", None),
        ("gate_usage", [["a", "b"], ["c", "d"]]),
        ("gate_usage", np.ones((3, 2))),
        ("gate_usage", np.ones((2, 0))),
        ("gate_usage", np.ones((2, 2, 2))),
        ("task_names", None),
        ("task_names", "ab"),
        ("task_names", ["a"]),
        ("n_members", 0),
        ("n_members", 1.5),
        ("n_members", 3),
        ("n_members", None),
    ],
)
def test_gates_that_do_not_fit(name, value):
    fails_saying([name], GateUsageDisplay(**{**GATES, name: value}).plot)


@pytest.mark.parametrize("tasks", [0, "ab", 3.5, [], {0: 1}, ["zz"], [[0]], [np.nan]])
def test_columns_of_curves(net, tasks):
    draw = TrainingCurveDisplay.from_estimator
    fails_saying(["tasks"], lambda: draw(net, tasks=tasks))


@pytest.mark.parametrize(
    "estimator",
    [None, 3, MultiTaskNetEstimator, LinearRegression()],
    ids=lambda estimator: type(estimator).__name__,
)
def test_what_is_no_network(net, estimator):
    for call in (
        lambda: TrainingCurveDisplay.from_estimator(estimator),
        lambda: GateUsageDisplay.from_estimator(estimator),
        lambda: TrainingCurveDisplay.from_estimator(net.estimators_[0]),
        lambda: compare_sharing(estimator, X, Y),
        lambda: compare_single_task(estimator, X, Y),
        lambda: task_affinity(estimator, X, Y),
        lambda: feature_importances(estimator, X, Y),
        lambda: integrated_gradients(estimator, X),
        lambda: find_task_weights(estimator, X, Y),
    ):
        fails_saying(["estimator", "MultiTaskNetEstimator"], call, TypeError)


@pytest.mark.parametrize(
    "function",
    [compare_sharing, compare_single_task, find_task_weights, task_affinity],
)
@pytest.mark.parametrize(
    ("cv", "words"),
    [
        ([], ["no split"]),
        ({}, ["no split"]),
        ([3], ["no pair", "3"]),
        ([(1, 2, 3)], ["no pair", "(1, 2, 3)"]),
        ([([0, 1], [99])], ["test part of split 0", "row 99", "40"]),
        ([(np.arange(40), [])], ["no row", "test part"]),
        ([([0.5], [1])], ["train part", "[0.5]"]),
        ("x", ["cv", "x"]),
        (2.5, ["cv", "2.5"]),
        (0, ["n_splits=0"]),
    ],
)
def test_folds_of_inspections(function, cv, words):
    fails_saying(["cv"] if cv != 0 else words, lambda: function(NET, X, Y, cv))
    fails_saying(words, lambda: function(NET, X, Y, cv))


NET = MultiTaskNetEstimator(**SMALL)


@pytest.mark.parametrize(
    "function",
    [compare_sharing, compare_single_task, find_task_weights, task_affinity],
)
@pytest.mark.parametrize("rows", [None, 3, "x"])
def test_what_is_no_table(function, rows):
    fails_saying([f"X={rows!r}"], lambda: function(NET, rows, Y, 2), TypeError)


@pytest.mark.parametrize(
    "affinity",
    [
        None,
        "x",
        {},
        Bunch(),
        Bunch(affinity=np.eye(2)),
        [["a", "b"], ["c", "d"]],
        [[1, 2], [3]],
        [[1, 2]],
        np.eye(2) * 1j,
        with_(AFFINITY, affinity=np.eye(3)),
        [[0.0, np.nan], [0.0, 0.0]],
    ],
    ids=id_of,
)
def test_what_no_matrix_of_affinities_is(affinity):
    fails_saying(["affinity"], lambda: suggest_groups(affinity))
