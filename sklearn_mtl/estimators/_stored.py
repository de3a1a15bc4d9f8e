"""What pickles, skops and the package's own files hold of an estimator."""

from __future__ import annotations

import copyreg
from inspect import signature
from typing import Any

from sklearn_mtl.estimators._version import KEY, with_version, without_version
from sklearn_mtl.files import (
    Content,
    bytes_of,
    content_of,
    custom_names,
    read_value,
    write_value,
)

FITTED = "_fitted"
"""Key of the bytes that hold all but the parameters."""
CUSTOM = "_custom"
"""Key of the classes and functions that these name and the package does not know."""


LISTENERS = "_skl_callbacks"
"""What scikit-learn's ``set_callbacks`` keeps: they hold pipes and locks."""


def stored_state(estimator: Any) -> dict[str, Any]:
    """Give what files hold: all attributes but listeners, and the package's version.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
        Whose state is asked for.

    Returns
    -------
    dict of str to object
        Values by the names of attributes.
    """
    state = with_version(estimator.__dict__)
    state.pop(LISTENERS, None)
    return state


def restore_stored(estimator: Any, state: dict[str, Any]) -> None:
    """Set what `stored_state` gave; warn of another version.

    Parameters that an earlier version did not have take their defaults.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
        A new one, whose attributes are set.
    state : dict of str to object
        What `stored_state` returned.
    """
    known = signature(type(estimator).__init__).parameters.values()
    defaults = {one.name: one.default for one in known if one.default is not one.empty}
    restored = without_version(state, type(estimator).__name__)
    estimator.__dict__.update(defaults | restored)


def reduce(estimator: Any) -> tuple[Any, ...]:
    """Tell pickles and copies what to hold: all attributes as they are.

    A subclass that defines ``__getstate__`` has its say, as with any pickle.
    """
    kind: Any = type(estimator)
    is_ours = kind.__getstate__ is get_state
    state = with_version(vars(estimator)) if is_ours else estimator.__getstate__()
    return copyreg.__newobj__, (kind,), state  # type: ignore[attr-defined]


def get_state(estimator: Any) -> dict[str, Any]:
    """Give parameters as they are, and all else as bytes of the package's own format.

    So skops stores an estimator: it asks for no type that it could not store, and for
    no trust in the many classes that a fitted net is made of.
    """
    parameters = estimator.get_params(deep=False)
    state = with_version(parameters)
    learned = {k: v for k, v in stored_state(estimator).items() if k not in state}
    if learned:
        node, tensors, custom = write_value(learned, parameters)
        state[FITTED] = bytes_of(Content(state[KEY], node, tensors))
        if custom:
            state[CUSTOM] = list(custom.values())
    return state


def set_state(estimator: Any, state: dict[str, Any]) -> None:
    """Set what pickles or `get_state` gave.

    Classes of one's own come as such: skops has asked whether they are trusted.
    """
    state = dict(state)
    stored, custom = state.pop(FITTED, None), state.pop(CUSTOM, ())
    if stored is not None:
        _, node, tensors = content_of(stored)
        state |= read_value(node, tensors, custom_names(custom), state)
    restore_stored(estimator, state)
