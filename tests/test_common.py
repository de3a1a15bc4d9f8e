"""scikit-learn's own checks: every estimator, several configurations each."""

import numpy as np
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

ESTIMATORS = (MultiTaskNetEstimator, MultiTaskNetRegressor, MultiTaskNetClassifier)

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
    "early_stopping": False,
    "batch_size": 10_000,
    "dtype": "float64",
    "max_iter": 30,
}
# Batches of two rows reach the accuracy that the checks ask for in few epochs.
CONFIGURATIONS = {
    MultiTaskNetEstimator: [
        ({**SMALL, "max_iter": 10}, WITH_BATCHES),
        ({**SMALL, "max_iter": 5, "task_types": "multiclass"}, WITH_BATCHES),
        (
            {
                **SMALL,
                "max_iter": 5,
                "head_hidden_layer_sizes": (4,),
                "dropout": 0.1,
            },
            WITH_BATCHES,
        ),
        (FULL_BATCH, {}),
        ({**FULL_BATCH, "task_types": "multiclass"}, {}),
    ],
    MultiTaskNetRegressor: [
        ({**SMALL, "max_iter": 80, "learning_rate_init": 0.01}, WITH_BATCHES),
        (
            {
                **SMALL,
                "early_stopping": False,
                "max_iter": 60,
                "learning_rate_init": 0.01,
                "head_hidden_layer_sizes": (4,),
                "dropout": 0.05,
            },
            WITH_BATCHES,
        ),
        ({**FULL_BATCH, "learning_rate_init": 0.05, "max_iter": 60}, {}),
    ],
    MultiTaskNetClassifier: [
        ({**SMALL, "max_iter": 60, "learning_rate_init": 0.01}, WITH_BATCHES),
        (
            {
                **SMALL,
                "early_stopping": False,
                "max_iter": 60,
                "learning_rate_init": 0.01,
                "head_hidden_layer_sizes": (4,),
                "dropout": 0.1,
            },
            WITH_BATCHES,
        ),
        (
            {
                **SMALL,
                "max_iter": 60,
                "learning_rate_init": 0.01,
                "task_types": "multiclass",
            },
            WITH_BATCHES,
        ),
        ({**FULL_BATCH, "learning_rate_init": 0.05, "max_iter": 60}, {}),
    ],
}
EXPECTED = {
    str(cls(**parameters)): expected
    for cls, configurations in CONFIGURATIONS.items()
    for parameters, expected in configurations
}


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
    check(cls.__name__, cls(**FULL_BATCH))


def test_expected_failures_name_checks_that_run():
    """A renamed check must not be waved through by an old name."""
    names = set(WITH_BATCHES)
    available = {
        check_sample_weight_equivalence_on_dense_data.__name__,
        check_sample_weight_equivalence_on_sparse_data.__name__,
    }
    assert names == available
    assert len(EXPECTED) == sum(map(len, CONFIGURATIONS.values()))
    assert np.all([e in ({}, WITH_BATCHES) for e in EXPECTED.values()])
