"""The version of the package that stored an estimator."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from sklearn_mtl.exceptions import warn

KEY = "_sklearn_mtl_version"


def with_version(state: dict[str, Any]) -> dict[str, Any]:
    """Write the version of the package into what is stored of an estimator."""
    return {**state, KEY: _version()}


def without_version(state: dict[str, Any], estimator_name: str) -> dict[str, Any]:
    """Take the version out, and warn if it is another one than that which loads."""
    stored = state.get(KEY, "unknown")
    if stored != _version():
        warn(
            InconsistentVersionWarning(
                estimator_name=estimator_name,
                current_sklearn_version=_version(),
                original_sklearn_version=stored,
            )
        )
    return {name: value for name, value in state.items() if name != KEY}


def _version() -> str:
    # The package imports this room before it tells its version.
    from sklearn_mtl import __version__

    return __version__
