"""Folds and splits balanced over every column of y, and predictions out of fold.

Names outside ``__all__`` are for the rooms above.
"""

from sklearn_mtl.model_selection._checks import check_has_rows as check_has_rows
from sklearn_mtl.model_selection._cross_val_predict import cross_val_predict
from sklearn_mtl.model_selection._group_splitter import MultiTaskStratifiedGroupKFold
from sklearn_mtl.model_selection._pairs import pair_of as pair_of
from sklearn_mtl.model_selection._pairs import pairs_of as pairs_of
from sklearn_mtl.model_selection._pairs import rows_of as rows_of
from sklearn_mtl.model_selection._refit import RefitByScoredFolds
from sklearn_mtl.model_selection._splitters import (
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    multitask_train_test_split,
)
from sklearn_mtl.model_selection._stacked_halving import (
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
)
from sklearn_mtl.model_selection._stacked_search import (
    StackedGridSearchCV,
    StackedRandomizedSearchCV,
)

__all__ = [
    "MultiTaskStratifiedGroupKFold",
    "MultiTaskStratifiedKFold",
    "MultiTaskStratifiedShuffleSplit",
    "RefitByScoredFolds",
    "StackedGridSearchCV",
    "StackedHalvingGridSearchCV",
    "StackedHalvingRandomSearchCV",
    "StackedRandomizedSearchCV",
    "cross_val_predict",
    "multitask_train_test_split",
]
