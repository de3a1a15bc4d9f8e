"""Try all tools and write docs/ecosystem.md: ``python -m tests.ecosystem``."""

from __future__ import annotations

import sys
from pathlib import Path

import tests.ecosystem.files
import tests.ecosystem.tools  # noqa: F401
from tests.ecosystem.entry import ENTRIES, small_table
from tests.ecosystem.page import page_of

PAGE = Path(__file__).parents[2] / "docs" / "ecosystem.md"


def main() -> int:
    wrong = []
    for tried in ENTRIES:
        outcome = "works"
        try:
            tried.run(*small_table())
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
        as_said = (outcome != "works") == (tried.verdict == "no")
        if not as_said or not tried.version:
            wrong.append(tried)
        print(f"{tried.tool}, {tried.what}: {outcome[:200]}")
    if wrong:
        print(f"{len(wrong)} are not as {__package__}.tools says; nothing is written")
        return 1
    PAGE.write_text(page_of(ENTRIES), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
