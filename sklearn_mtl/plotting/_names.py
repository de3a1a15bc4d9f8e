"""Names of columns, short enough for a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn_mtl.tables import printed_names

MOST_LETTERS = 28


def short_names(names: Sequence[Any], most: int = MOST_LETTERS) -> list[str]:
    """Cut names of more than `most` letters.

    At their end; but in their middle where names would look alike, as those that differ
    in a number at the end only.
    """
    texts = printed_names(names)
    cut = [_cut(text, most, 0) for text in texts]
    if len(set(cut)) < len(set(texts)):
        cut = [_cut(text, most, most // 2) for text in texts]
    return cut


def _cut(text: str, most: int, kept_at_end: int) -> str:
    if len(text) <= most:
        return text
    end = text[len(text) - kept_at_end :]
    return f"{text[: most - 1 - kept_at_end]}…{end}"
