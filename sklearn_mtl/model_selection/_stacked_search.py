"""Searches that train their candidates side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Real
from types import FunctionType
from typing import Any, ClassVar, cast

import numpy as np
from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils._param_validation import Interval

from sklearn_mtl.exceptions import each_told_once
from sklearn_mtl.model_selection._groups_of_members import groups_of_members
from sklearn_mtl.model_selection._stacked_calls import StackedCalls, asked
from sklearn_mtl.model_selection._stacked_docs import with_sections
from sklearn_mtl.tables import warn_of_another_order


def _with_globals(function: Any, **names: Any) -> Callable[..., Any]:
    """Copy a function that finds other things under some of its global names."""
    copied = FunctionType(
        function.__code__,
        function.__globals__ | names,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copied.__kwdefaults__, copied.__doc__ = function.__kwdefaults__, function.__doc__
    return cast(Callable[..., Any], copied)


class StackedSearch(BaseSearchCV):
    """scikit-learn's search, whose fits are evaluated by `StackedCalls`.

    All else, from splits to ``cv_results_``, stays scikit-learn's: its `fit` has no
    other place to say how fits are evaluated than the joblib that it calls.
    """

    _calls: ClassVar[type[StackedCalls]] = StackedCalls
    time_limit: float | None

    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Evaluate all candidates, and refit the best one.

        Parameters
        ----------
        X, y : array-like or data frame
            As `fit` of the estimator takes them.
        **params : dict
            Further arguments of `fit` of the estimator and of its splitter, as
            scikit-learn routes them. Where it routes none, `groups` reach the net
            too: its members hold out whole groups of the rows that a split trains on.

        Returns
        -------
        self
            The search, with what it found.
        """
        calls = partial(
            self._calls, time_limit=self.time_limit, handed=self._handed_on(params)
        )
        names = {"Parallel": calls, "delayed": asked}
        evaluate = _with_globals(BaseSearchCV.fit.__wrapped__, **names)
        made = _fit_context(prefer_skip_nested_validation=False)(evaluate)
        with each_told_once():
            warn_of_another_order(X, y, "y")
            warn_of_another_order(X, params.get("groups"), "groups")
            return made(self, X, y, **params)

    def _handed_on(self, params: dict[str, Any]) -> dict[str, Any]:
        """Give the groups that reach the net, though scikit-learn routes none."""
        if get_config()["enable_metadata_routing"]:
            return {}
        own = {name: value for name, value in params.items() if name != "groups"}
        return groups_of_members(self.estimator, params.get("groups"), own)

    def _get_routed_params_for_fit(self, params: dict[str, Any]) -> Any:
        routed = super()._get_routed_params_for_fit(params)
        routed.estimator.fit.update(self._handed_on(params))
        return routed

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X; scikit-learn's text refers to its glossary."""
        n_columns: int = super().n_features_in_
        return n_columns


TIME_LIMIT = {"time_limit": [Interval(Real, 0, None, closed="neither"), None]}


@with_sections
class StackedGridSearchCV(GridSearchCV, StackedSearch):
    """Search over a grid, all candidates and splits of one shape trained as one stack.

    It takes the place of `GridSearchCV`, whose parameters and results it has.

    Parameters
    ----------
    %(estimator)s
    %(grid)s
    %(search)s
    %(results)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    StackedRandomizedSearchCV : Draws candidates.
    StackedHalvingGridSearchCV : Drops candidates early.

    Notes
    -----
    %(notes)s

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.model_selection import StackedGridSearchCV
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(max_iter=10, random_state=0)
    >>> search = StackedGridSearchCV(
    ...     net, {"learning_rate_init": [1e-5, 0.01], "alpha": [0.0, 0.1]}, cv=2
    ... ).fit(X, y)
    >>> search.best_params_["learning_rate_init"]
    0.01
    >>> search.predict(X).shape
    (768, 2)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **GridSearchCV._parameter_constraints,
        **TIME_LIMIT,
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        time_limit: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.time_limit = time_limit


@with_sections
class StackedRandomizedSearchCV(RandomizedSearchCV, StackedSearch):
    """Search over drawn candidates, those of one shape trained as one stack.

    It takes the place of `RandomizedSearchCV`, whose parameters and results it has.

    Parameters
    ----------
    %(estimator)s
    %(distributions)s
    n_iter : int, default=10
        Candidates that are drawn.
    %(search)s
    random_state : int, RandomState instance or None, default=None
        Draws candidates.
    %(results)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    StackedGridSearchCV : Tries all combinations.

    Notes
    -----
    %(notes)s

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.model_selection import StackedRandomizedSearchCV
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> search = StackedRandomizedSearchCV(
    ...     MultiTaskNetRegressor(max_iter=5, random_state=0),
    ...     {"learning_rate_init": loguniform(1e-4, 1e-1), "dropout": [0.0, 0.1]},
    ...     n_iter=3,
    ...     cv=2,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> len(search.cv_results_["params"])
    3
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RandomizedSearchCV._parameter_constraints,
        **TIME_LIMIT,
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        time_limit: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.time_limit = time_limit
