"""A splitter that keeps groups whole and balances every column of y."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state

from sklearn_mtl.model_selection._checks import read_labels
from sklearn_mtl.model_selection._group_stratification import deal_groups
from sklearn_mtl.model_selection._levels import read_levels
from sklearn_mtl.model_selection._splitters import MultiTaskStratifiedKFold
from sklearn_mtl.tables import read_groups


class MultiTaskStratifiedGroupKFold(MultiTaskStratifiedKFold):
    """Folds of whole groups that are balanced over every column of y.

    Rows of one group (a patient, a site, a molecule) are in one fold; among the ways
    to deal groups, one is taken that gives each fold about its share of each class, of
    each range of a number and of the labels that are missing, in all columns at once.

    Read more in the :ref:`User Guide <groups>`.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds. Must be at least 2, and at most the number of groups.

    n_bins : int, default=10
        A numeric column with more distinct values than this is cut by rank into that
        many bins of equally many rows. With fewer distinct values, each value is
        balanced by itself.

    shuffle : bool, default=False
        Whether to shuffle the groups before they are dealt. Large groups go first all
        the same.

    random_state : int, RandomState instance or None, default=None
        When `shuffle` is True, `random_state` affects the ordering of the groups. Pass
        an int for reproducible output across multiple function calls.

    See Also
    --------
    MultiTaskStratifiedKFold : Balanced folds of rows that stand alone.
    sklearn.model_selection.StratifiedGroupKFold : For one column of classes.

    Notes
    -----
    - Each row is in the test part of exactly one fold, and no fold is empty.
    - Groups are dealt one by one, the largest first, each to the fold that has least
      of what it holds. Balance is as good as the sizes of the groups allow.

    Examples
    --------
    Six patients of two visits; two are ill, and one visit has no pulse:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_mtl.model_selection import MultiTaskStratifiedGroupKFold
    >>> patient = np.repeat(["a", "b", "c", "d", "e", "f"], 2)
    >>> y = pd.DataFrame({
    ...     "ill": [True] * 4 + [False] * 8,
    ...     "pulse": [90.0, 91, 95, np.nan, 60, 61, 62, 63, 64, 65, 66, 67],
    ... })
    >>> X = np.zeros((12, 1))
    >>> folds = MultiTaskStratifiedGroupKFold(n_splits=2)
    >>> for train, test in folds.split(X, y, patient):
    ...     print(sorted(set(patient[test].tolist())), y["ill"].iloc[test].sum())
    ['a', 'c', 'e'] 2
    ['b', 'd', 'f'] 2
    """

    # Where metadata are routed, groups are asked for, as by sklearn's group splitters.
    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

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

        groups : array-like of shape (n_samples,)
            The group of each row: numbers, strings or dates.

        Yields
        ------
        train : ndarray
            The training set indices for that split.

        test : ndarray
            The testing set indices for that split.
        """
        self._check_parameters()
        if groups is None:
            raise ValueError(
                "groups=None: MultiTaskStratifiedGroupKFold keeps groups whole. Pass "
                "groups, or use MultiTaskStratifiedKFold where rows stand alone."
            )
        table = read_labels(self, X, y)
        codes = read_groups(groups, np.ones(len(table), dtype=bool)).codes
        n_groups = int(codes.max()) + 1
        if self.n_splits > n_groups:
            fewer = f"at most n_splits={n_groups}, or " if n_groups > 1 else ""
            raise ValueError(
                f"n_splits={self.n_splits} is more than the number of distinct groups, "
                f"{n_groups}. Pass {fewer}finer groups."
            )
        levels = read_levels(
            table, n_bins=self.n_bins, smallest_share=1 / self.n_splits
        )
        order = np.arange(n_groups)
        if self.shuffle:
            check_random_state(self.random_state).shuffle(order)
        folds = deal_groups(levels, codes, self.n_splits, order)
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
