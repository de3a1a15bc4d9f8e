"""Stacked searches that are to end in time."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.tree import DecisionTreeRegressor

from sklearn_mtl.model_selection import (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
)
from tests.model_selection.test_stacked_search import NUMBERS, X, Y, compare, small

SHORT = 1e-9


def test_time_limit_breaks_off_what_is_then_scored():
    grid = {"hidden_layer_sizes": [(3,), (4,)], "alpha": [0.0, 0.1]}
    search = StackedGridSearchCV(
        small(max_iter=500), grid, cv=2, refit=False, time_limit=SHORT
    )

    with pytest.warns(ConvergenceWarning, match=r"time_limit=1e-09 .* ended 8 of 8"):
        search.set_params(scoring=epochs_and_score).fit(X, Y)

    assert (search.cv_results_["mean_test_epochs"] == 1).all()
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def epochs_and_score(net, X, y):
    return {"epochs": net.n_iter_, "score": net.score(X, y)}


def test_time_limit_that_is_long_enough_changes_nothing():
    compare(small(), {"alpha": [0.0, 0.1]}, time_limit=1e3)


@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
def test_time_limit_ends_all_rounds(resource):
    most = {"max_resources": 8} if resource == "max_iter" else {"min_resources": 20}
    search = StackedHalvingGridSearchCV(
        small(),
        {"alpha": [0.0, 0.1, 0.2]},
        resource=resource,
        cv=2,
        refit=False,
        time_limit=SHORT,
        **most,
    )

    with pytest.warns(ConvergenceWarning, match="time_limit"):
        search.fit(X, Y)

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.filterwarnings("ignore:time_limit")
def test_fits_by_themselves_do_not_begin_without_time():
    tree = DecisionTreeRegressor()
    search = StackedGridSearchCV(tree, {"max_depth": [1, 2]}, cv=2, time_limit=SHORT)

    with pytest.raises(ValueError, match="TimeoutError"):
        search.fit(NUMBERS, NUMBERS)


@pytest.mark.parametrize("time_limit", [0, -1.0, "1 h"], ids=str)
def test_time_limit_is_a_positive_number(time_limit):
    search = StackedGridSearchCV(small(), {"alpha": [0.0]}, time_limit=time_limit)

    with pytest.raises(ValueError, match="'time_limit' parameter"):
        search.fit(X, Y)
