"""Folds and splits that are balanced over every column of y."""

from sklearn_mtl.model_selection._splitters import (
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    multitask_train_test_split,
)

__all__ = [
    "MultiTaskStratifiedKFold",
    "MultiTaskStratifiedShuffleSplit",
    "multitask_train_test_split",
]
