"""The estimators: parameters, checks, fit, predict and score.

Names outside ``__all__`` are for the rooms above.
"""

from sklearn_mtl.estimators._auto_sizes import number_of_members as number_of_members
from sklearn_mtl.estimators._base import BaseMultiTaskNet as BaseMultiTaskNet
from sklearn_mtl.estimators._fit import fit_arranged as fit_arranged
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._known_labels import held_out_labels as held_out_labels
from sklearn_mtl.estimators._layer_sizes import shared_sizes as shared_sizes
from sklearn_mtl.estimators._multitask_net import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.estimators._reading import n_rows_of as n_rows_of
from sklearn_mtl.estimators._reading import seed_of as seed_of
from sklearn_mtl.estimators._task_views import TaskClassifier, TaskRegressor
from sklearn_mtl.estimators._twins import codes_of_rows as codes_of_rows
from sklearn_mtl.estimators._watched import watch_weights as watch_weights

__all__ = [
    "FittedStack",
    "MultiTaskNetClassifier",
    "MultiTaskNetEstimator",
    "MultiTaskNetRegressor",
    "TaskClassifier",
    "TaskRegressor",
]
