"""Rankings of many binary columns within a row."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import label_ranking_average_precision_score as lrap
from sklearn.metrics import roc_auc_score

from sklearn_mtl.metrics import (
    label_ranking_average_precision_score,
    precision_at_k_score,
    row_roc_auc_score,
)

ALL = [label_ranking_average_precision_score, row_roc_auc_score, precision_at_k_score]


@pytest.fixture
def tags(rng):
    """Labels and scores, many of which are equal."""
    return rng.integers(0, 2, (60, 7)), rng.integers(0, 5, (60, 7)) / 4


def precision_by_hand(true, scores, k, rng):
    """Mean over orders of what ties leave open."""
    found = []
    for _ in range(3000):
        jitter = scores + 1e-9 * rng.random(scores.shape)
        first = np.argsort(-jitter, axis=1)[:, :k]
        found.append(np.take_along_axis(true, first, axis=1).mean())
    return np.mean(found)


def test_without_gaps_they_are_those_of_scikit_learn(tags, rng):
    true, scores = tags
    weight = rng.random(60)
    assert label_ranking_average_precision_score(
        true, scores, sample_weight=weight
    ) == pytest.approx(lrap(true, scores, sample_weight=weight))
    mixed = (true.min(axis=1) == 0) & (true.max(axis=1) == 1)
    each = [roc_auc_score(*row) for row in zip(true[mixed], scores[mixed], strict=True)]
    assert row_roc_auc_score(true, scores, sample_weight=weight) == pytest.approx(
        np.average(each, weights=weight[mixed])
    )
    for k in (1, 3):
        assert precision_at_k_score(true, scores, k=k) == pytest.approx(
            precision_by_hand(true, scores, k, rng), abs=0.003
        )
    assert precision_at_k_score(true, scores, k=7) == pytest.approx(true.mean())
    assert precision_at_k_score(true, scores, k=99) == pytest.approx(true.mean())


@pytest.mark.parametrize("score", ALL)
def test_a_missing_label_is_as_if_its_column_were_not_there(tags, score):
    true, scores = (array.astype(float) for array in tags)
    gaps = true.copy()
    gaps[:30, :2], gaps[30:] = np.nan, np.nan
    assert score(gaps, scores) == pytest.approx(score(true[:30, 2:], scores[:30, 2:]))
    weights = np.where(np.isnan(gaps), 0.0, 1.0)
    assert score(true, scores, sample_weight=weights) == score(gaps, scores)
    unscored = np.where(np.isnan(gaps), np.nan, scores)
    assert score(gaps, unscored) == score(gaps, scores)


@pytest.mark.parametrize("score", ALL)
def test_scores_come_as_arrays_frames_and_probabilities(tags, score):
    true, scores = tags
    wanted = score(true, scores)
    frame = pd.DataFrame(true).add_prefix("tag").map(lambda tag: ["no", "yes"][tag])
    probabilities = [np.column_stack([1 - p, p]) for p in scores.T]
    assert score(frame, pd.DataFrame(scores).add_prefix("tag")) == wanted
    assert score(frame, probabilities) == wanted
    by_name = dict(zip(frame.columns, scores.T, strict=True))
    assert score(frame, by_name) == wanted
    assert score(true.astype(bool), 100 * scores) == wanted


@pytest.mark.parametrize(
    ("true", "scores", "words"),
    [
        ([[1], [0]], [[0.5], [0.5]], "single column"),
        ([[1, 2.5], [0, 1]], [[0, 0], [0, 0]], "Column 1 of y_true is read as regr"),
        ([["a", "a"], ["b", "b"], ["c", "a"]], np.zeros((3, 2)), "Column 0.*3 classes"),
        ([["a", "a"], ["b", "a"]], np.zeros((2, 2)), "Column 1.*holds 'a' only"),
        ([[1, 0], [0, 1]], [[0.5, None], [0.1, 0.1]], "Column 1 has no score in row 0"),
        ([[1, 0], [0, 1]], [[0.5, 0.1]], "1 rows for column 0, but y_true has 2"),
        ([[1, 0], [0, 1]], {0: np.zeros((2, 3)), 1: np.zeros(2)}, "column 0 is"),
        ([[1, 0], [0, 1]], {0: np.zeros(2)}, "column 1 is"),
    ],
)
def test_what_cannot_be_ranked_is_refused(true, scores, words):
    with pytest.raises(ValueError, match=words):
        row_roc_auc_score(true, scores)


def test_a_number_of_labels_that_is_none():
    with pytest.raises(ValueError, match=r"'k' parameter.*Got 0"):
        precision_at_k_score([[1, 0]], [[1, 0]], k=0)
