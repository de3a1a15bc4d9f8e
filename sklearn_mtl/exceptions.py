"""Errors and warnings of the package, beside those of `sklearn.exceptions`."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

__all__ = ["ModelFileError", "NegativeTransferWarning"]


class ModelFileError(ValueError):
    """A file of a model cannot be written or read; the message says why.

    Raised by `sklearn_mtl.io` alone.

    Examples
    --------
    >>> from sklearn_mtl.exceptions import ModelFileError
    >>> from sklearn_mtl.io import load
    >>> try:
    ...     load(__file__)
    ... except ModelFileError as error:
    ...     print("no model")
    no model
    """


class NegativeTransferWarning(UserWarning):
    """A column became worse than its prior while the mean of all columns improved.

    Raised while training, once a column. Silence it as any other warning.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_mtl.exceptions import NegativeTransferWarning
    >>> warnings.simplefilter("ignore", NegativeTransferWarning)
    """


BETWEEN = {"copy", "joblib", "pickle", "sklearn", "sklearn_mtl", "skorch"}
"""Packages whose frames may stand between the user's line and a warning."""


def warn(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn at the user's line, however deep below it the reason was found."""
    told = _TOLD.get()
    if told is not None:
        key = category.__name__, _but_for_values(str(message))
        if key in told:
            return
        told.add(key)
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and package_of(frame) in BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


_TOLD: ContextVar[set[tuple[str, str]] | None] = ContextVar("told", default=None)


@contextmanager
def each_told_once() -> Iterator[None]:
    """Let warnings pass once that differ in numbers and examples alone.

    The fits of a search see about the same table, and would each say the same of it.
    """
    token = _TOLD.set(set())
    try:
        yield
    finally:
        _TOLD.reset(token)


def _but_for_values(message: str) -> str:
    """Leave out numbers, and what is quoted but for what comes first: the column."""
    before, *quoted = re.split(r"('[^']*')", message, maxsplit=1)
    column, rest = quoted or ("", "")
    return _NUMBER.sub("", before) + column + _NUMBER.sub("", _QUOTED.sub("", rest))


_NUMBER, _QUOTED = re.compile(r"\d+(\.\d+)?"), re.compile(r"'[^']*'")


def package_of(frame: FrameType) -> str:
    """Name of the package whose code a frame runs."""
    return str(frame.f_globals.get("__name__")).partition(".")[0]
