"""The picture of which columns move together beyond X."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from tests.plotting.helpers import long_names, overlapping


def found_of(n_tasks):
    correlation = np.full((n_tasks, n_tasks), 0.25)
    correlation[0, 1] = correlation[1, 0] = -0.9
    np.fill_diagonal(correlation, 1.0)
    is_signed = np.ones((n_tasks, n_tasks), dtype=bool)
    is_signed[-1] = is_signed[:, -1] = False
    return Bunch(
        task_names=long_names(n_tasks), correlation=correlation, is_signed=is_signed
    )


@pytest.mark.parametrize("n_tasks", [3, 12, 20])
def test_map_shows_strength_and_sign(plt, n_tasks):
    from sklearn_mtl.plotting import ResidualDependenceDisplay

    display = ResidualDependenceDisplay(found_of(n_tasks)).plot()
    display.figure_.canvas.draw()
    texts = [text.get_text() for text in display.ax_.texts]
    if n_tasks > 12:
        assert not texts
    else:
        assert texts.count("-0.90") == 2
        assert texts.count("(0.25)") == 2 * (n_tasks - 1)
        assert not overlapping(display.ax_.texts)
    assert not overlapping(display.ax_.get_yticklabels())
    assert np.isnan(display.im_.get_array().filled(np.nan).diagonal()).all()
    assert display.im_.get_clim() == (-1, 1)


def test_map_is_drawn_on_given_axes(plt):
    from sklearn_mtl.plotting import ResidualDependenceDisplay

    _, ax = plt.subplots()
    assert ResidualDependenceDisplay(found_of(3)).plot(ax=ax).ax_ is ax
