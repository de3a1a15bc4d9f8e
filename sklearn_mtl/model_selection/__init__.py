"""Folds and splits balanced over every column of y, and predictions out of fold."""

from sklearn_mtl.model_selection._cross_val_predict import cross_val_predict
from sklearn_mtl.model_selection._group_splitter import MultiTaskStratifiedGroupKFold
from sklearn_mtl.model_selection._refit import RefitByScoredFolds
from sklearn_mtl.model_selection._splitters import (
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    multitask_train_test_split,
)

__all__ = [
    "MultiTaskStratifiedGroupKFold",
    "MultiTaskStratifiedKFold",
    "MultiTaskStratifiedShuffleSplit",
    "RefitByScoredFolds",
    "cross_val_predict",
    "multitask_train_test_split",
]
