"""Costs of rows tell by how much skills differ."""

import numpy as np
import pytest

from sklearn_mtl.metrics import Truth, metrics_of, row_costs
from sklearn_mtl.metrics._predicted import tasks_of
from tests.helpers import of_objects

N = 60
RNG = np.random.default_rng(0)
NUMBERS = RNG.gamma(2.0, 2.0, N)
BOUNDS = of_objects(*[f">{v:.1f}" if v > 5 else float(v) for v in NUMBERS])
CASES = {
    "regression": NUMBERS,
    "gamma": NUMBERS,
    "count": RNG.poisson(3.0, N),
    "quantile": NUMBERS,
    "censored": BOUNDS,
    "survival": BOUNDS,
    "binary": RNG.choice(["no", "yes"], N),
    "multiclass": RNG.choice(list("abc"), N),
    "ordinal": RNG.choice([1, 2, 3, 4], N),
}


def outcomes(kind, labels):
    """Two predictions of the same labels, one nearer to the prior."""
    truth = Truth(labels, None)
    task = tasks_of(truth.columns, truth.columns, [kind])[0]
    task = task.fit(truth.columns[0], np.ones(N))
    raw = task.prior_raw_ + RNG.normal(0, 0.3, (N, task.n_outputs_))
    nearer = 0.5 * (raw + task.prior_raw_)
    return [truth.outcome(0, task, None, task.response(r)) for r in (raw, nearer)]


@pytest.mark.parametrize("kind", CASES)
def test_skills_differ_by_the_costs(kind):
    first, second = outcomes(kind, CASES[kind])
    skill = metrics_of(first.task)[0]

    costs = [row_costs(outcome).mean() for outcome in (first, second)]

    assert row_costs(first).shape == (N,)
    prior = costs[0] / (1.0 - skill.of(first))
    assert 1.0 - costs[1] / prior == pytest.approx(skill.of(second), abs=1e-9)
