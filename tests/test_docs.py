"""The examples in the documentation run and print what the pages say."""

import doctest
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from sklearn_mtl import MultiTaskNetEstimator

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```pycon\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if page.exists() and BLOCK.search(page.read_text(encoding="utf-8"))
]
NEEDS = {"table-to-service.md": ("skrub", "skops")}
"""Packages that a page uses beside those of the tests."""


def without_prose(text):
    """Blank out all but the examples, so that lines keep their numbers."""
    kept = {n for m in BLOCK.finditer(text) for n in range(m.start(1), m.end(1))}
    return "".join(
        char if char == "\n" or n in kept else " " for n, char in enumerate(text)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_page(page):
    for package in NEEDS.get(page.name, ()):
        pytest.importorskip(package)
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


def test_picture_of_the_stack_shows_each_member():
    pytest.importorskip("matplotlib")
    pytest.importorskip("pandas")
    script = ROOT / "docs" / "figures" / "the_stack.py"
    if not script.exists():
        pytest.skip("docs/ is not in every distribution")
    made = runpy.run_path(str(script))
    net = made["fit"](n_members=5, hidden_layer_sizes=(4,), n_iter_no_change=1)
    rows, weights, epochs, *second = made["draw"](net).axes
    assert (
        weights.get_xticklabels()[0].get_text().endswith("89\N{MULTIPLICATION SIGN}4")
    )
    n_epochs = [bar.get_width() for bar in epochs.containers[1]]
    losses = np.stack(net.net_.task_losses_["train"])
    np.testing.assert_array_equal(n_epochs, (~np.isnan(losses[..., 0])).sum(axis=0))
    assert len(rows.patches) == 5 * 5
    assert len(second) == (net.own_net_ is not None)
    assert script.with_suffix(".png").exists()


@pytest.mark.parametrize("page", ["search", "genindex", "py-modindex"])
def test_no_page_is_hidden_by_one_of_sphinx(page):
    assert not list((ROOT / "docs").glob(f"{page}.*"))


def test_each_parameter_is_in_one_group():
    page = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(MultiTaskNetEstimator().get_params(deep=False))
