"""What was found in a table, one line a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

LINES_OF_A_CHECK = 8
"""Lines that are printed of findings of one kind; `as_frame` has all."""


@dataclass(frozen=True)
class Finding:
    """One thing about a table that predictions or scores will suffer from.

    Attributes
    ----------
    check : str
        What was looked for: "leak", "duplicates", "group", "gaps", "kind", "strings",
        "few labels", "overlap" or "constant".
    table : {"X", "y"}
        Where the column stands.
    column : hashable or None
        Name of the column; None for rows.
    other : hashable or None
        Another column that takes part, such as the one that gives a label away.
    value : float
        The number that was compared; `message` says which.
    message : str
        What was found.
    answer : str
        What to do about it, with the parameter.
    """

    check: str
    table: str
    column: Any
    other: Any
    value: float
    message: str
    answer: str

    def __str__(self) -> str:
        return f"{self.check}: {self.message} {self.answer}"


class ColumnReport:
    """Findings of `check_columns`, which print as one line each.

    Attributes
    ----------
    findings : tuple of Finding
        In the order of their weight; empty where nothing was found.
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def of(self, check: str) -> list[Finding]:
        """List the findings of one check."""
        return [finding for finding in self.findings if finding.check == check]

    def as_frame(self) -> Any:
        """Return a pandas frame with a row a finding and a column an attribute."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "as_frame makes a pandas frame, and pandas is not installed: pip "
                "install pandas, or read the attribute findings."
            ) from error
        columns = list(Finding.__dataclass_fields__)
        return pd.DataFrame([asdict(f) for f in self.findings], columns=columns)

    def __str__(self) -> str:
        return "\n".join(self._lines()) or "Nothing was found."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(line)}</li>" for line in self._lines())
        return f"<ul>{items}</ul>" if items else "<p>Nothing was found.</p>"

    def _lines(self) -> Iterator[str]:
        shown: Counter[str] = Counter()
        for finding in self.findings:
            shown[finding.check] += 1
            if shown[finding.check] <= LINES_OF_A_CHECK:
                yield str(finding)
        for check, number in shown.items():
            if number > LINES_OF_A_CHECK:
                yield f"{check}: {number - LINES_OF_A_CHECK} more; see as_frame()."
