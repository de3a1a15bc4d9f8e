"""Draws of y in the container of y."""

import numpy as np
import pytest

from sklearn_mtl.tables import TargetTable, rebuild_draws

NUMBERS = np.arange(6.0).reshape(2, 3)
WORDS = np.array([["a", "b", "a"], ["b", "b", "b"]], dtype=object)


def test_arrays_have_the_draws_last():
    container = TargetTable(np.zeros((2, 2))).container
    drawn = rebuild_draws(container, [NUMBERS, -NUMBERS], None, False)
    assert drawn.shape == (2, 2, 3)
    assert drawn[1, 1].tolist() == [-3.0, -4.0, -5.0]
    one = rebuild_draws(TargetTable(np.zeros(2)).container, [NUMBERS], None, False)
    assert one.tolist() == NUMBERS.tolist()
    mixed = rebuild_draws(container, [NUMBERS, WORDS], None, [False, True])
    assert mixed[0].tolist() == [[0.0, 1.0, 2.0], ["a", "b", "a"]]


def test_frames_have_a_level_before_the_index():
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"size": [1.0], "kind": ["a"]})
    container = TargetTable(y).container
    index = pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["town", None])
    rows = pd.DataFrame({"a": [0, 1]}, index=index)
    drawn = rebuild_draws(container, [NUMBERS, WORDS], rows, [False, True])
    assert drawn.index.names == ["draw", "town", None]
    assert drawn.loc[(1, "y", 2)].to_list() == [4.0, "b"]
    plain = rebuild_draws(container, [NUMBERS, WORDS], np.zeros((2, 1)), [False, True])
    assert plain.shape == (2, 2, 3)
