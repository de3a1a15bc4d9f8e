"""Fresh processes with pinned threads, rivals timed in turn, peaks of memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from skorch.callbacks import Callback

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)
STATUS = Path("/proc/self/status")
MILLION_BYTES = 1e6

Result = TypeVar("Result")


def in_child(
    function: Callable[..., Result], *arguments: Any, threads: int = 1
) -> Result:
    """Call a function of a script in a fresh process.

    Parameters
    ----------
    function : callable
        Defined at the top of a module.
    *arguments : picklable
    threads : int
        Number that OpenMP, MKL, OpenBLAS and torch are all pinned to there.
    """
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        with ProcessPoolExecutor(
            max_workers=1,
            mp_context=get_context("spawn"),
            initializer=torch.set_num_threads,
            initargs=(threads,),
        ) as pool:
            return pool.submit(function, *arguments).result()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def in_turns(
    rivals: Mapping[str, Callable[[], float]], n_rounds: int
) -> dict[str, np.ndarray]:
    """Measure rivals in turn, A B A B, after one round that is not counted.

    Parameters
    ----------
    rivals : mapping of str to callable
        Each measures once and returns the figure.
    n_rounds : int

    Returns
    -------
    dict of str to ndarray of shape (n_rounds,)
    """
    rounds = [[measure() for measure in rivals.values()] for _ in range(n_rounds + 1)]
    return dict(zip(rivals, np.transpose(rounds[1:]), strict=True))


def median_ratio(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Median over rounds of the ratio within a round."""
    return float(np.median(ours / theirs))


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


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Lay out a table whose first column is text and whose others are figures."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
