"""The picture of what columns of y lose when columns of X are permuted."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from tests.plotting.helpers import long_names, overlapping


def found_of(n_features, n_tasks):
    lost = np.linspace(0, 1, n_features * n_tasks).reshape(n_features, n_tasks)
    lost[0, 0] = np.nan
    return Bunch(
        task_names=[f"y{t}" for t in range(n_tasks)],
        feature_names=long_names(n_features),
        importances=lost,
        interval=np.stack([lost - 0.1, lost + 0.1], axis=-1),
    )


@pytest.mark.parametrize(("n_features", "n_tasks"), [(3, 1), (30, 4), (8, 6), (5, 20)])
def test_most_important_stand_above(plt, n_features, n_tasks):
    from sklearn_mtl.plotting import FeatureImportancesDisplay

    display = FeatureImportancesDisplay(found_of(n_features, n_tasks)).plot()
    display.figure_.canvas.draw()
    labels = display.ax_.get_yticklabels()
    assert len(labels) == min(n_features, 20)
    assert labels[0].get_text().endswith(f"_{n_features - 1}")
    assert display.ax_.yaxis.get_inverted()
    assert not overlapping(labels)
    assert not overlapping(display.ax_.texts)
    dots = [c for c in display.ax_.collections if hasattr(c, "get_offsets")]
    assert bool(dots) == (n_tasks <= 4)


def test_given_axes_and_what_is_no_finding(plt):
    from sklearn_mtl.plotting import FeatureImportancesDisplay

    _, ax = plt.subplots()
    display = FeatureImportancesDisplay(found_of(3, 2), n_features=2)
    assert display.plot(ax=ax).ax_ is ax
    with pytest.raises(TypeError, match="feature_importances returned"):
        FeatureImportancesDisplay(Bunch()).plot()
