"""What displays check before they draw, and before anything is trained for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import Bunch


def check_axes(ax: Any) -> None:
    """Check that something can be drawn on; None stands for a new figure."""
    try:
        from matplotlib.axes import Axes
    except ImportError as error:
        raise ImportError(
            "Displays are drawn by matplotlib, and it is not installed: pip install "
            "matplotlib."
        ) from error
    if ax is None:
        return
    if not isinstance(ax, Axes):
        raise TypeError(
            f"ax={ax!r} is a {type(ax).__name__}. Pass one matplotlib Axes, as "
            "plt.subplots() returns it, or None for a new figure."
        )


def is_sequence(values: Any) -> bool:
    """Tell a list of names or the like from a single one."""
    return not isinstance(values, str | dict) and hasattr(values, "__len__")


def check_found(name: str, found: Any, entries: Sequence[str], function: str) -> None:
    """Check that a display was given what a function of `inspection` returned."""
    is_bunch = isinstance(found, Bunch)
    lacking = [entry for entry in entries if not is_bunch or entry not in found]
    if lacking:
        lacks = f", which lacks {lacking[0]!r}" if is_bunch else ""
        raise TypeError(
            f"{name} is a {type(found).__name__}{lacks}. Pass what "
            f"sklearn_mtl.inspection.{function} returned."
        )


def numbers_of(name: str, values: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    """Read numbers of a shape, in which None stands for any length but 0."""
    said = f"{name} of shape ({', '.join('n' if n is None else str(n) for n in shape)})"
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name}={values!r} holds what is no number. Pass {said}."
        ) from error
    fits = array.ndim == len(shape) and all(
        got > 0 if wanted is None else got == wanted
        for got, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} has the shape {array.shape}. Pass {said}.")
    return array
