"""How often intervals hold all labels of a row."""

import numpy as np
import pandas as pd
import pytest

from sklearn_mtl.metrics import joint_coverage_score


def test_by_hand():
    y = pd.DataFrame({"a": [1.0, 2.0, 3.0, np.nan], "b": [5.0, np.nan, 9.0, np.nan]})
    y["c"] = list("xyxy")
    low, high = y.assign(c=np.nan), y.assign(c=np.nan)
    low["a"], low["b"] = 0.0, -np.inf
    high["a"], high["b"] = [1.0, 2.0, 2.5, 9.0], 6.0
    assert joint_coverage_score(y, low, high) == pytest.approx(2 / 3)
    weight = [1.0, 2.0, 5.0, 100.0]
    assert joint_coverage_score(y, low, high, sample_weight=weight) == 3 / 8
    by_label = np.ones((4, 3))
    by_label[2, :2] = 0.0
    assert joint_coverage_score(y, low, high, sample_weight=by_label) == 1.0
    assert joint_coverage_score([1.0, 2.0], [1.0, 3.0], [1.0, 4.0]) == 0.5


def test_what_does_not_fit_is_refused():
    y, low = np.ones((3, 2)), np.zeros((3, 2))
    gap = low.copy()
    gap[1, 1] = np.nan
    with pytest.raises(ValueError, match="Column 1 has no bounds in row 1"):
        joint_coverage_score(y, gap, y)
    with pytest.raises(ValueError, match="lower has 2 rows, but y_true has 3"):
        joint_coverage_score(y, low[:2], y)
    with pytest.raises(ValueError, match="upper has 1 columns"):
        joint_coverage_score(y, low, y[:, 0])
    with pytest.raises(ValueError, match="no column has an interval"):
        joint_coverage_score(y, low * np.nan, low * np.nan)
    with pytest.raises(ValueError, match="'x', which is no number"):
        joint_coverage_score(y, [["x", 1.0]] * 3, y)
