"""Names as text, of which no two are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def printed_names(names: Sequence[Hashable]) -> list[str]:
    """Print names; those that print alike as they are written in Python.

    Examples
    --------
    >>> from sklearn_mtl.tables import printed_names
    >>> printed_names(["a", 1, "1"])
    ['a', '1', "'1'"]
    """
    texts = list(map(str, names))
    times = Counter(texts)
    written = [
        text if times[text] == 1 else repr(name)
        for text, name in zip(texts, names, strict=True)
    ]
    return numbered(written)


def numbered(texts: Sequence[str]) -> list[str]:
    """Give texts that occur again a number."""
    if len(set(texts)) == len(texts):
        return list(texts)
    taken = set(texts)
    seen: set[str] = set()
    found = []
    for text in texts:
        own, times = text, 1
        while own in seen or (times > 1 and own in taken):
            times += 1
            own = f"{text} ({times})"
        seen.add(own)
        found.append(own)
    return found
