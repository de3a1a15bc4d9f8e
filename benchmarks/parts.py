"""A benchmark of several parts, each of which varies one item of a case."""

from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.benchmark import Case, Plan, Run


class Part(NamedTuple):
    """One table of a section."""

    values: tuple
    measure: Callable[..., dict[str, Any]]
    table: Callable[[list[Run]], str]


class Parts(dict[str, Part]):
    """Parts by the item of a case that each varies."""

    def cases(self, plan: Plan) -> list[Case]:
        return [{name: value} for name, part in self.items() for value in part.values]

    def measure(self, plan: Plan, **case: Any) -> dict[str, Any]:
        (name,) = case
        return self[name].measure(plan, **case)

    def tables(self, runs: list[Run]) -> list[str]:
        """Tables of the parts that were run."""
        chosen = {name: [run for run in runs if name in run] for name in self}
        return [self[name].table(own) for name, own in chosen.items() if own]
