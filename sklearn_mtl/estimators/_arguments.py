"""Checks of the arguments of methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, cast

from sklearn import get_config
from sklearn.utils._param_validation import validate_parameter_constraints

Method = TypeVar("Method", bound=Callable[..., Any])


def checks_arguments(**constraints: Any) -> Callable[[Method], Method]:
    """Check arguments of a method; an error names the class of the object and it."""

    def decorate(method: Method) -> Method:
        known = signature(method)

        @wraps(method)
        def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not get_config()["skip_parameter_validation"]:
                given = known.bind(self, *args, **kwargs)
                given.apply_defaults()
                validate_parameter_constraints(
                    constraints,
                    {name: given.arguments[name] for name in constraints},
                    caller_name=f"{type(self).__name__}.{method.__name__}",
                )
            return method(self, *args, **kwargs)

        return cast(Method, checked)

    return decorate
