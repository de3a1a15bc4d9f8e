"""Categories: their levels, and the columns that stand for these."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sklearn_mtl.tables._columns import Column
from sklearn_mtl.tables._moments import kurtosis_of_two, stretch
from sklearn_mtl.tables._printed_names import printed_names


class CompactFeatures(NamedTuple):
    """Encoded rows whose categories are not yet spread over a column a level.

    Takes the memory of the table that was encoded, however many levels there are.

    Attributes
    ----------
    numbers : float array of shape (n, a)
        The first columns of the encoded matrix.
    ones : int32 array of shape (n, c)
        For each category, the column of the matrix that holds its height; -1 if none
        does. All other columns hold zeros.
    heights : float array of shape (c,)
        1, or what standardises a category of two levels.
    shape : tuple of int
        (n, d), that of the matrix.
    """

    numbers: Any
    ones: Any
    heights: Any
    shape: tuple[int, int]

    def to_dense(self) -> np.ndarray:
        """Make the matrix."""
        dense = np.zeros(self.shape, dtype=self.numbers.dtype)
        dense[:, : self.numbers.shape[1]] = self.numbers
        rows, categories = np.nonzero(self.ones >= 0)
        dense[rows, self.ones[rows, categories]] = self.heights[categories]
        return dense


class Levels:
    """Levels of one categorical column, and its one-hot code."""

    def __init__(self, column: Column, weight: np.ndarray, max_categories: int):
        codes, levels = column.factorize()
        frequency = np.bincount(codes[codes >= 0], weight[codes >= 0], len(levels))
        seen = sorted(np.flatnonzero(frequency), key=lambda code: _order(levels[code]))
        kept, rare = seen, []
        if len(seen) > max_categories:
            by_frequency = sorted(seen, key=lambda code: -frequency[code])
            often = set(by_frequency[:max_categories])
            kept = [code for code in seen if code in often]
            rare = by_frequency[max_categories:]
        self.index = {levels[code]: position for position, code in enumerate(kept)}
        self.kept = [levels[code] for code in kept]
        mass = frequency[rare].sum() if rare else 1.0
        self.rare = [(levels[code], float(frequency[code] / mass)) for code in rare]
        self.index.update({levels[code]: len(kept) for code in rare})
        self.with_strings = _strings_among(levels)
        self.labels = printed_names(self.kept) + ["infrequent"] * bool(rare)
        self.missing_position = -1
        if weight[codes < 0].any():
            self.missing_position = len(self.labels)
            self.labels.append("missing")
        share = np.zeros(len(self.labels))
        position_of_code = np.array([self.index.get(v, -1) for v in levels], dtype=int)
        np.add.at(share, position_of_code[frequency > 0], frequency[frequency > 0])
        if self.missing_position >= 0:
            share[self.missing_position] = weight[codes < 0].sum()
        self.share = share / max(share.sum(), np.finfo(float).tiny)

    @property
    def width(self) -> int:
        return len(self.labels)

    @property
    def standard_height(self) -> float:
        """Value that stands for a level, so that two levels vary as one number does.

        The columns of two levels are one number and its opposite: together they then
        have the variance of one that `Moments.scale` divided. Of more levels, rare ones
        would become large and be learned by heart: those stay 1.
        """
        if self.width != 2 or not self.share.all():
            return 1.0
        std = np.sqrt(2.0 * self.share.prod())
        return float(1.0 / (std * stretch(kurtosis_of_two(self.share[0]))))

    def draw(self, positions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Give positions their levels; the position of rare ones draws one of them."""
        cells = np.array([*self.kept, None], dtype=object)
        drawn: np.ndarray = cells[np.minimum(positions, len(self.kept))]
        rows = np.flatnonzero(positions >= len(self.kept))
        if self.rare:
            which = rng.choice(len(self.rare), len(rows), p=[s for _, s in self.rare])
            for row, position in zip(rows, which, strict=True):
                drawn[row] = self.rare[position][0]
        return drawn

    def _refuse_other_types(self, column: Column, levels: list[Any]) -> None:
        """Tell strings from numbers: '1' would be unseen where fit saw 1."""
        known, come = self.with_strings, _strings_among(levels)
        if self.index and come and not known & come:
            raise ValueError(
                f"Column {column.name!r} of X holds {levels[0]!r}, but fit saw "
                f"categories such as {next(iter(self.index))!r}. Pass them in the type "
                "that fit had."
            )

    def positions(self, column: Column, start: int) -> np.ndarray:
        """Place of each cell's one, the first level being at `start`; -1 for none."""
        codes, levels = column.factorize()
        self._refuse_other_types(column, levels)
        position_of_code = np.array(
            [self.index.get(level, -1) for level in levels] + [self.missing_position],
            dtype=np.int32,
        )
        position_of_code[position_of_code >= 0] += start
        positions: np.ndarray = position_of_code[
            codes
        ]  # -1, a missing cell, reads the last
        return positions


def _strings_among(levels: list[Any]) -> set[bool]:
    """Tell whether levels are strings: all, none, or some of them."""
    return {isinstance(level, str) for level in levels}


def _order(level: Any) -> tuple[str, Any]:
    """Sort numbers among numbers and strings among strings."""
    if isinstance(level, int | float | np.number):
        return "", level
    return type(level).__name__, level if isinstance(level, str) else str(level)
