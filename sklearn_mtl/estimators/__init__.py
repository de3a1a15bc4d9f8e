"""The estimators: parameters, checks, fit, predict and score."""

from sklearn_mtl.estimators._multitask_net import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.estimators._views import TaskClassifier, TaskRegressor

__all__ = [
    "MultiTaskNetClassifier",
    "MultiTaskNetEstimator",
    "MultiTaskNetRegressor",
    "TaskClassifier",
    "TaskRegressor",
]
