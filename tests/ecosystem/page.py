"""The page docs/ecosystem.md, from what is tried."""

from __future__ import annotations

from collections.abc import Sequence

from tests.ecosystem.entry import Entry

VERDICTS = {"works": "works", "recipe": "recipe below", "no": "no"}

HEAD = """# The tools around

<!-- Written by `python -m tests.ecosystem`, which runs all of it; do not edit. -->

What is tried of the tools around scikit-learn, on a table with a number and two columns
of classes in y, some labels missing. `make test-ecosystem` runs it, but for packages
that are large to install. scikit-learn's own tools: [](scikit-learn.md).

| tool | version | what | verdict | how, or why not |
|---|---|---|---|---|
"""

RECIPES = """
## Recipes

As they were run. `SMALL` holds parameters of a small net; leave it out.
"""


def page_of(entries: Sequence[Entry], *, with_versions: bool = True) -> str:
    """Write the page."""
    lines = [
        f"| {e.tool} | {e.version if with_versions else ''} | {e.what} "
        f"| {VERDICTS[e.verdict]} | {e.note} |\n"
        for e in entries
    ]
    recipes = [
        f"\n### {e.tool}: {e.what}\n\n```python\n{e.code}\n```\n"
        for e in entries
        if e.verdict == "recipe"
    ]
    return HEAD + "".join(lines) + RECIPES + "".join(recipes)


def without_versions(page: str) -> str:
    """Leave the versions out of a page."""
    return "".join(
        _without_version(line) if line.startswith("| ") else line
        for line in page.splitlines(keepends=True)
    )


def _without_version(line: str) -> str:
    cells = line.split("|")
    if cells[1].strip() != "tool":
        cells[2] = "  "
    return "|".join(cells)
