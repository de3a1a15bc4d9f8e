"""The examples in the documentation run and print what the pages say."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```pycon\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if page.exists() and BLOCK.search(page.read_text(encoding="utf-8"))
]


def without_prose(text):
    """Blank out all but the examples, so that lines keep their numbers."""
    kept = {n for m in BLOCK.finditer(text) for n in range(m.start(1), m.end(1))}
    return "".join(
        char if char == "\n" or n in kept else " " for n, char in enumerate(text)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_page(page):
    examples = without_prose(page.read_text(encoding="utf-8"))
    test = doctest.DocTestParser().get_doctest(
        examples, globs={}, name=page.name, filename=str(page), lineno=0
    )
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    failures = []
    runner.run(test, out=failures.append)
    assert not failures, "".join(failures)
