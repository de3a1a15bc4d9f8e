"""Correlations of latent scores, as held-out labels show them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.joint.helpers import made

MANY = ("number",) * 2 + ("binary",) * 2 + ("ordinal", "count")


@pytest.mark.parametrize("missing", [0.0, 0.5])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_known_correlations_of_mixed_kinds_are_found(correlation, missing):
    table = made(4000, correlation, MANY, missing=missing)
    found = table.record().copula.correlation
    above = np.triu_indices(len(MANY), 1)
    sample = np.corrcoef(table.scores.T)[above]
    assert abs(found[above] - sample).max() < (0.05 if missing == 0 else 0.1)
    assert abs((found[above] - sample).mean()) < 0.02


def test_negative_correlations_are_found():
    loading = np.array([0.9, -0.8, 0.7, -0.6, 0.5])
    table = made(4000, np.outer(loading, loading))
    found = table.record().copula.correlation
    assert abs(found - np.corrcoef(table.scores.T)).max() < 0.05


def test_the_class_that_depends_is_found():
    table = made(6000, 0.8, ("number", "classes"))
    copula = table.record().copula
    assert copula.correlation.shape == (3, 3)
    assert abs(copula.correlation[0, 1] - 0.8) < 0.04
    assert abs(copula.correlation[0, 2]) < 0.08
    assert copula.correlation[1, 2] == 0.0


def test_columns_that_few_rows_pair_are_independent():
    table = made(400, 0.9, ("number", "binary"))
    for n_pairs in (40, 19):
        table.labels[n_pairs:, 0] = np.nan
        copula = table.record().copula
        assert copula.n_pairs[0, 1] == n_pairs
        assert (copula.correlation[0, 1] > 0.5) == (n_pairs == 40)
    assert copula.correlation[0, 1] == 0.0


def test_a_few_rows_show_no_dependence_where_there_is_none():
    strongest = [
        abs(made(60, 0.0, seed=seed).record().copula.correlation - np.eye(5)).max()
        for seed in range(8)
    ]
    assert np.median(strongest) < 0.25


def test_any_labels_give_a_correlation_matrix():
    """Copies, opposites, constants and columns without a label."""
    table = made(50, 0.0, ("number",) * 4 + ("binary", "classes"))
    table.labels[:, 1], table.responses[1] = table.labels[:, 0], table.responses[0]
    table.labels[:, 2], table.responses[2] = -table.labels[:, 0], -table.responses[0]
    table.labels[:, 3] = np.nan
    table.labels[:, 4] = 0.0
    found = table.record().copula.correlation
    assert np.linalg.eigvalsh(found)[0] > 0
    assert_allclose(np.diag(found), 1.0)
    assert found[0, 1] > 0.97
    assert found[0, 2] < -0.97
    assert_array_equal(found[3, :3], 0.0)


def test_rows_count_by_their_weight():
    one, other = made(300, 0.9, seed=1), made(300, 0.0, seed=2)
    pairs = zip(one.responses, other.responses, strict=True)
    both = one._replace(
        labels=np.concatenate([one.labels, other.labels]),
        responses=[np.concatenate(pair) for pair in pairs],
    )
    weight = np.ones(both.labels.shape)
    weight[300:] = 0.0
    weighed = both.record(weight).copula
    alone = one.record().copula
    assert_allclose(weighed.correlation, alone.correlation, atol=0.02)
    assert_array_equal(weighed.n_pairs, alone.n_pairs)
