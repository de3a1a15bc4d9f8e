"""The types of this package, and of its parameters, that skops asks trust for."""

from sklearn.utils._metadata_requests import MetadataRequest, MethodMetadataRequest

from sklearn_mtl.balancing import BALANCING
from sklearn_mtl.estimators import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
    TaskClassifier,
    TaskRegressor,
)
from sklearn_mtl.metrics import TaskScorer, TaskScorers
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedGroupKFold,
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
)
from sklearn_mtl.nn import SHARING, Autoencoder, VariationalAutoencoder
from sklearn_mtl.tasks import (
    Binary,
    Censored,
    ClassTree,
    Count,
    GammaRegression,
    HeteroscedasticRegression,
    HuberRegression,
    LaplaceRegression,
    Multiclass,
    NegativeBinomial,
    Ordinal,
    Quantile,
    Regression,
    Simplex,
    Survival,
)

_ESTIMATORS = (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
    TaskClassifier,
    TaskRegressor,
)
_SEARCHES = (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
)
_PARAMETERS = (
    *BALANCING.values(),
    Autoencoder,
    Binary,
    Censored,
    ClassTree,
    Count,
    GammaRegression,
    HeteroscedasticRegression,
    HuberRegression,
    LaplaceRegression,
    Multiclass,
    MultiTaskStratifiedGroupKFold,
    MultiTaskStratifiedKFold,
    MultiTaskStratifiedShuffleSplit,
    NegativeBinomial,
    Ordinal,
    Quantile,
    Regression,
    Simplex,
    Survival,
    TaskScorer,
    TaskScorers,
    VariationalAutoencoder,
)

_REQUESTS = MetadataRequest, MethodMetadataRequest
"""Which metadata an estimator asks for, as `set_fit_request` stores them: names."""

TRUSTED_TYPES: list[str] = [
    f"{kind.__module__}.{kind.__qualname__}"
    for kind in (
        *_ESTIMATORS,
        *_SEARCHES,
        *_PARAMETERS,
        *SHARING.values(),
        *_REQUESTS,
    )
]
"""Estimators, views and parameters, as ``skops.io.load(path, trusted=...)`` and
``mlflow.sklearn.log_model(..., skops_trusted_types=...)`` take them.

To trust them is safe: what a file holds of a fitted net beside its parameters is read
as `load` reads it. skops names other types, such as a splitter of scikit-learn, where a
file holds some.
"""
