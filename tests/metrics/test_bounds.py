"""Metrics of labels that are only bounds."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import make_task_scorer, skill_score, task_scores
from sklearn_mtl.tasks import read_bounds
from tests.helpers import of_objects
from tests.metrics.helpers import SMALL

LABELS = of_objects(1.0, 2.5, ">3", "<0.5", "[1, 2]", None)
PREDICTED = np.array([1.5, 2.5, 2.0, 0.0, 3.0, 9.0])


def test_errors_are_distances_to_what_a_label_allows():
    (row,) = task_scores(LABELS, PREDICTED)

    distances = np.array([0.5, 0.0, 1.0, 0.0, 1.0])
    assert (row["kind"], row["n_labels"]) == ("censored", 5)
    assert row["mae"] == pytest.approx(distances.mean())
    assert row["rmse"] == pytest.approx(np.sqrt((distances**2).mean()))
    assert row["rrmse"] == pytest.approx(np.sqrt(1 - row["r2"]))
    assert row["skill"] == row["r2"] == skill_score(LABELS, PREDICTED)
    assert np.isnan(row["log_likelihood"])


def test_one_number_that_fits_all_has_no_skill():
    (row,) = task_scores(of_objects(2.0, ">1", "<3"), np.array([2.0, 2.0, 4.0]))

    assert np.isnan([row["skill"], row["rrmse"], row["concordance"]])[:2].all()
    assert (row["r2"], row["mae"]) == (0.0, pytest.approx(1 / 3))


def concordance_by_pairs(bounds, predictions, weight):
    known = right = 0.0
    for (low, up), ours, w in zip(bounds, predictions, weight, strict=True):
        for (other, far), theirs, v in zip(bounds, predictions, weight, strict=True):
            if up <= other and not low == up == other == far:
                known += w * v
                right += w * v * ((ours < theirs) + 0.5 * (ours == theirs))
    return right / known if known else np.nan


@pytest.mark.parametrize("seed", range(8))
def test_concordance_is_that_of_all_pairs(seed):
    rng = np.random.default_rng(seed)
    n_rows = 3 + 4 * seed
    numbers, kind = rng.integers(0, 8, n_rows), rng.integers(0, 4, n_rows)
    forms = ["{}", "<{}", ">{}", "[{}, 9]"]
    pairs = zip(kind, numbers, strict=True)
    labels = of_objects(*(forms[k].format(v) for k, v in pairs))
    predictions, weight = rng.integers(0, 6, n_rows) + 0.0, rng.uniform(size=n_rows)

    (row,) = task_scores(
        labels, predictions, task_types="censored", sample_weight=weight
    )

    expected = concordance_by_pairs(read_bounds(labels), predictions, weight)
    assert_allclose(row["concordance"], expected)


def test_concordance_of_bounds_at_one_number():
    labels = of_objects("<5", 5.0, ">5", 5.0)
    for predicted, expected in (([1, 2, 3, 2], 1.0), ([3, 2, 1, 2], 0.0)):
        assert task_scores(labels, np.array(predicted))[0]["concordance"] == expected


def test_log_likelihood_is_that_of_the_predicted_distribution():
    X = np.linspace(-1, 1, 60)[:, None]
    y = pd.DataFrame({"dose": np.where(X[:, 0] > 0, ">0", X[:, 0].astype(object))})
    y.loc[1, "dose"], y.loc[2, "dose"], y.loc[3, "dose"] = "<-0.5", "[-1, 0]", None
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    mean, std = (part[:, 0] for part in net.predict(X, return_std=True))
    # The spread of the members' means is part of both.
    noise = stats.norm(mean, std)

    (row,) = task_scores(y, net, X=X)

    expected = noise.logpdf(X[:, 0])
    expected[X[:, 0] > 0] = noise.logsf(0.0)[X[:, 0] > 0]
    expected[1] = noise.logcdf(-0.5)[1]
    expected[2] = np.log(noise.cdf(0.0) - noise.cdf(-1.0))[2]
    expected = np.delete(expected, 3)
    assert row["log_likelihood"] == pytest.approx(expected.mean())
    assert row["r2"] == net.score(X, y) == net.estimators_[0].score(X, y)
    for metric in ("log_likelihood", "concordance", "r2"):
        assert make_task_scorer(metric)(net, X, y) == pytest.approx(row[metric])
        stopped = MultiTaskNetEstimator(**SMALL | {"scoring": metric}).fit(X, y)
        assert np.isfinite(stopped.oof_score_)
