"""Times until an event: hazards of intervals, prior, curves, and a net of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.metrics import make_task_scorer, task_scores
from sklearn_mtl.tasks import Survival, Task
from tests.helpers import of_objects
from tests.tasks.helpers import column_of, fitted, normal, small_net

INF = np.inf


def codes_and_raw(n_intervals=4):
    """Every pair of intervals in which an event may lie."""
    first, last = np.triu_indices(n_intervals + 1)
    codes = np.column_stack([first, last]).astype(float)
    return torch.from_numpy(codes), 3 * normal(3, len(codes), n_intervals)


def test_loss_is_that_of_the_probabilities():
    codes, raw = codes_and_raw()
    hazard = torch.sigmoid(raw).numpy()
    survival = np.concatenate(
        [np.ones((*hazard.shape[:2], 1)), np.cumprod(1 - hazard, axis=-1)], axis=-1
    )
    survival = np.concatenate([survival, np.zeros_like(survival[..., :1])], axis=-1)
    rows = np.arange(len(codes))
    first, last = codes.numpy().astype(int).T
    expected = -np.log(survival[:, rows, first] - survival[:, rows, last + 1])

    assert_allclose(Survival().loss(raw, codes), expected, 1e-8, 1e-8)


@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0])
def test_gradient_is_that_of_the_loss(scale):
    codes, raw = codes_and_raw()
    loss, gradient = Survival().loss_and_gradient(scale * raw, codes)
    expected_loss, expected = Task.loss_and_gradient(Survival(), scale * raw, codes)

    assert_array_equal(loss, expected_loss)
    assert gradient.isfinite().all()
    assert_allclose(gradient, expected, 1e-8, 1e-8)


def test_labels_become_intervals():
    times = of_objects(1.0, 2.0, 3.0, 4.0, ">4", ">1.4", ">1.6", "[1, 3]", "<2", None)
    task = fitted(Survival(), times)

    assert_array_equal(task.times_, [1, 2, 3, 4])
    known = [[0, 0], [1, 1], [2, 2], [3, 3], [4, 4], [1, 4], [2, 4], [1, 2], [0, 1]]
    assert_array_equal(task.encode(column_of(times)), [*known, [np.nan] * 2])
    later = column_of(of_objects(9.0, ">9"))
    assert_array_equal(task.encode(later), [[4, 4], [4, 4]])


@pytest.mark.parametrize("with_intervals", [False, True])
def test_prior_makes_the_labels_likeliest(with_intervals):
    rng = np.random.default_rng(0)
    time, seen = rng.exponential(1.0, 200), rng.exponential(1.5, 200)
    upper = np.where(time < seen, time, INF)
    if with_intervals:
        upper[::5] = np.minimum(time, seen)[::5] + 0.5
    pairs = zip(np.minimum(time, seen), upper, strict=True)
    labels = of_objects(*(pd.Interval(*pair, closed="both") for pair in pairs))
    task = fitted(Survival(5), labels, rng.uniform(size=200))
    codes = torch.from_numpy(task.encode(column_of(labels)))
    weight = np.random.default_rng(0)  # those of the fit, drawn after the times
    weight.exponential(size=400)
    weight = torch.from_numpy(weight.uniform(size=200))
    raw = torch.from_numpy(task.prior_raw_).expand(200, -1)

    _, gradient = task.loss_and_gradient(raw, codes)

    assert_allclose((weight @ gradient) / weight.sum(), 0, atol=2e-4)


def test_curve_of_the_prior_and_its_mean():
    times = np.array([1.0, 2.0, 3.0, 4.0])
    task = fitted(Survival(4), times)
    (mean, *survival) = task.response(task.prior_raw_)

    assert_allclose(survival, [0.75, 0.5, 0.25, 0.0], atol=1e-3)
    assert_allclose(mean, 2.0, atol=1e-3)  # events are spread over the intervals
    std = task.spread(np.array([[mean, *survival]]), np.zeros(1), 0.0)
    assert_allclose(std, 4 / np.sqrt(12), rtol=0.1)


def test_what_is_no_time_is_refused():
    with pytest.raises(ValueError, match=r"holds -1, but times .* never negative"):
        fitted(Survival(), of_objects(1.0, ">-1"))
    with pytest.raises(ValueError, match="n_intervals=0 for column 0"):
        fitted(Survival(0), of_objects(1.0, ">1"))
    with pytest.warns(UserWarning, match="No label of column 0 .*'>2' at which"):
        task = fitted(Survival(), of_objects(">1", ">2"))
    assert_array_equal(task.predict(task.response(np.zeros((2, 1)))), 2.0)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-1, 1, size=(300, 3)), columns=["a", "b", "c"])
    time = rng.exponential(np.exp(2 * X["a"]))
    seen = rng.exponential(2.0, size=300)
    watched = np.minimum(time, seen)
    until = pd.arrays.IntervalArray.from_arrays(
        watched, np.where(time < seen, time, INF), closed="both"
    )
    y = pd.DataFrame({"time": until, "number": X["a"] + X["b"], "word": "no"})
    y.loc[X["c"] > 0, "word"] = "yes"
    y.loc[::10, "time"] = None
    return X, y


def test_times_beside_numbers_and_classes(table):
    X, y = table
    net = small_net(task_types={"time": Survival(8)}, max_iter=20).fit(X, y)

    assert [task.kind for task in net.tasks_] == ["survival", "regression", "binary"]
    view = net.estimators_[0]
    survival = view.predict_survival_function(X)
    assert survival.shape == (300, len(net.tasks_[0].times_))
    assert (np.diff(survival, axis=1) <= 0).all()
    assert not hasattr(net.estimators_[1], "predict_survival_function")
    predicted, std = net.predict(X, return_std=True)
    assert np.corrcoef(predicted["time"], X["a"])[0, 1] > 0.8
    assert (std["time"] > 0).all()
    row = task_scores(y, net, X=X)[0]
    assert 0.7 < view.score(X, y["time"]) == row["concordance"] < 1
    assert 0 < row["integrated_brier"] < 0.25
    assert row["skill"] > 0.1
    assert make_task_scorer("integrated_brier", tasks="time")(net, X, y) < 0
    lower, upper = net.predict_interval(X, 0.5)
    assert (lower["time"] < upper["time"]).all()
