"""Searches that train their candidates side by side."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, cast

from sklearn.base import _fit_context
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._search_successive_halving import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
)

from sklearn_mtl.model_selection._stacked_calls import StackedCalls, asked


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


class _StackedSearch(BaseSearchCV):
    """scikit-learn's search, whose fits are evaluated by `StackedCalls`.

    All else, from splits to `cv_results_`, stays scikit-learn's.
    """

    fit = _fit_context(prefer_skip_nested_validation=False)(
        _with_globals(
            BaseSearchCV.fit.__wrapped__,
            Parallel=StackedCalls,
            delayed=asked,
        )
    )


class StackedGridSearchCV(GridSearchCV, _StackedSearch):
    pass


class StackedRandomizedSearchCV(RandomizedSearchCV, _StackedSearch):
    pass


class StackedHalvingGridSearchCV(HalvingGridSearchCV, _StackedSearch):
    pass


class StackedHalvingRandomSearchCV(HalvingRandomSearchCV, _StackedSearch):
    pass
