"""Searches that train their candidates side by side, and drop some early."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection._search_successive_halving import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
)

from sklearn_mtl.model_selection._stacked_calls import StackedRounds
from sklearn_mtl.model_selection._stacked_docs import with_sections
from sklearn_mtl.model_selection._stacked_search import TIME_LIMIT, StackedSearch


class _StackedHalving(StackedSearch):
    """One of several rounds."""

    _calls = StackedRounds


@with_sections
class StackedHalvingGridSearchCV(HalvingGridSearchCV, _StackedHalving):
    """Search over a grid that drops candidates early, trained in stacks.

    It takes the place of scikit-learn's `HalvingGridSearchCV`, which it needs no import
    to enable. Candidates of each iteration are trained side by side: anew on more rows,
    or on from where they are where ``resource="max_iter"``.

    Parameters
    ----------
    %(estimator)s
    %(grid)s
    %(halving)s

    Attributes
    ----------
    %(attributes)s
    n_resources_, n_candidates_ : list of int
        Of each iteration.

    See Also
    --------
    StackedGridSearchCV : Gives all candidates the whole resource.

    Notes
    -----
    %(notes)s

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.model_selection import StackedHalvingGridSearchCV
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> search = StackedHalvingGridSearchCV(
    ...     MultiTaskNetRegressor(random_state=0),
    ...     {"learning_rate_init": [1e-5, 0.001, 0.01]},
    ...     resource="max_iter",
    ...     max_resources=6,
    ...     cv=2,
    ... ).fit(X, y)
    >>> search.n_resources_, search.n_candidates_
    ([2, 6], [3, 1])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **HalvingGridSearchCV._parameter_constraints,
        **TIME_LIMIT,
    }

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: int | str = "auto",
        min_resources: int | str = "exhaust",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        time_limit: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.time_limit = time_limit


@with_sections
class StackedHalvingRandomSearchCV(HalvingRandomSearchCV, _StackedHalving):
    """Search over drawn candidates that drops them early, trained in stacks.

    It takes the place of scikit-learn's `HalvingRandomSearchCV`, which it needs no
    import to enable. Candidates of each iteration are trained side by side: anew on
    more rows, or on from where they are where ``resource="max_iter"``.

    Parameters
    ----------
    %(estimator)s
    %(distributions)s
    n_candidates : int or "exhaust", default="exhaust"
        Candidates that are drawn; "exhaust" for so many that the last iteration uses up
        the resource.
    %(halving)s

    Attributes
    ----------
    %(attributes)s
    n_resources_, n_candidates_ : list of int
        Of each iteration.

    See Also
    --------
    StackedRandomizedSearchCV : Gives all candidates the whole resource.

    Notes
    -----
    %(notes)s

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.model_selection import StackedHalvingRandomSearchCV
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> search = StackedHalvingRandomSearchCV(
    ...     MultiTaskNetRegressor(max_iter=3, random_state=0),
    ...     {"learning_rate_init": loguniform(1e-4, 1e-1)},
    ...     n_candidates=3,
    ...     cv=2,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> search.n_candidates_
    [3, 1]
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **HalvingRandomSearchCV._parameter_constraints,
        **TIME_LIMIT,
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_candidates: int | str = "exhaust",
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: int | str = "auto",
        min_resources: int | str = "smallest",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        time_limit: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_candidates=n_candidates,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.time_limit = time_limit
