"""Scripts of the gallery are pages with a title, and use names that exist.

That they run is seen when the documentation is built.
"""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
PAGES = sorted(EXAMPLES.glob("**/plot_*.py"))

pytestmark = pytest.mark.skipif(
    not PAGES, reason="examples/ is not in every distribution"
)


def tree_of(page):
    return ast.parse(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_has_a_title_and_says_what_it_is_about(page):
    title, underline, *about = ast.get_docstring(tree_of(page)).split("\n")
    assert underline == "=" * len(title)
    assert len(" ".join(about).split()) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_imports_of_the_package_is_public(page):
    for node in ast.walk(tree_of(page)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("sklearn_mtl"):
            module = importlib.import_module(node.module)
            assert {alias.name for alias in node.names} <= set(module.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_downloads_nothing(page):
    names = {node.id for node in ast.walk(tree_of(page)) if isinstance(node, ast.Name)}
    assert not {name for name in names if name.startswith("fetch_")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_of_the_guide_that_are_linked_exist(page):
    linked = re.findall(r":doc:`[^`]*?/([\w-]+)>?`", page.read_text(encoding="utf-8"))
    assert [name for name in linked if not (ROOT / f"docs/{name}.md").is_file()] == []


def test_each_section_has_a_heading():
    for section in {page.parent for page in PAGES}:
        assert (section / "GALLERY_HEADER.rst").is_file()
