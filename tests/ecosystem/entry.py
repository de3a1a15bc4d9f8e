"""One line of the page of the ecosystem: a tool, what it does here, and a run of it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np

from sklearn_mtl.datasets import load_student_performance

Verdict = Literal["works", "recipe", "no"]


@dataclass(frozen=True)
class Entry:
    """What is said of a tool, and what shows it.

    Attributes
    ----------
    tool : str
        Name of the distribution.
    what : str
        What of the tool is tried.
    verdict : {"works", "recipe", "no"}
        As one writes it down at once, by a few more lines, or not at all; then `run`
        shows the error.
    note : str
        How, or why not.
    run : callable
        Runs the tool on the columns of a table.
    """

    tool: str
    what: str
    verdict: Verdict
    note: str
    run: Callable[..., Any]

    @property
    def version(self) -> str:
        try:
            return version(self.tool)
        except PackageNotFoundError:
            return ""

    @property
    def code(self) -> str:
        """What `run` does, without its head."""
        lines = inspect.getsource(self.run).splitlines()
        head = next(n for n, line in enumerate(lines) if line.startswith("def "))
        body = next(n for n in range(head, len(lines)) if lines[n].endswith(":"))
        return textwrap.dedent("\n".join(lines[body + 1 :])).strip()


ENTRIES: list[Entry] = []


def entry(
    tool: str, what: str, verdict: Verdict, note: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add what a function shows to the page."""

    def add(run: Callable[..., Any]) -> Callable[..., Any]:
        ENTRIES.append(Entry(tool, what, verdict, note, run))
        return run

    return add


def small_table() -> tuple[Any, Any]:
    """Read some students: a number and two columns of classes, with labels missing."""
    X, y = load_student_performance(return_X_y=True, as_frame=True)
    X, y = X[:120][["age", "sex", "absences"]], y[:120][["G3", "higher", "Mjob"]]
    y = y.astype({"G3": float, "higher": str, "Mjob": str})
    return X, y.mask(np.random.default_rng(0).random(y.shape) < 0.1)
