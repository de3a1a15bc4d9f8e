"""Searches that train their candidates side by side."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from types import FunctionType
from typing import Any, TypeVar, cast

from sklearn.base import _fit_context
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._search_successive_halving import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
)

from sklearn_mtl.model_selection._stacked_calls import (
    StackedCalls,
    StackedRounds,
    asked,
)

Class = TypeVar("Class", bound=type)

SHARED = {
    "estimator": """
estimator : MultiTaskNetEstimator or a sibling, or a Pipeline that ends in one
    Others are searched as scikit-learn does.
""",
    "grid": """
param_grid : dict or list of dict
    Names of parameters, and lists of values that are tried in all combinations.
""",
    "distributions": """
param_distributions : dict or list of dict
    Names of parameters, and lists or distributions (with ``rvs``) to draw from.
""",
    "search": """
scoring : str, callable, list, tuple or dict, default=None
    One metric or several, as in `GridSearchCV`; ``estimator.score`` by default.
n_jobs : int, default=None
    Processes among which stacks are shared, as in joblib.
refit : bool, str or callable, default=True
    Whether the best candidate is fitted to all rows, as the estimator says; of several
    metrics, which one tells. Or a function that finds the best in ``cv_results_``.
cv : int, splitter or iterable of (train, test), default=None
    Splits on whose test rows candidates are scored; 5 of them if None.
verbose : int, default=0
    1 prints the plan, the size of stacks, and the seconds left; more, each fit.
pre_dispatch : int or str, default="2*n_jobs"
    Jobs that are handed to workers ahead.
error_score : "raise" or number, default=nan
    Score of a candidate that cannot be fitted.
return_train_score : bool, default=False
    Whether rows that were trained on are scored too.
""",
    "halving": """
factor : float, default=3
    Share of candidates, one in so many, that each iteration keeps; by which the
    resource grows.
resource : str, default="n_samples"
    What grows: rows, or a parameter such as "max_iter".
max_resources : int or "auto", default="auto"
    Most of it that a candidate gets; "auto" for all rows.
min_resources : int or {"exhaust", "smallest"}, default="exhaust"
    What a candidate gets in the first iteration.
aggressive_elimination : bool, default=False
    Whether the first iterations are repeated until few enough candidates are left.
cv : int or splitter, default=5
    Splits on whose test rows candidates are scored; the same in each iteration.
scoring : str, callable or None, default=None
    One metric; ``estimator.score`` by default.
refit : bool or callable, default=True
    Whether the best candidate is fitted to all rows, as the estimator says.
error_score : "raise" or number, default=nan
    Score of a candidate that cannot be fitted.
return_train_score : bool, default=True
    Whether rows that were trained on are scored too.
random_state : int, RandomState instance or None, default=None
    Draws rows, where these are the resource, and candidates.
n_jobs : int, default=None
    Processes among which stacks are shared, as in joblib.
verbose : int, default=0
    1 prints the plan, the size of stacks, and the seconds left; more, each fit.
""",
    "attributes": """
cv_results_ : dict of arrays
    Scores of each candidate and split, as `GridSearchCV` gives them. The time of a fit
    is its share of the stack's.
best_estimator_ : estimator
    Fitted to all rows; not set with ``refit=False``.
best_params_ : dict
best_score_ : float
    Mean score of the best candidate.
best_index_ : int
    Its position in ``cv_results_``.
scorer_ : callable or dict
n_splits_ : int
multimetric_ : bool
    Whether there are several metrics.
refit_time_ : float
    Seconds.
""",
    "notes": """
Candidates whose networks have the same shapes are members of one stack, those of all
splits together; see the guide. Each learns, and stops, as it does alone: encoder, bins
and scales are of the rows that its split trains on, and members stop on rows that they
hold out of these. Three things differ from `GridSearchCV`: ``n_members="auto"`` stands
for two members a candidate and split (a number is taken as it is); no column goes on
alone (``own_nets="never"``), unless the grid asks for it; and candidates of one stack
read the rows of an epoch in one order. The refit is as the estimator says.
""",
}
"""Sections that the docstrings of the searches share."""


def _with_sections(search: Class) -> Class:
    """Put the shared sections where a docstring names them."""
    texts = {name: text.strip() for name, text in SHARED.items()}
    search.__doc__ = cleandoc(search.__doc__ or "") % texts
    return search


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


def _fit_by(calls: type[StackedCalls]) -> Any:
    """Make scikit-learn's `fit`, whose fits are evaluated otherwise."""
    fit = _with_globals(BaseSearchCV.fit.__wrapped__, Parallel=calls, delayed=asked)
    return _fit_context(prefer_skip_nested_validation=False)(fit)


class _StackedSearch(BaseSearchCV):
    """scikit-learn's search, whose fits are evaluated by `StackedCalls`.

    All else, from splits to ``cv_results_``, stays scikit-learn's: its `fit` has no
    other place to say how fits are evaluated than the joblib that it calls.
    """

    fit = _fit_by(StackedCalls)

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X; scikit-learn's text refers to its glossary."""
        n_columns: int = super().n_features_in_
        return n_columns


class _StackedHalving(_StackedSearch):
    """One of several rounds."""

    fit = _fit_by(StackedRounds)


@_with_sections
class StackedGridSearchCV(GridSearchCV, _StackedSearch):
    """Search over a grid, all candidates and splits of one shape trained as one stack.

    It takes the place of `GridSearchCV`, whose parameters and results it has.

    Parameters
    ----------
    %(estimator)s
    %(grid)s
    %(search)s

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


@_with_sections
class StackedRandomizedSearchCV(RandomizedSearchCV, _StackedSearch):
    """Search over drawn candidates, those of one shape trained as one stack.

    It takes the place of `RandomizedSearchCV`, whose parameters and results it has.

    Parameters
    ----------
    %(estimator)s
    %(distributions)s
    n_iter : int, default=10
        Candidates that are drawn.
    random_state : int, RandomState instance or None, default=None
        Draws candidates.
    %(search)s

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


@_with_sections
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


@_with_sections
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
