"""Draws and updates of all columns together."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.joint.helpers import KINDS, made

ALL = (*KINDS, "classes")


@pytest.fixture(scope="module")
def table():
    return made(1500, 0.8, ALL)


@pytest.fixture(scope="module")
def copula(table):
    return table.record().copula


def first(table, n_rows):
    return table.labels[:n_rows], [r[:n_rows] for r in table.responses]


def test_draws_have_the_predicted_marginals(table, copula, rng):
    _, responses = first(table, 40)
    drawn = copula.draws(responses, 4000, rng)
    for task, response, column in zip(table.tasks, responses, drawn, strict=True):
        assert column.shape == (40, 4000)
        if not task.is_classifier:
            error = 4.5 * column.std(axis=1) / np.sqrt(4000)
            assert (abs(column.mean(axis=1) - response[:, 0]) < error).all()
            continue
        for code in range(response.shape[1]):
            share = (column == code).mean(axis=1)
            assert abs(share - response[:, code]).max() < 0.04
    assert_array_equal(drawn[4], np.rint(drawn[4]))


def test_draws_have_the_dependence_of_the_labels(table, copula, rng):
    drawn = copula.draws(table.responses, 1, rng)
    residual = [drawn[t][:, 0] - table.responses[t][:, 0] for t in (0, 1)]
    assert abs(np.corrcoef(residual)[0, 1] - 0.8) < 0.03
    both = (drawn[2][:, 0] == 1) & (residual[0] > 0)
    real = (table.labels[:, 2] == 1) & (table.scores[:, 0] > 0)
    assert abs(both.mean() - real.mean()) < 0.03


def test_draws_do_not_depend_on_how_many_rows_are_drawn_at_once(
    table, copula, monkeypatch
):
    labels, responses = first(table, 20)
    labels = np.where(np.arange(6) < 2, labels, np.nan)
    whole = copula.draws(responses, 7, np.random.default_rng(0), labels)
    monkeypatch.setattr("sklearn_mtl.joint._copula.NUMBERS_AT_ONCE", 100)
    parts = copula.draws(responses, 7, np.random.default_rng(0), labels)
    for one, other in zip(whole, parts, strict=True):
        assert_allclose(one, other)


def test_known_labels_make_the_others_likelier(table, copula):
    labels, responses = table.labels, table.responses
    for t, task in enumerate(table.tasks):
        known = labels.copy()
        known[:, t] = np.nan
        found, left = copula.updated(known, responses)
        if task.is_classifier:
            each, code = np.arange(len(labels)), labels[:, t].astype(int)
            before, after = (p[t][each, code] for p in (responses, found))
            assert_allclose(found[t].sum(axis=1), 1.0)
            assert np.log(after).mean() > np.log(before).mean() + 0.05
        else:
            before, after = (
                np.square(labels[:, t] - p[t][:, 0]).mean() for p in (responses, found)
            )
            assert after < 0.6 * before
            assert abs(left[:, t].mean() - np.sqrt(after / before)) < 0.15


def test_draws_given_labels_agree_with_updates(table, copula, rng):
    labels, responses = first(table, 30)
    known = np.where(np.isin(np.arange(6), (1, 3)), labels, np.nan)
    found, _ = copula.updated(known, responses)
    drawn = copula.draws(responses, 3000, rng, known)
    assert_array_equal(drawn[1], np.repeat(labels[:, [1]], 3000, axis=1))
    assert_array_equal(drawn[3], np.repeat(labels[:, [3]], 3000, axis=1))
    assert_allclose(drawn[0].mean(axis=1), found[0][:, 0], atol=0.15)
    assert_allclose((drawn[2] == 1).mean(axis=1), found[2][:, 1], atol=0.04)
    assert_allclose((drawn[5] == 0).mean(axis=1), found[5][:, 0], atol=0.04)


def test_nothing_known_changes_nothing(table, copula):
    _, responses = first(table, 20)
    found, left = copula.updated(np.full((20, 6), np.nan), responses)
    for task, before, after in zip(table.tasks, responses, found, strict=True):
        one = before if task.is_classifier else before[:, :1]
        assert_allclose(after, one, atol=1e-6)
    assert_allclose(left[:, [0, 1, 4]], 1.0)


def test_columns_of_no_class_or_one(rng):
    one = made(100, 0.0, ("number", "binary", "binary"))
    one.responses[1], one.responses[2] = np.ones((100, 1)), np.ones((100, 0))
    one.labels[:, 1], one.labels[:, 2] = 0.0, np.nan
    copula = one.record().copula
    drawn = copula.draws(one.responses, 3, rng)
    assert (drawn[1] == 0).all()
    assert np.isnan(drawn[2]).all()
    found, _ = copula.updated(one.labels, one.responses)
    assert found[1].shape == (100, 1)
    assert found[2].shape == (100, 0)


def test_between_columns_gives_a_number_a_pair(copula):
    correlation, is_signed, n_rows = copula.between_columns()
    assert correlation.shape == is_signed.shape == n_rows.shape == (6, 6)
    assert_array_equal(is_signed[5], [False] * 6)
    assert (correlation[5, :5] > 0.5).all()
    assert (n_rows[:5, :5] == 1500).all()


def test_a_number_that_is_always_met_says_nothing(rng):
    table = made(100, 0.5, ("number", "number"))
    table.labels[:, 0] = table.responses[0][:, 0]
    copula = table.record().copula
    assert copula.correlation[0, 1] == 0.0
    drawn = copula.draws(table.responses, 2, rng)
    assert_allclose(drawn[0], table.responses[0].repeat(2, axis=1))
    found, left = copula.updated(table.labels, table.responses)
    assert np.isfinite(found[1]).all()
    assert np.isfinite(left).all()
