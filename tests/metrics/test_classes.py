"""Scores of classes: calibration, and the order of ordinal ones."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_mtl.metrics import make_task_scorer, task_scores
from sklearn_mtl.tasks import Ordinal


def test_expected_calibration_error():
    y = [0, 1, 1, 0, 1]
    p = np.array([0.3, 0.9, 0.93, 0.65, 0.6])  # confidence .7, .9, .93, .65, .6
    row = task_scores(y, p > 0.5, y_proba=p)[0]
    # bins of 1/15: (.6, .667] (with .6 below it), (.667, .733], (.867, .933]
    gaps = [abs(0 - 0.65), abs(1 - 0.6), abs(1 - 0.7), abs(2 - 0.9 - 0.93)]
    assert row["calibration_error"] == pytest.approx(sum(gaps) / 5)
    weighted = task_scores(y, p > 0.5, y_proba=p, sample_weight=[2, 0, 1, 1, 1])[0]
    gaps = [abs(0 - 0.65), abs(1 - 0.6), 2 * abs(1 - 0.7), abs(1 - 0.93)]
    assert weighted["calibration_error"] == pytest.approx(sum(gaps) / 5)
    one_bin = make_task_scorer("calibration_error", n_bins=1)
    net = FixedProbabilities(p)
    assert one_bin(net, p, y) == pytest.approx(
        -abs(4 / 5 - np.mean(np.maximum(p, 1 - p)))
    )


class FixedProbabilities(ClassifierMixin, BaseEstimator):
    def __init__(self, p):
        self.p = p

    def predict(self, X):
        return (self.p > 0.5).astype(int)

    def predict_proba(self, X):
        return np.column_stack([1 - self.p, self.p])


def test_order_of_ordinal_classes_is_kept():
    levels = ["low", "middle", "high"]
    y = pd.Series(
        pd.Categorical(["low", "high", "middle", "low"], levels, ordered=True)
    )
    predicted = ["low", "low", "middle", "middle"]
    row = task_scores(y, predicted)[0]
    assert row["kind"] == "ordinal"
    wanted = spearmanr([0, 2, 1, 0], [0, 0, 1, 1]).statistic
    assert row["spearman"] == pytest.approx(wanted)
    assert row["rank_mae"] == 0.75
    row = task_scores(list(y), predicted, task_types=Ordinal(levels))[0]
    assert row["rank_mae"] == 0.75
