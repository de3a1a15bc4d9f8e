"""Rivals timed in turn, the parts of a fit, peaks of memory."""

from __future__ import annotations

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

    Parameters
    ----------
    rivals : mapping of str to callable
        Each measures once and returns the figure.
    n_rounds : int

    Returns
    -------
    dict of str to list of float
        A figure a round.
    """
    rounds = [[measure() for measure in rivals.values()] for _ in range(n_rounds + 1)]
    return dict(zip(rivals, np.transpose(rounds[1:]).tolist(), strict=True))


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """Median over rounds of the ratio within a round."""
    return float(np.median(np.divide(ours, theirs)))


def seconds(function: Callable[[], Any]) -> float:
    """Time one call."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


class Stopwatch(Callback):
    """Split the seconds of a fit into encoding, epochs and what comes after.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> watch.time(lambda: estimator.set_params(callbacks=[watch]).fit(X, y))
    """

    def time(self, fit: Callable[[], Any]) -> None:
        """Call `fit`, whose net notifies this callback."""
        begin = time.perf_counter()
        fit()
        self.after = time.perf_counter() - self._ends[-1]
        self.encoding = self._first - begin
        epochs = np.diff([self._first, *self._ends])
        # The first epoch pays for what is set up once.
        self.epoch = float(np.median(epochs[1:] if len(epochs) > 1 else epochs))

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Note when the rows are encoded."""
        self._first, self._ends = time.perf_counter(), []

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Note when an epoch has ended."""
        self._ends.append(time.perf_counter())


def resident() -> dict[str, float]:
    """Bytes of this process that are in memory: now, of files now, and at the peak.

    The peak is that since `forget_peak`.
    """
    if not STATUS.exists():
        raise SystemExit("Memory is read from /proc/self/status, which is not here.")
    sizes = {}
    for line in STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if value.endswith("kB"):
            sizes[name] = 1024.0 * int(value.split()[0])
    return {"now": sizes["VmRSS"], "files": sizes["RssFile"], "peak": sizes["VmHWM"]}


def forget_peak() -> None:
    """Start the peak of `resident` anew at what is in memory now."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_above(function: Callable[[], Any]) -> tuple[float, float]:
    """Peak of memory during a call above the state before it, in bytes.

    Returns
    -------
    peak : float
    of_files : float
        Growth of the pages of mapped files, which the system takes back when it
        needs them; a part of `peak`.
    """
    forget_peak()
    before = resident()
    function()
    after = resident()
    return after["peak"] - before["now"], after["files"] - before["files"]
