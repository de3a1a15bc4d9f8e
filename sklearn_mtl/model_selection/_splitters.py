"""Splitters of scikit-learn's kind that balance every column of y."""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator, BaseShuffleSplit
from sklearn.utils import _safe_indexing, check_random_state, indexable

from sklearn_mtl.model_selection._checks import (
    check_count,
    check_shuffle,
    ignore_groups,
    is_number,
    read_labels,
)
from sklearn_mtl.model_selection._levels import read_levels
from sklearn_mtl.model_selection._stratification import deal_rows


class MultiTaskStratifiedKFold(BaseCrossValidator):
    """Cross-validation folds that are balanced over every column of y.

    Each fold gets its share of each class, of each range of a number and of the labels
    that are missing, in all columns at once, by iterative stratification [1]_. `y` may
    mix columns of any kind, have one column or many, and lack labels.

    Read more in the :ref:`User Guide <splits>`.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds. Must be at least 2.

    n_bins : int, default=10
        A numeric column with more distinct values than this is cut by rank into that
        many bins of equally many rows, fewer if a fold would not get a row of each.
        With fewer distinct values, each value is balanced by itself.

    shuffle : bool, default=False
        Whether to shuffle the rows before they are dealt. If False, rows with the same
        labels go to the folds in the order of the table.

    random_state : int, RandomState instance or None, default=None
        When `shuffle` is True, `random_state` affects the ordering of the rows. Pass
        an int for reproducible output across multiple function calls.

    See Also
    --------
    MultiTaskStratifiedShuffleSplit : Random splits, balanced in the same way.
    sklearn.model_selection.StratifiedKFold : For one column of classes.

    Notes
    -----
    - Each row is in the test part of exactly one fold, and the sizes of the folds
      differ by at most 1.
    - A level (a class, a bin, or "missing") with fewer rows than there are folds is
      spread one row a fold, as far as the other columns leave room for it. Levels of a
      single row are balanced together.
    - Rows are dealt in portions rather than one by one, which is fast on large tables,
      and a fold is chosen by all columns of a row rather than by its rarest level,
      which balances better.

    References
    ----------
    .. [1] K. Sechidis, G. Tsoumakas and I. Vlahavas, "On the Stratification of
       Multi-Label Data", ECML PKDD 2011, LNCS 6913, pp. 145-158.
       doi:10.1007/978-3-642-23808-6_10

    Examples
    --------
    One row in five is "rare", two in five lack a price:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
    >>> y = pd.DataFrame({
    ...     "kind": ["rare"] * 2 + ["common"] * 8,
    ...     "price": [1.0, np.nan, 2.0, 3.0, 4.0, 5.0, 6.0, np.nan, np.nan, np.nan],
    ... })
    >>> X = np.zeros((10, 1))
    >>> folds = MultiTaskStratifiedKFold(n_splits=2)
    >>> for train, test in folds.split(X, y):
    ...     labels = y.iloc[test]
    ...     print(test, (labels["kind"] == "rare").sum(), labels["price"].isna().sum())
    [0 3 5 7 9] 1 2
    [1 2 4 6 8] 1 2
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        n_bins: int = 10,
        shuffle: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.n_bins = n_bins
        self.shuffle = shuffle
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Always ignored, exist for API compatibility.

        Returns
        -------
        int
            Number of folds.
        """
        return self.n_splits

    def _check_parameters(self) -> None:
        check_count("n_splits", self.n_splits, least=2)
        check_count("n_bins", self.n_bins, least=1)
        check_shuffle(self.shuffle, self.random_state)

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generate indices to split data into training and test set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or None
            Training data. Only its number of rows is looked at.

        y : array-like or data frame of shape (n_samples,) or (n_samples, n_tasks)
            The labels to balance, NaN or None where missing.

        groups : object
            Always ignored, exists for API compatibility.

        Yields
        ------
        train : ndarray
            The training set indices for that split.

        test : ndarray
            The testing set indices for that split.
        """
        self._check_parameters()
        ignore_groups(self, groups)
        table = read_labels(self, X, y)
        n_rows = len(table)
        if self.n_splits > n_rows:
            raise ValueError(
                f"n_splits={self.n_splits} is more than the {n_rows} rows of y. Pass "
                f"at most n_splits={n_rows}."
            )
        sizes = np.full(self.n_splits, n_rows // self.n_splits)
        sizes[: n_rows % self.n_splits] += 1
        levels = read_levels(
            table, n_bins=self.n_bins, smallest_share=1 / self.n_splits
        )
        order = np.arange(n_rows)
        if self.shuffle:
            check_random_state(self.random_state).shuffle(order)
        folds = deal_rows(levels, sizes, order)
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


class MultiTaskStratifiedShuffleSplit(BaseShuffleSplit):
    """Random splits whose parts are balanced over every column of y.

    Training and test part each get their share of each class, of each range of a
    number and of the labels that are missing, in all columns at once. The splits are
    drawn independently: unlike with folds, a row can be in several test parts.

    Read more in the :ref:`User Guide <splits>`.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits.

    n_bins : int, default=10
        A numeric column with more distinct values than this is cut by rank into that
        many bins of equally many rows, fewer if a part would not get a row of each.
        With fewer distinct values, each value is balanced by itself.

    test_size : float or int, default=None
        If float, the proportion of the rows to include in the test part. If int, the
        number of test rows. If None, the complement of `train_size`; if that is None
        too, 0.1.

    train_size : float or int, default=None
        If float, the proportion of the rows to include in the training part. If int,
        the number of training rows. If None, the complement of the test part.

    random_state : int, RandomState instance or None, default=None
        Controls the randomness of the splits. Pass an int for reproducible output
        across multiple function calls.

    See Also
    --------
    MultiTaskStratifiedKFold : Folds: each row is tested once.
    multitask_train_test_split : One such split, applied to arrays.
    sklearn.model_selection.StratifiedShuffleSplit : For one column of classes.

    Notes
    -----
    Sizes are those of :class:`~sklearn.model_selection.ShuffleSplit`, and exact. How
    rows are dealt is told in :class:`MultiTaskStratifiedKFold`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.model_selection import MultiTaskStratifiedShuffleSplit
    >>> y = np.array([["a", "x"], ["a", "y"], ["b", "x"], ["b", "y"]] * 2)
    >>> X = np.zeros((8, 1))
    >>> splits = MultiTaskStratifiedShuffleSplit(2, test_size=0.5, random_state=0)
    >>> for train, test in splits.split(X, y):
    ...     print(sorted("".join(labels) for labels in y[test]))
    ['ax', 'ay', 'bx', 'by']
    ['ax', 'ay', 'bx', 'by']
    """

    def __init__(
        self,
        n_splits: int = 10,
        *,
        n_bins: int = 10,
        test_size: float | int | None = None,
        train_size: float | int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(
            n_splits,
            test_size=test_size,
            train_size=train_size,
            random_state=random_state,
        )
        self.n_bins = n_bins

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generate indices to split data into training and test set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or None
            Training data. Only its number of rows is looked at.

        y : array-like or data frame of shape (n_samples,) or (n_samples, n_tasks)
            The labels to balance, NaN or None where missing.

        groups : object
            Always ignored, exists for API compatibility.

        Yields
        ------
        train : ndarray
            The training set indices for that split, in random order.

        test : ndarray
            The testing set indices for that split, in random order.
        """
        check_count("n_splits", self.n_splits, least=1)
        check_count("n_bins", self.n_bins, least=1)
        ignore_groups(self, groups)
        table = read_labels(self, X, y)
        n_rows = len(table)
        sizes = _part_sizes(n_rows, self.train_size, self.test_size, default_test=0.1)
        levels = read_levels(
            table, n_bins=self.n_bins, smallest_share=sizes[:2].min() / n_rows
        )
        rng = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            order = rng.permutation(n_rows)
            parts = deal_rows(levels, sizes[sizes > 0], order)[order]
            yield order[parts == 0], order[parts == 1]


def multitask_train_test_split(
    *arrays: Any,
    stratify: Any = None,
    n_bins: int = 10,
    test_size: float | int | None = None,
    train_size: float | int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> list[Any]:
    """Split arrays into random train and test parts, balanced over every column of y.

    As :func:`~sklearn.model_selection.train_test_split`, except that the split is
    always stratified, and by as many columns of any kind as `y` has.

    Read more in the :ref:`User Guide <splits>`.

    Parameters
    ----------
    *arrays : sequence of array-like with the same number of rows
        Arrays, lists, data frames or sparse matrices.

    stratify : array-like or data frame, default=None
        The labels to balance, of shape (n_samples,) or (n_samples, n_tasks), NaN or
        None where missing. If None, the last of `arrays`.

    n_bins : int, default=10
        A numeric column with more distinct values than this is cut by rank into that
        many bins of equally many rows, fewer if a part would not get a row of each.
        With fewer distinct values, each value is balanced by itself.

    test_size : float or int, default=None
        If float, the proportion of the rows to include in the test part. If int, the
        number of test rows. If None, the complement of `train_size`; if that is None
        too, 0.25.

    train_size : float or int, default=None
        If float, the proportion of the rows to include in the training part. If int,
        the number of training rows. If None, the complement of the test part.

    random_state : int, RandomState instance or None, default=None
        Controls the randomness of the split. Pass an int for reproducible output
        across multiple function calls.

    Returns
    -------
    list of length 2 * len(arrays)
        The train and the test part of each array, each in its own kind of container;
        sparse matrices come back in CSR format.

    See Also
    --------
    MultiTaskStratifiedShuffleSplit : Many such splits, for a parameter `cv`.
    sklearn.model_selection.train_test_split : For one column of classes.

    Examples
    --------
    >>> from sklearn_mtl.datasets import load_student_performance
    >>> from sklearn_mtl.model_selection import multitask_train_test_split
    >>> X, y = load_student_performance(return_X_y=True, as_frame=True)
    >>> X_train, X_test, y_train, y_test = multitask_train_test_split(
    ...     X, y, random_state=0
    ... )
    >>> y_train["Mjob"].value_counts(normalize=True).round(2).to_list()
    [0.4, 0.21, 0.21, 0.11, 0.07]
    >>> y_test["Mjob"].value_counts(normalize=True).round(2).to_list()
    [0.4, 0.21, 0.21, 0.11, 0.07]
    """
    if not arrays:
        raise ValueError("There is no array to split. Pass at least one.")
    if test_size is None and train_size is None:
        test_size = 0.25
    arrays = indexable(*arrays)
    labels = arrays[-1] if stratify is None else stratify
    splits = MultiTaskStratifiedShuffleSplit(
        1,
        n_bins=n_bins,
        test_size=test_size,
        train_size=train_size,
        random_state=random_state,
    )
    ((train, test),) = splits.split(arrays[0], labels)
    return [_safe_indexing(array, rows) for array in arrays for rows in (train, test)]


def _part_sizes(
    n_rows: int, train_size: Any, test_size: Any, *, default_test: float
) -> np.ndarray:
    """Rows of the training part, of the test part and of neither."""
    if train_size is None and test_size is None:
        test_size = default_test
    n_train = _part_size("train_size", train_size, n_rows, math.floor)
    n_test = _part_size("test_size", test_size, n_rows, math.ceil)
    n_train = n_rows - n_test if train_size is None else n_train
    n_test = n_rows - n_train if test_size is None else n_test
    asked = f"train_size={train_size!r} and test_size={test_size!r}"
    if n_train + n_test > n_rows:
        raise ValueError(
            f"{asked} ask for {n_train + n_test} rows, but y has {n_rows}. Pass "
            "smaller sizes, or only one of them."
        )
    if n_train < 1 or n_test < 1:
        empty = "training" if n_train < 1 else "test"
        raise ValueError(
            f"With {asked}, the {empty} part of {n_rows} rows is empty. Pass other "
            "sizes, or more rows."
        )
    return np.array([n_train, n_test, n_rows - n_train - n_test])


def _part_size(name: str, size: Any, n_rows: int, rounded: Any) -> int:
    if size is None:
        return 0
    if is_number(size, Integral) and 0 < size < n_rows:
        return int(size)
    if is_number(size, Real) and 0 < size < 1:
        return int(rounded(size * n_rows))
    raise ValueError(
        f"{name}={size!r}: pass a share between 0 and 1, or a whole number of rows "
        f"between 1 and {n_rows - 1}."
    )
