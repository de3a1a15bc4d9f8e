"""The map of affinities."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_mtl import MultiTaskNetRegressor
from tests.helpers import SMALL_NET, two_groups
from tests.plotting.helpers import long_names, overlapping


def made(n_tasks, names=None, scale=0.1):
    """Affinities of columns in two groups, every other one."""
    rng = np.random.default_rng(0)
    together = np.add.outer(np.arange(n_tasks), np.arange(n_tasks)) % 2 == 0
    affinity = scale * (together - 0.5 + 0.1 * rng.normal(size=(n_tasks, n_tasks)))
    names = names or [f"task_{t}" for t in range(n_tasks)]
    return Bunch(affinity=affinity, task_names=names, method="pairs")


def labels_of(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_map_puts_groups_side_by_side(plt):
    from sklearn_mtl.plotting import TaskAffinityDisplay

    found = made(6)

    display = TaskAffinityDisplay(found).plot()

    assert display.groups_ == [
        ["task_0", "task_2", "task_4"],
        ["task_1", "task_3", "task_5"],
    ]
    shown = labels_of(display.ax_.yaxis)
    assert shown == labels_of(display.ax_.xaxis)
    assert {frozenset(shown[:3]), frozenset(shown[3:])} == set(
        map(frozenset, display.groups_)
    )
    order = [found.task_names.index(name) for name in shown]
    cells = display.im_.get_array()
    assert cells.mask.diagonal().all()
    assert cells[0, 1] == found.affinity[order[0], order[1]]
    low, high = display.im_.get_clim()
    assert low == -high
    frames = display.ax_.patches
    assert [frame.get_width() for frame in frames] == [3, 3]
    assert f"{cells[0, 1]:.2f}" in [text.get_text() for text in display.ax_.texts]


@pytest.mark.parametrize("n_tasks", [3, 20])
def test_map_of_long_names_is_legible(plt, n_tasks):
    from sklearn_mtl.plotting import TaskAffinityDisplay

    display = TaskAffinityDisplay(made(n_tasks, long_names(n_tasks))).plot()

    display.figure_.canvas.draw()
    ax, width = display.ax_, display.figure_.bbox.width
    assert width <= 1000
    shown = labels_of(ax.yaxis)
    assert len(set(shown)) == n_tasks
    assert all("…" in name for name in shown)
    texts = [
        *ax.get_xticklabels(),
        *ax.get_yticklabels(),
        ax.xaxis.label,
        ax.yaxis.label,
    ]
    assert not overlapping(texts)
    for text in [*texts, display.figure_.axes[1].yaxis.label]:
        box = text.get_window_extent()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= width
        assert box.y1 <= display.figure_.bbox.height
    assert bool(ax.texts) == (n_tasks == 3)


def test_map_of_small_affinities_and_unknown_ones(plt):
    from sklearn_mtl.plotting import TaskAffinityDisplay

    found = made(3, scale=1e-3)
    found.affinity[0, 1] = np.nan
    _, ax = plt.subplots()

    display = TaskAffinityDisplay(found).plot(ax=ax)

    assert display.ax_ is ax
    assert display.groups_ is None
    assert [t.get_text() for t in ax.texts].count("?") == 1
    assert labels_of(ax.yaxis) == found.task_names
    assert "10^{-4}" in display.figure_.axes[1].get_ylabel()


def test_map_from_estimator(plt):
    from sklearn_mtl.plotting import TaskAffinityDisplay

    X, y = two_groups(100)
    net = MultiTaskNetRegressor(**SMALL_NET | {"max_iter": 5})

    display = TaskAffinityDisplay.from_estimator(
        net, X, y, method="lookahead", n_groups=3
    )

    assert len(display.groups_) == len(display.ax_.patches) == 3
    assert display.affinity.method == "lookahead"
