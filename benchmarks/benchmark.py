"""What a benchmark says about itself; the runner does the rest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KINDS = "speed", "quality"

Case = dict[str, Any]
"""What tells one measurement from another: names, sizes, seeds."""
Run = dict[str, Any]
"""A case and what was measured of it, as JSON holds it."""


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    rounds: int
    """Repetitions of a time; seeds or splits of a score."""
    shorten: int = 1
    """Divides rows and epochs: for a trial, of which nothing is kept."""
    peers: bool = True
    """Whether others are measured beside the package."""

    def fewer(self, count: int) -> int:
        """Divide a number of rows or epochs."""
        return max(count // self.shorten, 1)


def table_of(case: Case) -> str | None:
    return case.get("table")


@dataclass(frozen=True)
class Benchmark:
    """One section of the page."""

    title: str
    cases: Callable[[Plan], list[Case]]
    measure: Callable[..., dict[str, Any]]
    """Called with the plan and the items of a case as keywords."""
    table: Callable[[list[Run]], list[str]]
    """Paragraphs in Markdown of the runs, which are in the order of the cases."""
    rounds: int
    threads: int = 1
    """Of the process, unless a case has an item "threads"."""
    timed: bool = False
    """Each case has a process of its own, and two checkouts can be compared.

    Every list that `measure` returns then holds a figure a round; less is better.
    """
    needs: Callable[[Case], str | None] = table_of
    """Table of `benchmarks.data` that a case reads, if any."""


def catalogue() -> dict[str, str]:
    """Names of all benchmarks, and the modules that hold them."""
    return {
        file.stem: f"benchmarks.{kind}.{file.stem}"
        for kind in KINDS
        for file in sorted((HERE / kind).glob("[!_]*.py"))
    }


def find(name: str) -> Benchmark:
    return import_module(catalogue()[name]).BENCHMARK


def combined(**values: Iterable[Any]) -> list[Case]:
    """Combine values of several items, the last changing fastest."""
    return [
        dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())
    ]


def is_of(run: Run, case: Case) -> bool:
    return all(run.get(name) == value for name, value in case.items())
