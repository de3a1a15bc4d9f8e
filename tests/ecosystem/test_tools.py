"""Each tool does what the page says of it; skipped where its package is missing."""

import pytest

pytest.importorskip("pandas")

import tests.ecosystem.files
import tests.ecosystem.tools  # noqa: F401
from tests.ecosystem.entry import ENTRIES, small_table

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
]


@pytest.mark.parametrize("tried", ENTRIES, ids=lambda tried: tried.run.__name__)
def test_tool_does_what_the_page_says(tried):
    if not tried.version:
        pytest.skip(f"{tried.tool} is not installed")
    if tried.verdict == "no":
        with pytest.raises((TypeError, ValueError)):
            tried.run(*small_table())
    else:
        tried.run(*small_table())
