"""docs/ecosystem.md says what the code says, whatever is installed."""

import pytest

pytest.importorskip("pandas")

import tests.ecosystem.files
import tests.ecosystem.tools  # noqa: F401
from tests.ecosystem.__main__ import PAGE
from tests.ecosystem.entry import ENTRIES
from tests.ecosystem.page import page_of, without_versions


def test_page_is_that_of_the_code():
    if not PAGE.parent.exists():
        pytest.skip("docs/ is not in every distribution")
    page = PAGE.read_text(encoding="utf-8")
    assert without_versions(page) == page_of(ENTRIES, with_versions=False)
