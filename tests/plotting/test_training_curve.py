"""Curves of training."""

import numpy as np
import pytest

from sklearn_mtl import MultiTaskNetRegressor
from tests.plotting.helpers import long_names, overlapping


def test_curves_of_twenty_long_names_are_legible(plt):
    from sklearn_mtl.plotting import TrainingCurveDisplay

    loss = np.ones((5, 2, 20))

    display = TrainingCurveDisplay(
        epochs=np.arange(1, 6),
        train_loss=loss,
        valid_loss=0.9 * loss,
        task_names=long_names(20),
        best_epoch=np.array([2, 3]),
    ).plot()

    display.figure_.canvas.draw()
    assert display.figure_.bbox.width <= 1000
    titles = [ax.title for ax in display.axes_]
    assert len({title.get_text() for title in titles}) == 20
    assert not overlapping([*titles, *display.figure_.legends[0].get_texts()])


def test_no_column_to_draw_is_refused(plt):
    from sklearn_mtl.plotting import TrainingCurveDisplay

    X = np.random.default_rng(0).normal(size=(40, 2))
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(4,), n_members=2, max_iter=1, random_state=0
    ).fit(X, X)
    with pytest.raises(ValueError, match=r"tasks=\[\] names no column"):
        TrainingCurveDisplay.from_estimator(net, tasks=[])


def test_weights_of_columns_are_drawn_as_balancing_made_them(plt):
    from sklearn_mtl.plotting import TrainingCurveDisplay

    X = np.random.default_rng(0).normal(size=(60, 2))
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(4,), n_members=2, max_iter=3, balancing="stch"
    ).fit(X, X)

    display = TrainingCurveDisplay.from_estimator(net, kind="balancing", tasks=[1])

    (axes,) = display.axes_
    drawn = axes.get_lines()[0].get_ydata()
    np.testing.assert_allclose(drawn, net.balancing_history_[:, 1])
    assert display.figure_.get_supylabel() == "weight of the column's loss"


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"kind": "weights"}, "kind='weights': pass 'loss' or 'balancing'"),
        ({"kind": ["loss"]}, r"kind=\['loss'\]: pass"),
        ({"kind": "balancing"}, "column_weight, which is None"),
    ],
)
def test_kinds_that_cannot_be_drawn_are_refused(plt, parameters, match):
    from sklearn_mtl.plotting import TrainingCurveDisplay

    loss = np.ones((2, 1, 1))
    display = TrainingCurveDisplay(
        epochs=[1, 2], train_loss=loss, valid_loss=None, task_names=["a"]
    )
    with pytest.raises(ValueError, match=match):
        display.plot(**parameters)
