"""How well folds are balanced, and how fast."""

import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold

from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
)
from sklearn_mtl.model_selection._stratification import deal_rows
from tests.model_selection.helpers import folds_of, levels_of, made


def worst_deviation(levels, folds):
    """Most that the share of a level in a fold differs from its share in the table."""
    shares = [
        np.bincount(rows.ravel(), minlength=levels.max() + 1) / len(rows)
        for rows in [levels] + [levels[folds == fold] for fold in np.unique(folds)]
    ]
    return np.abs(np.array(shares[1:]) - shares[0]).max()


def sechidis(levels, n_folds, rng):
    """Deal row by row, as published."""
    n_rows = len(levels)
    counts = np.bincount(levels.ravel())
    wanted = np.outer(counts, np.full(n_folds, 1 / n_folds))
    room = np.full(n_folds, n_rows / n_folds)
    left = counts.copy()
    folds = np.full(n_rows, -1)
    while (folds < 0).any():
        level = np.where(left > 0, left, n_rows + 1).argmin()
        for row in np.flatnonzero((folds < 0) & (levels == level).any(axis=1)):
            best = np.flatnonzero(np.isclose(wanted[level], wanted[level].max()))
            best = best[np.isclose(room[best], room[best].max())]
            folds[row] = fold = rng.choice(best)
            room[fold] -= 1
            wanted[levels[row], fold] -= 1
            left[levels[row]] -= 1
    return folds


# Quality


@pytest.mark.parametrize("n_splits", [2, 5, 10])
@pytest.mark.parametrize("n_samples", [150, 600])
def test_balances_no_worse_than_row_by_row_and_far_better_than_chance(
    n_samples, n_splits
):
    ours, published, chance = [], [], []
    for seed in range(3):
        _, y = made(n_samples, random_state=seed)
        levels = levels_of(y, n_splits=n_splits)
        settings = {"shuffle": True, "random_state": seed}
        rng = np.random.default_rng(seed)
        ours.append(
            worst_deviation(
                levels, folds_of(MultiTaskStratifiedKFold(n_splits, **settings), y)
            )
        )
        published.append(worst_deviation(levels, sechidis(levels, n_splits, rng)))
        chance.append(worst_deviation(levels, folds_of(KFold(n_splits, **settings), y)))

    # In a few rows, one row of a label is much of its share.
    assert np.mean(ours) <= np.mean(published)
    assert np.mean(ours) < np.mean(chance) / (2 if n_samples / n_splits > 50 else 1.2)


@pytest.mark.parametrize("n_splits", [2, 5])
def test_single_column_of_classes_is_balanced_as_well_as_can_be(n_splits):
    y = np.random.default_rng(0).choice(list("abcd"), 203, p=[0.6, 0.3, 0.08, 0.02])
    folds = folds_of(MultiTaskStratifiedKFold(n_splits), y)
    for label in "abcd":
        counts = np.bincount(folds[y == label], minlength=n_splits)
        assert np.ptp(counts) <= 1


def test_level_with_fewer_rows_than_folds_is_spread_one_a_fold():
    _, y = made(300)
    y["rare"] = "no"
    y.loc[[3, 4, 5, 6], "rare"] = "yes"
    y["rarer"] = "no"
    y.loc[[6, 7], "rarer"] = "yes"
    folds = folds_of(MultiTaskStratifiedKFold(5), y)
    assert len(set(folds[[3, 4, 5, 6]])) == 4
    assert len(set(folds[[6, 7]])) == 2


def test_classes_of_one_row_are_balanced_together():
    y = np.array([f"name {i}" for i in range(20)] + ["many"] * 80)
    folds = folds_of(MultiTaskStratifiedKFold(5), y)
    assert_array_equal(np.bincount(folds[:20]), np.full(5, 4))


def test_presence_of_labels_is_balanced():
    y = np.ones((100, 2))
    y[:20, 0] = np.nan
    y[90:, 1] = np.nan
    folds = folds_of(MultiTaskStratifiedKFold(5, shuffle=True, random_state=0), y)
    for j in range(2):
        counts = np.bincount(folds[np.isnan(y[:, j])])
        assert_array_equal(counts, np.full(5, counts.sum() // 5))


def test_numbers_are_balanced_over_their_whole_range():
    y = np.random.default_rng(0).lognormal(size=(500, 3))
    folds = folds_of(MultiTaskStratifiedKFold(5, shuffle=True, random_state=0), y)
    chance = folds_of(KFold(5, shuffle=True, random_state=0), y)
    for q in (0.1, 0.5, 0.9):
        below = y < np.quantile(y, q, axis=0)
        ours, theirs = (
            max(np.abs(below[f == k].mean(axis=0) - q).max() for k in range(5))
            for f in (folds, chance)
        )
        assert ours < 0.011  # one row of a hundred
        assert ours < theirs / 2


@pytest.mark.parametrize("shares", [(0.75, 0.25), (0.9, 0.1), (0.5, 0.1), (0.1, 0.1)])
def test_parts_of_any_size_are_balanced(shares):
    _, y = made(2000)
    train_size, test_size = shares
    splitter = MultiTaskStratifiedShuffleSplit(
        3, train_size=train_size, test_size=test_size, random_state=0
    )
    levels = levels_of(y)
    table = np.bincount(levels.ravel())
    for train, test in splitter.split(None, y):
        assert not set(train) & set(test)
        for rows, share in ((train, train_size), (test, test_size)):
            assert len(rows) == round(share * 2000)
            counts = np.bincount(levels[rows].ravel(), minlength=len(table))
            assert np.abs(counts - share * table).max() < 5


def test_parts_of_a_large_table_are_balanced_to_a_few_rows():
    rng = np.random.default_rng(0)
    levels = np.column_stack(
        [3 * j + rng.choice(3, 20_000, p=[0.9, 0.09, 0.01]) for j in range(8)]
    )
    sizes = np.array([14_000, 5_000, 1_000])
    folds = deal_rows(levels, sizes, rng.permutation(20_000))
    table = np.bincount(levels.ravel())
    assert_array_equal(np.bincount(folds), sizes)
    for fold, size in enumerate(sizes):
        counts = np.bincount(levels[folds == fold].ravel(), minlength=len(table))
        assert np.abs(counts - table * size / 20_000).max() < 4


# Speed


def test_large_table_takes_seconds():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(60_000, 20))
    y[:, ::2] = y[:, ::2] > 1
    y[rng.random(y.shape) < 0.2] = np.nan
    begin = time.process_time()
    next(MultiTaskStratifiedKFold(5).split(None, y))
    assert time.process_time() - begin < 10
