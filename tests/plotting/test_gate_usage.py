"""The map of gates."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskNetRegressor
from tests.helpers import SMALL_NET
from tests.plotting.helpers import long_names, overlapping


def usage(n_tasks, n_members, n_experts):
    shares = np.random.default_rng(0).random((n_tasks, n_members, n_experts))
    shares /= shares.sum(axis=-1, keepdims=True) * n_members
    return shares.reshape(n_tasks, -1)


def made(n_tasks, n_members, n_experts, names=None):
    from sklearn_mtl.plotting import GateUsageDisplay

    return GateUsageDisplay(
        usage(n_tasks, n_members, n_experts),
        task_names=names or [f"task_{t}" for t in range(n_tasks)],
        n_members=n_members,
    )


def labels_of(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_cells_of_a_member_sum_to_one(plt):
    display = made(3, 2, 4).plot()

    cells = display.im_.get_array()
    assert_allclose(cells.reshape(3, 2, 4).sum(axis=2), 1.0)
    assert labels_of(display.ax_.yaxis) == ["task_0", "task_1", "task_2"]
    assert labels_of(display.ax_.xaxis) == list("01230123")
    assert [text.get_text() for text in display.ax_.texts][:1] == [f"{cells[0, 0]:.2f}"]
    (line,) = display.ax_.lines
    assert line.get_xdata()[0] == 3.5


def test_columns_that_went_on_alone_are_grey(plt):
    display = made(2, 1, 3)
    display.gate_usage[0] = np.nan

    display.plot()

    assert display.im_.get_array().mask.tolist() == [[True] * 3, [False] * 3]
    assert len(display.ax_.texts) == 3


def test_many_experts_of_columns_of_long_names(plt):
    display = made(20, 8, 4, long_names(20)).plot()
    display.figure_.canvas.draw()

    assert labels_of(display.ax_.xaxis) == [str(k) for k in range(8)]
    assert not display.ax_.texts
    for axis in display.ax_.xaxis, display.ax_.yaxis:
        assert not overlapping(axis.get_ticklabels())


def test_on_axes_of_ones_own(plt):
    _, ax = plt.subplots()

    assert made(2, 1, 2).plot(ax).ax_ is ax


def test_a_fitted_net_and_one_without_gates(plt):
    from sklearn_mtl.plotting import GateUsageDisplay

    X = np.random.default_rng(0).normal(size=(40, 3))
    settings = {**SMALL_NET, "early_stopping": False}
    net = MultiTaskNetRegressor(**settings, sharing="mmoe").fit(X, X[:, :2])

    display = GateUsageDisplay.from_estimator(net)

    assert display.n_members * 4 == display.gate_usage.shape[1]
    net.set_params(sharing="hard").fit(X, X[:, :2])
    with pytest.raises(AttributeError, match=r"'hard' has no gates.*'mmoe'"):
        GateUsageDisplay.from_estimator(net)
