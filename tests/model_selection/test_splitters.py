"""Splits: exact in size, of any y, at home in scikit-learn."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.model_selection import (
    GridSearchCV,
    ShuffleSplit,
    cross_val_predict,
    cross_validate,
)

from sklearn_mtl.datasets import load_student_performance
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    multitask_train_test_split,
)
from tests.model_selection.helpers import folds_of, made

# Sizes, order, determinism


@settings(max_examples=60, deadline=None)
@given(
    n_rows=st.integers(2, 80),
    n_columns=st.integers(1, 5),
    n_classes=st.integers(1, 8),
    n_splits=st.integers(2, 12),
    seed=st.integers(0, 10**6),
)
def test_every_row_is_in_one_fold_and_sizes_differ_by_one_at_most(
    n_rows, n_columns, n_classes, n_splits, seed
):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, (n_rows, n_columns)).astype(float)
    y[rng.random(y.shape) < 0.2] = np.nan
    y[0, 0] = 1
    n_splits = min(n_splits, n_rows)
    splitter = MultiTaskStratifiedKFold(n_splits, shuffle=True, random_state=seed)
    sizes = np.bincount(folds_of(splitter, y), minlength=n_splits)
    assert np.ptp(sizes) <= 1


def test_same_random_state_gives_same_folds_and_another_gives_others():
    _, y = made()
    first, again, other = (
        folds_of(MultiTaskStratifiedKFold(shuffle=True, random_state=seed), y)
        for seed in (0, 0, 1)
    )
    assert_array_equal(first, again)
    assert (first != other).any()


def test_without_shuffle_folds_are_the_same_each_time():
    _, y = made()
    splitter = MultiTaskStratifiedKFold()
    assert_array_equal(folds_of(splitter, y), folds_of(splitter, y))


def test_shuffle_splits_differ_from_each_other_and_repeat():
    _, y = made()
    splitter = MultiTaskStratifiedShuffleSplit(3, random_state=0)
    tests = [test for _, test in splitter.split(None, y)]
    again = [test for _, test in splitter.split(None, y)]
    assert set(tests[0]) != set(tests[1]) != set(tests[2])
    for one, other in zip(tests, again, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"test_size": 0.33},
        {"train_size": 0.33},
        {"test_size": 7},
        {"train_size": 7},
        {"train_size": 7, "test_size": 0.2},
        {"train_size": np.float32(0.5), "test_size": np.int64(3)},
    ],
)
def test_sizes_are_those_of_scikit_learn(sizes):
    _, y = made(101)
    for splitter in (MultiTaskStratifiedShuffleSplit, ShuffleSplit):
        ((train, test),) = splitter(1, random_state=0, **sizes).split(y, y)
        if splitter is MultiTaskStratifiedShuffleSplit:
            ours = len(train), len(test)
    assert ours == (len(train), len(test))


# Any y


def test_container_of_y_does_not_matter():
    _, y = made()
    objects = y.astype(object).where(y.notna(), None)
    strings = y.astype({name: "str" for name in y.select_dtypes("category")})
    first, *others = (
        folds_of(MultiTaskStratifiedKFold(shuffle=True, random_state=0), one)
        for one in (
            y,
            y.set_axis(np.arange(1000, 1000 + len(y))),
            strings,
            pl.from_pandas(strings),
            objects.to_numpy(),
            objects.to_numpy().tolist(),
        )
    )
    for other in others:
        assert_array_equal(first, other)


@pytest.mark.parametrize(
    "y",
    [
        [1, 0, 1, 0, 1, 0],
        pd.Series(["a", "b", None, "a", "b", None]),
        pd.Series([True, False, None] * 2, dtype="boolean"),
        pd.Series([1, None, 3] * 2, dtype="Int64"),
        np.array([0.0, np.inf, -np.inf, 1.0, np.nan, 2.0]),
        pd.Series(
            pd.Categorical(list("abcabc"), categories=list("zcba"), ordered=True)
        ),
    ],
    ids=["list", "strings", "booleans", "integers", "infinite", "ordered"],
)
def test_single_column(y):
    assert_array_equal(np.bincount(folds_of(MultiTaskStratifiedKFold(2), y)), [3, 3])


def test_constant_column_is_split_all_the_same():
    assert_array_equal(
        np.bincount(folds_of(MultiTaskStratifiedKFold(3), np.ones((10, 2)))), [4, 3, 3]
    )


def test_column_without_labels_changes_nothing():
    _, y = made()
    folds = folds_of(MultiTaskStratifiedKFold(), y)
    assert_array_equal(folds, folds_of(MultiTaskStratifiedKFold(), y.assign(no=np.nan)))


# Inside scikit-learn


class Mean(BaseEstimator):
    """Predicts a constant; needs every fold to hold some label of each column."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y):
        self.mean_ = y.select_dtypes("number").mean().to_numpy()
        return self

    def predict(self, X):
        return np.tile(self.mean_ + self.shift, (len(X), 1))

    def score(self, X, y):
        error = y.select_dtypes("number").to_numpy() - self.predict(X)
        return -np.nanmean(error**2)


@pytest.mark.parametrize(
    "cv",
    [
        MultiTaskStratifiedKFold(3),
        MultiTaskStratifiedKFold(3, shuffle=True, random_state=0),
        MultiTaskStratifiedShuffleSplit(3, random_state=0),
    ],
    ids=["folds", "shuffled folds", "splits"],
)
@pytest.mark.parametrize("routing", [False, True])
def test_goes_into_cv(cv, routing):
    X, y = made()
    with sklearn.config_context(enable_metadata_routing=routing):
        assert len(cross_validate(Mean(), X, y, cv=cv)["test_score"]) == 3
        search = GridSearchCV(Mean(), {"shift": [0.0, 1.0]}, cv=cv).fit(X, y)
    assert search.best_params_ == {"shift": 0.0}
    assert search.n_splits_ == 3


def test_cross_val_predict_covers_every_row():
    X, y = made()
    predicted = cross_val_predict(Mean(), X, y, cv=MultiTaskStratifiedKFold(3))
    assert predicted.shape == (400, 2)
    assert np.isfinite(predicted).all()


@pytest.mark.parametrize(
    ("splitter", "shown"),
    [
        (
            MultiTaskStratifiedKFold(3),
            "MultiTaskStratifiedKFold(n_bins=10, n_splits=3, random_state=None, "
            "shuffle=False)",
        ),
        (
            MultiTaskStratifiedShuffleSplit(3, test_size=0.2),
            "MultiTaskStratifiedShuffleSplit(n_bins=10, n_splits=3, random_state=None, "
            "test_size=0.2, train_size=None)",
        ),
    ],
    ids=["folds", "splits"],
)
def test_repr_copies_and_number_of_splits(splitter, shown):
    assert " ".join(repr(splitter).split()) == shown
    assert repr(copy.deepcopy(splitter)) == repr(splitter)
    assert splitter.get_n_splits() == splitter.get_n_splits(X=[[0]], y=[0]) == 3


def test_groups_are_not_ignored_in_silence():
    with pytest.warns(UserWarning, match="groups parameter is ignored"):
        next(MultiTaskStratifiedKFold(2).split(np.zeros((4, 1)), [0, 1, 0, 1], [0] * 4))


# The function


def test_train_test_split_keeps_containers():
    X, y = made()
    arrays = [
        X,
        X.to_numpy(),
        sparse.coo_matrix(X.to_numpy()),
        X.index.tolist(),
        pl.from_pandas(X),
        y["task_0"],
        y,
    ]
    parts = multitask_train_test_split(*arrays, random_state=0)
    assert len(parts) == 2 * len(arrays)
    rows = parts[6]
    assert isinstance(rows, list)
    assert len(rows) == 300
    assert_array_equal(parts[0].index, rows)
    assert_array_equal(parts[2], parts[0])
    assert sparse.issparse(parts[4])
    assert_array_equal(parts[4].toarray(), parts[0])
    assert isinstance(parts[8], pl.DataFrame)
    assert_array_equal(parts[8].to_numpy(), parts[0])
    assert isinstance(parts[10], pd.Series)
    assert parts[12].dtypes.equals(y.dtypes)
    assert_array_equal(parts[12].index, rows)
    assert sorted(rows + parts[7]) == list(range(400))


def test_train_test_split_balances_what_stratify_names():
    X, y = load_student_performance(return_X_y=True, as_frame=True)
    last = multitask_train_test_split(X, y, random_state=0)
    named = multitask_train_test_split(X, stratify=y, random_state=0)
    other = multitask_train_test_split(X, y, stratify=X["age"], random_state=0)
    assert_array_equal(last[0].index, named[0].index)
    assert len(named) == 2
    assert set(last[1].index) != set(other[1].index)
    for name in ("higher", "romantic", "Mjob"):
        train, test = (part[name].value_counts(normalize=True) for part in last[2:])
        assert (train - test).abs().max() < 0.015


def test_train_test_split_takes_what_train_test_split_takes():
    X, y = made(103)
    for sizes in ({}, {"test_size": 10}, {"train_size": 0.5, "test_size": 0.25}):
        ours = multitask_train_test_split(X, y, random_state=0, **sizes)
        theirs = sklearn.model_selection.train_test_split(X, y, **sizes)
        assert [len(part) for part in ours] == [len(part) for part in theirs]


# Errors


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (MultiTaskStratifiedKFold(1), "n_splits=1: pass a whole number of at least 2"),
        (MultiTaskStratifiedKFold(2.5), r"n_splits=2\.5: pass a whole number"),
        (MultiTaskStratifiedKFold(True), "n_splits=True: pass a whole number"),
        (MultiTaskStratifiedKFold(7), "n_splits=7 is more than the 6 rows of y"),
        (MultiTaskStratifiedKFold(2, n_bins=0), "n_bins=0: pass a whole number"),
        (MultiTaskStratifiedKFold(2, random_state=0), "random_state=0 has no effect"),
        (MultiTaskStratifiedShuffleSplit(0), "n_splits=0: pass a whole number"),
        (MultiTaskStratifiedShuffleSplit(n_bins="a"), "n_bins='a': pass a whole"),
        (
            MultiTaskStratifiedShuffleSplit(test_size=1.5),
            r"test_size=1\.5: pass a share between 0 and 1, or a whole number of rows "
            "between 1 and 5",
        ),
        (MultiTaskStratifiedShuffleSplit(train_size=6), "train_size=6: pass a share"),
        (MultiTaskStratifiedShuffleSplit(train_size="half"), "train_size='half': pass"),
        (
            MultiTaskStratifiedShuffleSplit(train_size=4, test_size=0.5),
            r"train_size=4 and test_size=0\.5 ask for 7 rows, but y has 6",
        ),
        (
            MultiTaskStratifiedShuffleSplit(train_size=0.1, test_size=0.5),
            "the training part of 6 rows is empty",
        ),
        (
            MultiTaskStratifiedShuffleSplit(test_size=0.99),
            "the training part of 6 rows is empty",
        ),
    ],
)
def test_wrong_parameters_are_named(splitter, message):
    with pytest.raises(ValueError, match=message):
        next(splitter.split(np.zeros((6, 1)), [0, 1, 0, 1, 0, 1]))


def test_wrong_shuffle_is_named():
    with pytest.raises(TypeError, match="shuffle='yes': pass True or False"):
        next(MultiTaskStratifiedKFold(2, shuffle="yes").split(None, [0, 1]))


@pytest.mark.parametrize(
    "splitter", [MultiTaskStratifiedKFold(2), MultiTaskStratifiedShuffleSplit(2)]
)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y=None: MultiTaskStratified.* balances the labels of y. Pass y"),
        (np.full((6, 2), np.nan), "All 6 labels of each column of y are missing"),
        ([0, 1, 0], "inconsistent numbers of samples"),
        (pd.DataFrame(index=range(6)), "y has no column"),
    ],
    ids=["none", "all missing", "too short", "no column"],
)
def test_wrong_y_is_named(splitter, y, message):
    with pytest.raises(ValueError, match=message):
        next(splitter.split(np.zeros((6, 1)), y))


def test_function_without_arrays():
    with pytest.raises(ValueError, match="There is no array to split"):
        multitask_train_test_split()
