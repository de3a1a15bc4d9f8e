"""How many labels of a row are predicted."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, hamming_loss

from sklearn_mtl.metrics import exact_match_score, hamming_score


@pytest.fixture
def tags(rng):
    return rng.integers(0, 2, (40, 5)), rng.integers(0, 2, (40, 5)), rng.random(40)


def test_without_gaps_they_are_those_of_scikit_learn(tags):
    true, predicted, weight = tags
    predicted[:12] = true[:12]
    for sample_weight in (None, weight):
        kwargs = {"sample_weight": sample_weight}
        assert exact_match_score(true, predicted, **kwargs) == pytest.approx(
            accuracy_score(true, predicted, **kwargs)
        )
        assert hamming_score(true, predicted, **kwargs) == pytest.approx(
            1 - hamming_loss(true, predicted, **kwargs)
        )


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_gaps_by_hand_in_frames(frame):
    true = frame({"a": ["x", None, "y", None], "b": [1, 0, None, None]})
    predicted = frame({"a": ["x", "y", "x", "x"], "b": [0, 0, 1, 1]})
    # Rows: half hit, hit, missed, without a label.
    assert exact_match_score(true, predicted) == pytest.approx(1 / 3)
    assert hamming_score(true, predicted) == 2 / 4
    weights = [1.0, 4.0, 3.0, 100.0]
    assert exact_match_score(true, predicted, sample_weight=weights) == 4 / 8
    assert hamming_score(true, predicted, sample_weight=weights) == 5 / 9


def test_labels_of_weight_zero_are_skipped_and_rows_weigh_by_their_labels():
    true, predicted = np.array([[1, 0], [1, 1]]), np.array([[1, 1], [0, 0]])
    weights = np.array([[3.0, 0.0], [2.0, 4.0]])
    assert exact_match_score(true, predicted, sample_weight=weights) == 3 / 6
    assert hamming_score(true, predicted, sample_weight=weights) == 3 / 9
    nothing = np.full((2, 2), np.nan)
    assert np.isnan(exact_match_score(nothing, predicted, task_types="binary"))
    assert np.isnan(exact_match_score(nothing, predicted))


def test_numbers_are_refused_unless_they_are_classes():
    true = pd.DataFrame({"a": [1, 0], "grade": [3, 4]})
    with pytest.raises(ValueError, match="'grade' of y_true is read as regression"):
        exact_match_score(true, true)
    assert exact_match_score(true, true, task_types={"grade": "multiclass"}) == 1.0
