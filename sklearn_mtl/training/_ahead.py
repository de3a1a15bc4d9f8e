"""What comes next is made on a thread, while what is there is worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")

SECONDS_BETWEEN_LOOKS = 0.1
"""How often a thread that waits looks whether it is still wanted."""


class Ahead(Generic[T]):
    """Make the entries of an iterable on a thread, one ahead of the one in use.

    A context manager: the thread ends with the block. An error in the iterable is
    raised where its entry would have been given.

    Parameters
    ----------
    entries : iterable
        Read on the thread alone.

    Examples
    --------
    >>> from sklearn_mtl.training import Ahead
    >>> with Ahead(range(3)) as ahead:
    ...     print(list(ahead))
    [0, 1, 2]
    """

    def __init__(self, entries: Iterable[T]) -> None:
        self._entries = entries
        self._made: Queue[tuple[bool, Any]] = Queue(maxsize=1)
        self._is_over = Event()
        self._thread = Thread(target=self._make, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while True:
            try:
                is_entry, made = self._made.get(timeout=SECONDS_BETWEEN_LOOKS)
            except Empty:
                if not self._thread.is_alive() and self._made.empty():
                    raise StopIteration from None
                continue
            if is_entry:
                entry: T = made
                return entry
            raise made

    def _make(self) -> None:
        try:
            for entry in self._entries:
                if not self._hand_over((True, entry)):
                    return
        except BaseException as error:
            self._hand_over((False, error))

    def _hand_over(self, made: tuple[bool, Any]) -> bool:
        """Wait until there is room; False where nobody wants it any more."""
        while not self._is_over.is_set():
            try:
                self._made.put(made, timeout=SECONDS_BETWEEN_LOOKS)
            except Full:
                continue
            return True
        return False
