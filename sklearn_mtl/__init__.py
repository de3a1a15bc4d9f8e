"""Multi-task learning that is at home in scikit-learn.

One shared neural network whose heads are the columns of y.
"""

from sklearn_mtl.estimators import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)

__version__ = "0.1.0"

__all__ = [
    "MultiTaskNetClassifier",
    "MultiTaskNetEstimator",
    "MultiTaskNetRegressor",
]
