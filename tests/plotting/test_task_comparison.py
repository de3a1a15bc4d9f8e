"""The picture of a network with and without sharing."""

import numpy as np
import pytest

from sklearn_mtl.inspection._single_task import _summary


def test_display_draws_twenty_columns_in_order():
    pytest.importorskip("matplotlib").use("Agg")
    from sklearn_mtl.plotting import TaskComparisonDisplay

    rng = np.random.default_rng(0)
    single = rng.normal(0.5, 0.01, size=(5, 20))
    multi = single + rng.normal(0.0, 0.1, size=20) + rng.normal(0, 0.01, size=(5, 20))
    names = ["a rather long name of a column of y", *range(1, 20)]
    found = _summary(names, single, multi, 0.25, 0.95)

    display = TaskComparisonDisplay(found).plot()

    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    order = np.argsort(found.difference)
    assert [labels.index(str(t)) for t in order if t] == [
        i for i, t in enumerate(order) if t
    ]
    assert any(label.endswith("…") for label in labels)
    shown = {text.get_text() for text in display.ax_.get_legend().get_texts()}
    assert shown == set(found.verdict)
