"""Folds of whole groups, balanced over every column."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, cross_validate

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.model_selection import MultiTaskStratifiedGroupKFold


def patients(seed, n_groups=60, n_columns=3):
    """Make groups of unequal size whose rows tend to one class in each column."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(1, 30, n_groups))
    share = rng.beta(0.5, 1.0, size=(n_groups, n_columns))
    y = (rng.random((len(groups), n_columns)) < share[groups]).astype(float)
    y[rng.random(y.shape) < 0.1] = np.nan
    order = rng.permutation(len(groups))
    return np.zeros((len(groups), 1)), y[order], groups[order]


def worst_share(y, splits):
    """Tell how far the share of a label in a test part is from that in the table."""
    return max(
        abs(np.mean(y[test, t] == label) - np.mean(y[:, t] == label))
        for _, test in splits
        for t in range(y.shape[1])
        for label in (0.0, 1.0)
    )


@pytest.mark.parametrize("shuffle", [False, True])
def test_groups_stay_whole_and_each_row_is_tested_once(shuffle):
    X, y, groups = patients(0)
    folds = MultiTaskStratifiedGroupKFold(
        5, shuffle=shuffle, random_state=0 if shuffle else None
    )
    tested = np.zeros(len(y), dtype=int)
    for train, test in folds.split(X, y, groups):
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == len(y)
        tested[test] += 1
    assert (tested == 1).all()


@pytest.mark.parametrize("seed", range(3))
def test_columns_are_balanced(seed):
    X, y, groups = patients(seed)
    ours = list(MultiTaskStratifiedGroupKFold(5).split(X, y, groups))
    others = list(GroupKFold(5).split(X, y, groups))
    assert worst_share(y, ours) < 0.5 * worst_share(y, others)
    sizes = [len(test) for _, test in ours]
    assert max(sizes) - min(sizes) < 0.1 * len(y) / 5


def test_no_fold_is_empty():
    sizes = [100, 1, 1, 1]
    groups = np.repeat(np.arange(4), sizes)
    y = np.arange(len(groups), dtype=float)
    splits = MultiTaskStratifiedGroupKFold(4).split(y, y, groups)
    assert sorted(len(test) for _, test in splits) == [1, 1, 1, 100]


@pytest.mark.parametrize(
    "relabel",
    [
        lambda g: [f"patient {i}" for i in g],
        lambda g: np.datetime64("2020-01-01") + g,
        lambda g: g[:, np.newaxis].astype(float),
        lambda g: np.array([(int(i),) for i in g] + [None], dtype=object)[:-1],
    ],
    ids=["strings", "dates", "column", "objects"],
)
def test_folds_do_not_depend_on_how_groups_are_named(relabel):
    X, y, groups = patients(1)
    folds = MultiTaskStratifiedGroupKFold(3)
    for one, other in zip(
        folds.split(X, y, groups), folds.split(X, y, relabel(groups)), strict=True
    ):
        np.testing.assert_array_equal(one[1], other[1])


def test_shuffling_draws_other_folds():
    X, y, groups = patients(2)
    tests = [
        tuple(
            next(
                MultiTaskStratifiedGroupKFold(5, shuffle=True, random_state=seed).split(
                    X, y, groups
                )
            )[1]
        )
        for seed in (0, 0, 1)
    ]
    assert tests[0] == tests[1] != tests[2]


@pytest.mark.parametrize(
    ("groups", "n_splits", "said"),
    [
        (None, 3, "groups=None.*MultiTaskStratifiedKFold"),
        ([0] * 6, 2, "distinct groups, 1. Pass finer groups"),
        ([0, 1, 2], 2, "3 entries for 6 rows"),
        ([0, 1, None, 2, 3, 4], 2, "None at row 2"),
        ([0, 1, 2, 3, 4, np.nan], 2, "nan at row 5"),
        (np.zeros((6, 2)), 2, "2 dimensions"),
        ([0, 1, 2, 3, 4, 5], 1, "n_splits=1"),
    ],
)
def test_what_does_not_fit_is_said(groups, n_splits, said):
    y = np.arange(6.0)
    folds = MultiTaskStratifiedGroupKFold(n_splits)
    with pytest.raises(ValueError, match=said):
        next(folds.split(y, y, groups))


def test_cross_validation_hands_groups_on():
    X, y, groups = patients(3)
    scores = cross_validate(
        MultiTaskNetRegressor(max_iter=1, n_members=1, hidden_layer_sizes=(4,)),
        X,
        np.nan_to_num(y),
        groups=groups,
        cv=MultiTaskStratifiedGroupKFold(3),
    )
    assert len(scores["test_score"]) == 3
