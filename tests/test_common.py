"""scikit-learn's own checks: every estimator, several configurations each."""

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.nn import VariationalAutoencoder
from tests.helpers import ESTIMATORS

BATCHES = (
    "A row of weight 2 and the same row twice fall into different mini-batches, and "
    "members hold out different rows; the full-batch instance passes."
)
WITH_BATCHES = {
    "check_sample_weight_equivalence_on_dense_data": BATCHES,
    "check_sample_weight_equivalence_on_sparse_data": BATCHES,
}

SMALL = {"hidden_layer_sizes": (16,), "n_members": 2, "random_state": 0}
FULL_BATCH = {
    **SMALL,
    "dropout": 0.0,
    "n_bins": 0,
    "early_stopping": False,
    "batch_size": 10_000,
    "dtype": "float64",
    "max_iter": 15,
}
# The checks train on tables of a few dozen rows: few steps make an epoch there.
CONFIGURATIONS = {
    MultiTaskNetEstimator: [
        ({**SMALL, "max_iter": 3}, WITH_BATCHES),
        ({**SMALL, "max_iter": 3, "task_types": "multiclass"}, WITH_BATCHES),
        (
            {
                **SMALL,
                "max_iter": 3,
                "head_hidden_layer_sizes": (4,),
                "dropout": 0.1,
            },
            WITH_BATCHES,
        ),
        (
            {
                **SMALL,
                "max_iter": 3,
                "task_types": "multiclass",
                "reconstruction": VariationalAutoencoder(n_units=4, noise=0.1),
            },
            WITH_BATCHES,
        ),
        # The check's labels are 0, 1 and 2, and it wants predict_proba if there was
        # one before fit: they must not be read as numbers.
        ({**FULL_BATCH, "task_types": "multiclass"}, {}),
    ],
    MultiTaskNetRegressor: [
        ({**SMALL, "max_iter": 15, "learning_rate_init": 0.1}, WITH_BATCHES),
        (
            {
                **SMALL,
                "early_stopping": False,
                "max_iter": 20,
                "learning_rate_init": 0.03,
                "head_hidden_layer_sizes": (4,),
                "dropout": 0.05,
            },
            WITH_BATCHES,
        ),
        ({**FULL_BATCH, "learning_rate_init": 0.1, "max_iter": 20}, {}),
    ],
    MultiTaskNetClassifier: [
        ({**SMALL, "max_iter": 10, "learning_rate_init": 0.1}, WITH_BATCHES),
        (
            {
                **SMALL,
                "solver": "sgd",
                "early_stopping": False,
                "max_iter": 20,
                "learning_rate_init": 0.1,
                "head_hidden_layer_sizes": (4,),
                "dropout": 0.1,
            },
            WITH_BATCHES,
        ),
        (
            {
                **SMALL,
                "max_iter": 10,
                "learning_rate_init": 0.1,
                "task_types": "multiclass",
            },
            WITH_BATCHES,
        ),
        ({**FULL_BATCH, "learning_rate_init": 0.02, "max_iter": 20}, {}),
    ],
}
SLOW = "check_class_weight_classifiers"
EXPECTED = {
    str(cls(**parameters)): expected
    for cls, configurations in CONFIGURATIONS.items()
    for parameters, expected in configurations
}


def name_of(check):
    return getattr(check, "func", check).__name__


@parametrize_with_checks(
    [
        cls(**parameters)
        for cls, configurations in CONFIGURATIONS.items()
        for parameters, _ in configurations
    ],
    expected_failed_checks=lambda estimator: EXPECTED[str(estimator)],
    xfail_strict=True,
)
def test_checks_of_scikit_learn(estimator, check):
    if name_of(check) == SLOW and not estimator.early_stopping:
        pytest.skip("sets max_iter=1000; checked where members stop early")
    check(estimator)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_wrong_parameters_are_refused(cls):
    check_param_validation(cls.__name__, cls(**SMALL, max_iter=2))


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_names_of_columns_are_kept_and_compared(cls):
    check_dataframe_column_names_consistency(cls.__name__, cls(**SMALL, max_iter=2))


@pytest.mark.parametrize("cls", ESTIMATORS)
@pytest.mark.parametrize(
    "check",
    [
        check_sample_weight_equivalence_on_dense_data,
        check_sample_weight_equivalence_on_sparse_data,
    ],
)
def test_full_batch_takes_a_weight_for_a_repeated_row(cls, check):
    kinds = {"task_types": "multiclass"} if cls is MultiTaskNetEstimator else {}
    check(cls.__name__, cls(**FULL_BATCH, **kinds))
