"""The integrated Brier score, against scikit-survival where it is installed."""

from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_mtl.metrics._survival import integrated_brier_score, skill

INF = np.inf


def outcome_of(seed=0, n_rows=80, n_times=6):
    rng = np.random.default_rng(seed)
    time, seen = rng.exponential(1.0, n_rows), rng.exponential(1.5, n_rows)
    watched, is_event = np.minimum(time, seen), time < seen
    times = np.quantile(watched, np.linspace(0.1, 0.9, n_times))
    survival = np.sort(rng.uniform(size=(n_rows, n_times)), axis=1)[:, ::-1]
    return SimpleNamespace(
        task=SimpleNamespace(times_=times),
        labels=np.column_stack([watched, np.where(is_event, watched, INF)]),
        response=np.column_stack([np.zeros(n_rows), survival]),
        weight=None,
    )


def test_score_without_what_is_unseen_is_the_mean_squared_error():
    outcome = outcome_of()
    watched, times = outcome.labels[:, :1], outcome.task.times_
    outcome.labels = np.hstack([watched, watched])
    squared = ((watched > times) - outcome.response[:, 1:]) ** 2
    expected = np.trapezoid(squared.mean(axis=0), times) / np.ptp(times)

    assert integrated_brier_score(outcome) == pytest.approx(expected)
    outcome.response[:, 1:] = (watched > times).mean(axis=0)
    assert skill(outcome) == pytest.approx(0.0, abs=1e-12)
    outcome.response[:, 1:] = watched > times
    assert (skill(outcome), integrated_brier_score(outcome)) == (1.0, 0.0)


def test_weights_are_copies():
    outcome, copies = outcome_of(), outcome_of()
    number = np.random.default_rng(1).integers(1, 4, 80)
    outcome.weight = number.astype(float)
    copies.labels = np.repeat(copies.labels, number, axis=0)
    copies.response = np.repeat(copies.response, number, axis=0)

    assert integrated_brier_score(outcome) == pytest.approx(
        integrated_brier_score(copies)
    )


def test_what_cannot_be_told_is_nan():
    outcome = outcome_of()
    outcome.labels[0] = [0.5, 0.7]
    assert np.isnan(integrated_brier_score(outcome))
    outcome = outcome_of()
    outcome.response = None
    assert np.isnan(skill(outcome))


def test_score_is_that_of_scikit_survival():
    sksurv = pytest.importorskip(
        "sksurv.metrics", reason="compares with scikit-survival"
    )
    from sksurv.util import Surv

    for seed in range(4):
        outcome = outcome_of(seed)
        watched, until = outcome.labels.T
        labels = Surv.from_arrays(watched == until, watched)
        expected = sksurv.integrated_brier_score(
            labels, labels, outcome.response[:, 1:], outcome.task.times_
        )
        assert integrated_brier_score(outcome) == pytest.approx(expected)
