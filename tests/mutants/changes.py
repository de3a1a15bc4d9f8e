"""Changes of one token of a source, each as (line, column, old, new)."""

import io
import tokenize
from itertools import pairwise
from typing import NamedTuple

SWAPS = {
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "+": "-",
    "-": "+",
    "*": "/",
    "and": "or",
    "or": "and",
    "not": "",
    "True": "False",
    "False": "True",
    "0": "1",
    "1": "0",
    "0.0": "1.0",
    "1.0": "0.0",
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "minimum": "maximum",
    "maximum": "minimum",
}
ARITHMETIC = {"+", "-", "*"}
OPERANDS = (tokenize.NAME, tokenize.NUMBER)


class Change(NamedTuple):
    """One token by its place, and what stands there instead."""

    line: int
    column: int
    old: str
    new: str

    def applied(self, source):
        lines = source.splitlines(keepends=True)
        line = lines[self.line - 1]
        end = self.column + len(self.old)
        lines[self.line - 1] = line[: self.column] + self.new + line[end:]
        return "".join(lines)


def changes_of(source):
    """List what could be changed."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    return [
        Change(*token.start, token.string, SWAPS[token.string])
        for before, token in pairwise(tokens)
        if token.string in SWAPS and not is_syntax(before, token)
    ]


def compiles(source):
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def is_syntax(before, token):
    """Return whether a sign only marks arguments, or a word is not what it seems."""
    if token.string in ARITHMETIC:
        return before.type not in OPERANDS and before.string not in (")", "]")
    return token.string == "not" and before.string == "is"
