"""Tables and folds that tests of splits share."""

import numpy as np
from numpy.testing import assert_array_equal

from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.model_selection._levels import read_levels
from sklearn_mtl.tables import TargetTable


def made(n_samples=400, missing=0.3, random_state=0, **kwargs):
    return make_multitask(
        n_samples,
        5,
        n_tasks=["regression", "binary", "multiclass", "ordinal", "count"],
        missing=missing,
        as_frame=True,
        random_state=random_state,
        **kwargs,
    )


def levels_of(y, n_bins=10, n_splits=5):
    return read_levels(TargetTable(y), n_bins=n_bins, smallest_share=1 / n_splits)


def folds_of(splitter, y):
    """Return the fold whose test part each row is in."""
    folds = np.full(len(y), -1)
    for fold, (train, test) in enumerate(splitter.split(np.zeros((len(y), 1)), y)):
        assert (folds[test] == -1).all()
        assert_array_equal(np.sort(np.r_[train, test]), np.arange(len(y)))
        folds[test] = fold
    assert (folds >= 0).all()
    return folds
