"""Iterative stratification: rows are dealt to folds, rarest level first.

Sechidis, Tsoumakas and Vlahavas (2011) deal row by row: of the level with the fewest
rows left, each row goes to the fold that lacks that level most. Here a quarter of the
rows that are left of a level is dealt at once. How many of them a fold gets follows
from what it lacks of that level; which of them, from what it lacks of their other
levels. The last few rows of a level are dealt one by one, so that what the larger
portions got slightly wrong is mended.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

_PORTION = 4
"""A quarter of the rows left is dealt at once: halves balance a wide y less well."""

_MAX_CELLS = 2**22
"""Numbers that one step may hold in memory."""

_ROUNDING, _DIGITS = 1e-9, 9
"""What is closer than that counts as equal, whatever the order of a sum."""


def deal_rows(levels: np.ndarray, sizes: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Deal rows to folds such that each fold has its share of each level.

    Parameters
    ----------
    levels : int ndarray of shape (n_rows, n_columns)
        The levels that each row has; no two columns share a level.
    sizes : int ndarray of shape (n_folds,)
        Rows that each fold gets, exactly; they sum to n_rows.
    order : int ndarray of shape (n_rows,)
        Of rows that are alike, the one that stands first in it is dealt first.

    Returns
    -------
    int ndarray of shape (n_rows,)
        The fold of each row.
    """
    n_rows = len(levels)
    # "Being a row" is the last level of all: it balances how fast the folds fill, and
    # picks up the rows without any other level.
    row = np.full((n_rows, 1), levels.max(initial=-1) + 1, dtype=levels.dtype)
    table = _Table(np.hstack([levels[order], row]), sizes)
    while (level := table.rarest_level()) is not None:
        table.deal_level(level)
    folds = np.empty(n_rows, dtype=np.intp)
    folds[order] = table.folds
    return folds


class _Table:
    """Rows, and what each fold still lacks of each level."""

    def __init__(self, levels: np.ndarray, sizes: np.ndarray) -> None:
        n_rows, n_columns = levels.shape
        self.levels = levels
        self.room = sizes.copy()
        self.share = sizes / n_rows
        self.folds = np.full(n_rows, -1, dtype=np.intp)
        counts = np.bincount(levels.ravel())
        self.left = counts.astype(np.float64)
        self.lacking = np.outer(counts, self.share)
        self.weight = counts**-0.5
        self.dealt = np.zeros(len(counts), dtype=bool)
        self.members = sparse.csr_array(
            (
                np.ones(levels.size, dtype=bool),
                levels.ravel(),
                np.arange(n_rows + 1) * n_columns,
            ),
            shape=(n_rows, len(counts)),
        ).tocsc()
        self.max_rows = max(1, _MAX_CELLS // (n_columns * len(sizes)))

    def rarest_level(self) -> int | None:
        """Level with the fewest rows left, or None if all levels are dealt."""
        left = np.where(self.dealt, np.inf, self.left)
        level = int(left.argmin())
        return None if self.dealt[level] else level

    def deal_level(self, level: int) -> None:
        """Deal all rows that are left of a level."""
        start, stop = self.members.indptr[level : level + 2]
        rows = self.members.indices[start:stop]
        rows = rows[self.folds[rows] < 0]
        n_folds = len(self.room)
        while len(rows) > 2 * n_folds:
            portion = min(max(n_folds, len(rows) // _PORTION), self.max_rows)
            quota = self.quota(level, portion)
            if not quota.any():
                break
            dealt = self.deal_portion(rows[:portion], quota)
            rows = np.concatenate([rows[:portion][~dealt], rows[portion:]])
        while len(rows):
            chosen = self.deal_one(level, rows[: self.max_rows])
            rows = np.delete(rows, chosen)
        self.dealt[level] = True

    def quota(self, level: int, n_rows: int) -> np.ndarray:
        """Whole rows of a level that each fold gets of the next `n_rows`."""
        wanted = np.clip(self.lacking[level], 0, self.room)
        short = n_rows - wanted.sum()
        if short > 0:
            spare = self.room - wanted
            wanted += spare * (short / spare.sum())
        else:
            wanted *= n_rows / wanted.sum()
        return np.floor(wanted + _ROUNDING).astype(np.intp)

    def deal_portion(self, rows: np.ndarray, quota: np.ndarray) -> np.ndarray:
        """Fill the quota of each fold; return which rows were dealt.

        Each row asks for the fold that lacks its levels most, and a fold takes those
        first that would lose most by going elsewhere. What is refused asks again,
        among the folds whose quota is not filled.
        """
        pull = self.pull(rows)
        folds = np.full(len(rows), -1, dtype=np.intp)
        asking = np.arange(len(rows))
        while len(asking) and quota.any():
            open_folds = np.flatnonzero(quota)
            offers = pull[np.ix_(asking, open_folds)]
            asked = open_folds[offers.argmax(axis=1)]
            if len(open_folds) > 1:
                best_two = np.partition(offers, -2, axis=1)[:, -2:]
                loss = best_two[:, 1] - best_two[:, 0]
            else:
                loss = offers[:, 0]
            queue = np.lexsort((-loss, asked))
            asked = asked[queue]
            rank = np.arange(len(asked)) - np.searchsorted(asked, asked)
            taken = rank < quota[asked]
            folds[asking[queue[taken]]] = asked[taken]
            quota = quota - np.bincount(asked[taken], minlength=len(quota))
            asking = asking[np.sort(queue[~taken])]
        dealt = folds >= 0
        self.deal(rows[dealt], folds[dealt])
        return dealt

    def deal_one(self, level: int, rows: np.ndarray) -> int:
        """Deal the row that fits best to a fold that lacks `level` most."""
        lacking = np.where(self.room > 0, self.lacking[level], -np.inf)
        neediest = lacking >= lacking.max() - _ROUNDING
        pull = np.where(neediest, self.pull(rows), -np.inf)
        row, fold = divmod(int(pull.argmax()), len(self.room))
        self.deal(rows[[row]], np.array([fold]))
        return row

    def pull(self, rows: np.ndarray) -> np.ndarray:
        """How far each fold lags behind in the levels of each row.

        Half the gradient of the sum over folds and levels of d² / share, where d is
        what the fold lacks beyond its share of the rows left, over the square root of
        the size of the level.
        """
        levels = self.levels[rows]
        lacking = np.einsum("rck,rc->rk", self.lacking[levels], self.weight[levels])
        left = (self.weight * self.left)[levels].sum(axis=1)
        pull: np.ndarray = lacking / self.share - left[:, None]
        # Processors add up in orders of their own: what is equal must stay equal.
        return pull.round(_DIGITS)

    def deal(self, rows: np.ndarray, folds: np.ndarray) -> None:
        self.folds[rows] = folds
        levels = self.levels[rows]
        cells = levels * len(self.room) + folds[:, None]
        np.subtract.at(self.lacking.reshape(-1), cells.ravel(), 1.0)
        np.subtract.at(self.left, levels.ravel(), 1.0)
        np.subtract.at(self.room, folds, 1)
