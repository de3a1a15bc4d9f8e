"""Rows that members train on, and rows that they hold out."""

from collections import Counter

import numpy as np
import pytest
import torch

from sklearn_mtl.training import Fold, member_rows
from tests.training.helpers import held_out_by, members_of, split, task_table


def test_task_that_a_member_has_no_label_of_costs_nothing():
    table, layout = task_table(10, missing=0.0)
    table.label_weight[:, 1] = 0
    rows = split(table, layout, 5)

    assert (rows.scale[:, 1] == 0).all()
    assert rows.scale.isfinite().all()
    assert (rows.held_out.total_weight[:, 1] == 0).all()


@pytest.mark.parametrize("n_members", [5, 6, 7, 8, 9, 10])
@pytest.mark.parametrize("n_rows", [43, 40, 10])
def test_folds_of_five_to_ten_members_are_disjoint_and_complete(n_members, n_rows):
    table, layout = task_table(n_rows)
    rows = split(table, layout, n_members)

    folds = held_out_by(rows)

    counted = Counter(row for fold in folds for row in fold)
    assert counted == Counter(range(n_rows))
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    for weight, fold in zip(rows.row_weight, folds, strict=True):
        assert set(np.flatnonzero(weight == 0)) == fold
    assert rows.index.tolist() == list(range(n_rows))


@pytest.mark.parametrize("n_members", [1, 2, 3, 4, 11, 25])
@pytest.mark.parametrize(("fraction", "n_folds"), [(0.1, 10), (0.2, 5), (0.3, 3)])
def test_share_held_out_is_the_fraction(n_members, fraction, n_folds):
    table, layout = task_table(60)

    folds = held_out_by(split(table, layout, n_members, validation_fraction=fraction))

    assert len(folds) == n_members
    assert {len(fold) for fold in folds} == {60 // n_folds}
    distinct = {frozenset(fold) for fold in folds}
    assert len(distinct) == min(n_members, n_folds)
    assert len(set().union(*folds)) == sum(map(len, distinct))


def test_one_member_trains_on_the_rest_alone():
    table, layout = task_table(50)

    rows = split(table, layout, 1)

    (held_out,) = held_out_by(rows)
    assert len(held_out) == 5
    assert set(rows.index.tolist()) == set(range(50)) - held_out
    assert rows.row_weight is None


def test_no_row_is_held_out_where_none_shall_be():
    table, layout = task_table(20)
    other, _ = task_table(15)

    everything = split(table, layout, 3, holds_out=False)
    with_validation = split(table, layout, 3, validation_table=other)

    for rows in (everything, with_validation):
        assert rows.index.tolist() == list(range(20))
        assert rows.row_weight is None
    assert everything.held_out is None
    assert with_validation.held_out.table is other
    assert with_validation.held_out.index.tolist() == list(range(15))


@pytest.mark.parametrize("n_rows", [1, 2, 3, 7])
def test_few_rows_are_shared_out_too(n_rows):
    table, layout = task_table(n_rows, missing=0.0)

    rows = split(table, layout, n_rows)

    assert len(rows) == max(1, n_rows - (n_rows == 1))
    if n_rows == 1:
        assert rows.held_out is None
    else:
        assert all(len(fold) < n_rows for fold in held_out_by(rows))
        assert (rows.total_weight > 0).all()


def test_folds_come_from_the_generator_alone():
    table, layout = task_table(40)
    before = torch.get_rng_state()

    first, again, other = (
        held_out_by(split(table, layout, 8, seed=seed)) for seed in (0, 0, 1)
    )

    assert torch.equal(torch.get_rng_state(), before)
    assert first == again != other


def test_rows_may_be_left_out_of_both_parts():
    table, layout = task_table(12)
    folds = [Fold(np.arange(4), np.array([5, 6])), Fold(np.arange(7), np.array([8]))]

    rows = member_rows(
        table, members_of(layout, 2, folds), prior_cost=layout.prior_cost
    )

    assert rows.index.tolist() == list(range(7))
    assert rows.row_weight.tolist() == [[1.0] * 4 + [0.0] * 3, [1.0] * 7]
    assert held_out_by(rows) == [{5, 6}, {8}]


def test_rows_of_one_fold_are_those_of_all_members():
    table, layout = task_table(12)
    fold = Fold(np.array([1, 3, 5]), np.array([0, 2]))

    rows = member_rows(
        table, members_of(layout, 3, [fold]), prior_cost=layout.prior_cost
    )

    assert rows.index.tolist() == [1, 3, 5]
    assert rows.row_weight is None
    assert rows.held_out.index.tolist() == [0, 2]


def test_rows_of_some_members_are_those_that_they_have_in_the_stack():
    table, layout = task_table(20)
    rows = split(table, layout, 6)

    chosen = rows.select(np.array([1, 1, 4]))

    everyone = held_out_by(rows)
    assert held_out_by(chosen) == [everyone[1], everyone[1], everyone[4]]
    assert chosen.row_weight.tolist() == rows.row_weight[[1, 1, 4]].tolist()
    assert chosen.scale.tolist() == rows.scale[[1, 1, 4]].tolist()
    assert chosen.unlabelled.shape == (3, len(layout.order))
