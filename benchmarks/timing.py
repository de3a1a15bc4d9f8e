"""Rivals timed in turn, the parts of a fit, peaks of memory."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from skorch.callbacks import Callback

STATUS = Path("/proc/self/status")
MILLION_BYTES = 1e6


def in_turns(
    rivals: Mapping[str, Callable[[], float]], n_rounds: int
) -> dict[str, list[float]]:
    """Measure rivals in turn, A B A B, after one round that is not counted.

    Each is called once a round and returns its figure.
    """
    return in_rounds(
        lambda: {name: measure() for name, measure in rivals.items()}, n_rounds
    )


def in_rounds(
    measure: Callable[[], dict[str, float]], n_rounds: int
) -> dict[str, list[float]]:
    """Measure several figures at once, again and again, after a round for nothing."""
    rounds = [measure() for _ in range(n_rounds + 1)][1:]
    return {name: [figures[name] for figures in rounds] for name in rounds[0]}


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """Median over rounds of the ratio within a round."""
    return float(np.median(np.divide(ours, theirs)))


def quartiles(ours: list[float], theirs: list[float], digits: int = 2) -> str:
    """Median over rounds of the ratio within a round, and its quartiles in brackets."""
    low, median, high = np.percentile(np.divide(ours, theirs), [25, 50, 75])
    return f"{median:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def seconds(function: Callable[[], Any]) -> float:
    """Time one call."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


class Stopwatch(Callback):
    """Split the seconds of a fit, to which it is a callback, into parts."""

    def time(self, fit: Callable[[], Any]) -> None:
        begin = time.perf_counter()
        fit()
        self.after = time.perf_counter() - self._ends[-1]
        self.encoding = self._first - begin
        self.epochs = np.diff([self._first, *self._ends])
        self.epoch = usual(self.epochs)

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self._first, self._ends = time.perf_counter(), []

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self._ends.append(time.perf_counter())


def usual(epochs: np.ndarray) -> float:
    """Median of epochs but the first, which pays for what is set up once."""
    return float(np.median(epochs[1:] if len(epochs) > 1 else epochs))


def resident() -> dict[str, float]:
    """Bytes of this process that are in memory: now, of files now, and at the peak."""
    if not STATUS.exists():
        raise SystemExit("Memory is read from /proc/self/status, which is not here.")
    sizes = {}
    for line in STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if value.endswith("kB"):
            sizes[name] = 1024.0 * int(value.split()[0])
    return {"now": sizes["VmRSS"], "files": sizes["RssFile"], "peak": sizes["VmHWM"]}


def peak_above(function: Callable[[], Any]) -> tuple[float, float]:
    """Peak of memory during a call above the state before it, in bytes.

    And the growth of the pages of mapped files, a part of that peak: the system takes
    them back when it needs them.
    """
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what is held now
    before = resident()
    function()
    after = resident()
    return after["peak"] - before["now"], after["files"] - before["files"]
