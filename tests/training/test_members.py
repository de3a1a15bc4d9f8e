"""What makes members different: one value that nobody changes."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.training import OF_EACH, Fold, ensemble, search, teams
from tests.helpers import generator


def four_members(**params):
    folds = [Fold(None, np.array([row])) for row in range(3)]
    weight = np.array([0.1, 0.3, 0.6, 0.0])
    return ensemble(4, task_weight=weight, folds=folds, generator=generator(), **params)


def test_members_of_an_ensemble_differ_in_seed_and_fold_alone():
    members = four_members(learning_rate=0.01, weight_decay=0.1, dropout=0.2, depth=3)

    assert members.number == 4
    assert len(set(members.seed.tolist())) == 4
    assert members.fold.tolist() == [0, 1, 2, 0]
    assert members.candidate.tolist() == [0] * 4
    assert members.learning_rate.tolist() == [0.01] * 4
    assert members.weight_decay.tolist() == [0.1] * 4
    assert members.dropout.tolist() == [0.2] * 4
    assert members.depth.tolist() == [3] * 4
    assert_allclose(members.task_weight, [[0.1, 0.3, 0.6, 0.0]] * 4)


def test_members_cannot_be_changed():
    members = four_members()

    with pytest.raises(FrozenInstanceError):
        members.task_weight = np.ones((4, 4))
    for name in OF_EACH:
        with pytest.raises(ValueError, match="read-only"):
            getattr(members, name)[:] = 0


def test_entries_that_do_not_fit_are_named():
    members = four_members()

    with pytest.raises(ValueError, match="dropout has 2 entries for 4 members"):
        replace(members, dropout=np.zeros(2))
    with pytest.raises(ValueError, match=r"depth is \[1, 2, 2, 2\].*deepest first"):
        replace(members, depth=np.array([1, 2, 2, 2]))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"task_weight": np.ones(4)}, r"task_weight has shape \(4,\)"),
        (
            {"learning_rate": np.array([1.0, -1, 0, 0])},
            "learning_rate of member 1 is -1",
        ),
        ({"weight_decay": np.full(4, np.inf)}, "weight_decay of member 0 is inf"),
        ({"dropout": np.array([0.0, 0, 0, 1])}, "dropout of member 3 is 1.*below 1"),
        ({"task_weight": np.full((4, 2), np.nan)}, "task_weight of member 0 is nan"),
        ({"fold": np.array([0, 1, 2, 3])}, "but folds has 3 entries"),
        (
            {"folds": (Fold(None, np.array([], int)),) * 3},
            r"folds\[0\] holds out no row",
        ),
        (
            {"folds": (Fold(np.arange(3), np.array([2, 5])),) * 3},
            r"folds\[0\] trains on row 2, which it holds out",
        ),
        (
            {"folds": (Fold(np.array([], int), np.arange(2)),) * 3},
            r"folds\[0\] trains on no row",
        ),
    ],
)
def test_values_that_no_member_can_have_are_named(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(four_members(), **changed)


@pytest.mark.parametrize(
    ("columns", "message"),
    [([], "columns is empty"), ([(0,), ()], r"columns\[1\]"), ([(4,)], "from 0 to 3")],
)
def test_teams_of_no_column_are_named(columns, message):
    with pytest.raises(ValueError, match=message):
        teams(four_members(), columns)


def test_no_member_is_no_ensemble():
    with pytest.raises(ValueError, match="one member or more"):
        ensemble(0, task_weight=np.ones(2), generator=generator())


def test_teams_keep_the_weights_that_columns_have_to_each_other():
    members = four_members()

    arranged = teams(members, [(0, 1, 2, 3), (0, 1), (2,), (3,)])

    expected = [[0.1, 0.3, 0.6, 0], [0.25, 0.75, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert_allclose(arranged.task_weight, expected * 4)
    assert arranged.candidate.tolist() == [0, 1, 2, 3] * 4
    assert arranged.tasks == [0, 1, 2, 3]
    assert arranged.learning(3).tolist() == [3, 7, 11, 15]


def test_teams_are_copies_of_the_members():
    members = four_members()

    arranged = teams(members, [(0,), (2,)])

    assert arranged.origin.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert arranged.seed.tolist() == np.repeat(members.seed, 2).tolist()
    assert arranged.fold.tolist() == np.repeat(members.fold, 2).tolist()
    assert arranged.folds == members.folds
    assert arranged.tasks == [0, 2]


def test_candidates_of_a_search_are_one_stack():
    shallow = four_members(depth=1, learning_rate=0.1)
    deep = four_members(depth=2)

    both = search([shallow, deep])

    assert both.candidate.tolist() == [1] * 4 + [0] * 4  # the deepest first
    assert both.depth.tolist() == [2] * 4 + [1] * 4
    assert both.origin.tolist() == list(range(8))
    assert_allclose(both.learning_rate, np.repeat([1e-3, 0.1], 4))
    assert both.seed.tolist() == [*deep.seed, *shallow.seed]


def test_rows_that_several_candidates_hold_out_are_one_fold():
    one, other = four_members(), four_members()
    mine = replace(other, folds=(Fold(None, np.array([7])), *other.folds[1:]))

    both = search([one, mine])

    assert [fold.held_out.tolist() for fold in both.folds] == [[0], [1], [2], [7]]
    assert both.fold.tolist() == [0, 1, 2, 0, 3, 1, 2, 3]


def test_candidates_that_do_not_fit_together_are_refused():
    members = four_members()
    without = replace(members, folds=(), fold=np.zeros(4, dtype=int))

    with pytest.raises(ValueError, match="Make a stack of each"):
        search([members, without])
    with pytest.raises(ValueError, match="candidates is empty"):
        search([])
