"""Write pages of the guide as notebooks: `python notebooks.py FOLDER PAGE...`.

What a page shows as ``>>>`` becomes cells, which end where something is printed.
"""

import doctest
import re
import sys
from pathlib import Path

import nbformat.v4 as nb

DOCS = Path(__file__).parents[1]
BLOCK = re.compile(r"^```pycon\n(.*?)^```\n?", re.DOTALL | re.MULTILINE)
DOWNLOAD = re.compile(r"^\{download\}.*\n\n", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\((?!https?://)([^)#]*)[^)]*\)")
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}


def notebook_of(text):
    """Turn Markdown with examples into a notebook."""
    parts = BLOCK.split(without_relative_links(DOWNLOAD.sub("", text)))
    cells = []
    for prose, examples in zip(parts[::2], [*parts[1::2], ""], strict=True):
        if prose.strip():
            cells.append(nb.new_markdown_cell(prose.strip()))
        cells += [nb.new_code_cell(source) for source in sources_of(examples)]
    for position, cell in enumerate(cells):
        cell["id"] = f"cell-{position}"  # else drawn at random, other each time
    return nb.new_notebook(cells=cells, metadata=KERNEL)


def sources_of(examples):
    """Yield the code up to each output, which a cell shows of its last line alone."""
    lines = ""
    for example in doctest.DocTestParser().get_examples(examples):
        lines += example.source
        if example.want:
            yield lines.strip()
            lines = ""
    if lines:
        yield lines.strip()


def without_relative_links(text):
    """Leave the words of links to other pages, for which a notebook has no place."""
    return LINK.sub(lambda link: link[1] or title_of(link[2]), text)


def title_of(page):
    first, _, _ = (DOCS / page).read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("# ")


def write(folder, pages):
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        made = notebook_of(page.read_text(encoding="utf-8"))
        path = folder / f"{page.stem.lower()}.ipynb"
        path.write_text(nb.writes(made) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), map(Path, sys.argv[2:]))
