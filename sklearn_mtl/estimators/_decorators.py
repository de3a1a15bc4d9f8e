"""scikit-learn's decorators of methods, which are untyped, with the types they keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from sklearn.base import _fit_context
from sklearn.utils.metaestimators import available_if

Method = TypeVar("Method", bound=Callable[..., Any])


def checks_parameters(method: Method) -> Method:
    """Let a method that fits check the parameters of its estimator first.

    Callbacks of scikit-learn are torn down after it, however it ends.
    """
    return cast(Method, _fit_context(prefer_skip_nested_validation=True)(method))


def only_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Let an estimator have a method only where a check says so."""
    return cast(Callable[[Method], Method], available_if(check))
