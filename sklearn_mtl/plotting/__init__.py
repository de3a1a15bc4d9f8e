"""Displays in scikit-learn's style. Drawing needs matplotlib, the extra ``plot``."""

from sklearn_mtl.plotting._feature_importances import FeatureImportancesDisplay
from sklearn_mtl.plotting._gate_usage import GateUsageDisplay
from sklearn_mtl.plotting._residual_dependence import ResidualDependenceDisplay
from sklearn_mtl.plotting._task_affinity import TaskAffinityDisplay
from sklearn_mtl.plotting._task_comparison import TaskComparisonDisplay
from sklearn_mtl.plotting._training_curve import TrainingCurveDisplay

__all__ = [
    "FeatureImportancesDisplay",
    "GateUsageDisplay",
    "ResidualDependenceDisplay",
    "TaskAffinityDisplay",
    "TaskComparisonDisplay",
    "TrainingCurveDisplay",
]
