"""Callbacks, and what they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from skorch.callbacks import Callback


def tell(callback: Any, event: str, net: Any, **what: Any) -> None:
    """Tell a callback; one that raises KeyboardInterrupt ends the whole fit."""
    try:
        getattr(callback, event)(net, **what)
    except KeyboardInterrupt:
        # Within the package's own callbacks it can only be Ctrl-C.
        if type(callback).__module__.partition(".")[0] != "sklearn_mtl":
            net.course.end("callback")
        raise


def somebody_listens(callbacks: Iterable[tuple[str, Any]], *events: str) -> bool:
    """Whether a callback does anything at one of the events."""
    return any(
        getattr(getattr(callback, event), "__func__", None)
        is not getattr(Callback, event)
        for _, callback in callbacks
        for event in events
    )
