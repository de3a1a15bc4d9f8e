"""Groups of columns that follow from their affinities."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_mtl.inspection import suggest_groups


def test_groups_by_hand():
    affinity = np.array(
        [
            [9.0, 0.4, -0.3, -0.1],
            [0.2, 9.0, -0.1, 0.0],
            [-0.3, 0.1, 9.0, 0.1],
            [0.1, -0.2, 0.5, 9.0],
        ]
    )
    named = Bunch(affinity=affinity, task_names=["a", "b", "c", "d"])

    # Both ways: ab and cd 0.3; ac -0.3, ad 0, bc 0, bd -0.1, which is -0.1 on average.
    assert suggest_groups(affinity) == [[0, 1], [2, 3]]
    assert suggest_groups(named) == [["a", "b"], ["c", "d"]]
    assert suggest_groups(named, n_groups=1) == [["a", "b", "c", "d"]]
    assert suggest_groups(named, n_groups=4) == [["a"], ["b"], ["c"], ["d"]]
    assert suggest_groups(named, n_groups=3) in (
        [["a", "b"], ["c"], ["d"]],
        [["a"], ["b"], ["c", "d"]],
    )


def test_groups_without_any_gain_are_single_columns():
    assert suggest_groups(-np.ones((3, 3))) == [[0], [1], [2]]
    assert suggest_groups(np.zeros((3, 3))) == [[0], [1], [2]]
    assert suggest_groups(np.ones((1, 1))) == [[0]]
    # Affinities that cancel out, up to rounding, are not above 0.
    cancel = np.array([[0, 0.7, 0.1], [0.7, 0, -0.1], [0.1, -0.1, 0]])
    assert suggest_groups(cancel) == [[0, 1], [2]]


def test_wrong_groups_are_refused():
    with pytest.raises(ValueError, match="n_groups=4 is more than the 3 columns"):
        suggest_groups(np.ones((3, 3)), n_groups=4)
    with pytest.raises(ValueError, match="'n_groups'"):
        suggest_groups(np.ones((3, 3)), n_groups=0)
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        suggest_groups(np.ones((2, 3)))
    with pytest.raises(ValueError, match="affinity of 'b' to 'a' is nan"):
        suggest_groups(
            Bunch(affinity=[[0, 1], [np.nan, 0]], task_names=["a", "b"]), n_groups=1
        )
