"""A page of sections that is shown as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

Cells = Sequence[Any]


@dataclass(frozen=True)
class CardTable:
    """A table of a `ModelCard`.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence
        One cell a column of the header.

    See Also
    --------
    ModelCard : What a card holds.

    Examples
    --------
    >>> from sklearn_mtl.inspection import CardTable
    >>> print(CardTable(["column", "labels"], [["grade", 341]]).to_markdown())
    | column | labels |
    | --- | --- |
    | grade | 341 |
    """

    header: Sequence[str]
    rows: Sequence[Cells]

    def to_markdown(self) -> str:
        """Write a table of pipes.

        Returns
        -------
        str
            The table in Markdown.
        """
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        return "\n".join(f"| {' | '.join(map(in_markdown, line))} |" for line in lines)

    def to_html(self) -> str:
        """Write a table element.

        Returns
        -------
        str
            The table in HTML, with what is in it escaped.
        """
        head = _row("th", self.header)
        body = "".join(_row("td", row) for row in self.rows)
        return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


Block = str | CardTable | list[str]
"""A paragraph, a table, or the items of a list."""


class ModelCard:
    """What `model_card` says of an estimator.

    Notebooks show it as a page. What columns, classes and parameters are called is
    escaped, in Markdown as in HTML.

    Parameters
    ----------
    title : str
        Heading of the page.
    sections : dict of str to list
        Paragraphs (str), tables (`CardTable`) and lists of items by heading, in order;
        to be changed and added to.

    See Also
    --------
    model_card : Make the card of an estimator.

    Examples
    --------
    >>> from sklearn_mtl.inspection import ModelCard
    >>> card = ModelCard("Grades", {"Use": ["For advice alone."]})
    >>> card.sections["Limits"] = [["one school", "one year"]]
    >>> print(card)
    # Grades
    <BLANKLINE>
    ## Use
    <BLANKLINE>
    For advice alone.
    <BLANKLINE>
    ## Limits
    <BLANKLINE>
    - one school
    - one year
    <BLANKLINE>
    """

    def __init__(self, title: str, sections: dict[str, list[Block]]) -> None:
        self.title = title
        self.sections = sections

    def to_markdown(self) -> str:
        """Write the card as Markdown, as ``str(card)`` does.

        Returns
        -------
        str
            The card in Markdown.
        """
        parts = [f"# {in_markdown(self.title)}"]
        for heading, blocks in self.sections.items():
            parts.append(f"## {in_markdown(heading)}")
            parts += map(_block_in_markdown, _blocks(blocks))
        return "\n\n".join(parts) + "\n"

    def to_html(self) -> str:
        """Write the card as an HTML element.

        Returns
        -------
        str
            The card in HTML, with what is in it escaped.
        """
        parts = [f"<h1>{escape(self.title)}</h1>"]
        for heading, blocks in self.sections.items():
            parts.append(f"<h2>{escape(heading)}</h2>")
            parts += map(_block_in_html, _blocks(blocks))
        return f'<div class="sklearn-mtl-model-card">{"".join(parts)}</div>'

    __str__ = to_markdown
    _repr_html_ = to_html

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        return f"<ModelCard {self.title!r}: {', '.join(self.sections)}>"


def in_markdown(cell: Any) -> str:
    """Write a text so that nothing in it is read as HTML, link, code or cell."""
    text = escape(" ".join(str(cell).split()), quote=False)
    for mark in "\\`*_[]|~$":
        text = text.replace(mark, f"\\{mark}")
    return text


def _blocks(blocks: Any) -> Iterable[Any]:
    is_one = isinstance(blocks, str | CardTable) or not isinstance(blocks, Iterable)
    return [blocks] if is_one else blocks


def _block_in_markdown(block: Any) -> str:
    if isinstance(block, CardTable):
        return block.to_markdown()
    if isinstance(block, str) or not isinstance(block, Iterable):
        return in_markdown(block)
    return "\n".join(f"- {in_markdown(item)}" for item in block)


def _block_in_html(block: Any) -> str:
    if isinstance(block, CardTable):
        return block.to_html()
    if isinstance(block, str) or not isinstance(block, Iterable):
        return f"<p>{escape(str(block))}</p>"
    return f"<ul>{''.join(f'<li>{escape(str(item))}</li>' for item in block)}</ul>"


def _row(tag: str, cells: Cells) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(str(c))}</{tag}>' for c in cells)}</tr>"
