"""Columns that alone nearly determine a column of y."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer
from sklearn.tree import DecisionTreeRegressor

from sklearn_mtl.inspection._checked_table import CheckedTable, features_of, numbers_of
from sklearn_mtl.inspection._column_report import Finding
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task, groups_of

NEARLY_ALL = 0.98
"""Share of the variance of held-out labels from which a column gives them away."""
PROMISING = 0.9
"""The same by means of bins, from which a tree is asked."""
FEWEST_LABELS = 30
FEWEST_OTHERS = 10
"""Labels beside the commonest class: a few rare ones coincide by chance."""
BINS = 64


def leaks(table: CheckedTable) -> Iterator[Finding]:
    """Find the column that says most of each column of y, if that is nearly all."""
    rows = table.sample
    targets = [
        _indicators(column, task)[rows]
        for column, task in zip(table.y, table.tasks, strict=True)
    ]
    sources = [("X", column) for column in table.X] + [("y", c) for c in table.y]
    beside = _Targets(targets)
    shares = np.stack([beside.shares(_bins(column)[rows]) for _, column in sources])
    n_X, seen = len(table.X), set()
    shares[n_X:][np.diag_indices(len(table.y))] = -np.inf
    for _, own in groups_of(table.tasks):  # that these tell each other is known
        shares[n_X:][np.ix_(own, own)] = -np.inf
    for t, target in enumerate(table.y):
        for first, last in ((0, n_X), (n_X, len(sources))):
            s = first + int(shares[first:last, t].argmax())
            pair = frozenset((s - n_X, t))
            if shares[s, t] < PROMISING or (first and pair in seen):
                continue
            where, source = sources[s]
            share = _share_held_out(table, source, t, targets[t])
            if share >= NEARLY_ALL:
                seen |= {pair} if first else set()
                yield _finding(where, source, target, share)


def _finding(where: str, source: Column, target: Column, share: float) -> Finding:
    said = (
        f"{where}[{source.name!r}] alone tells {share:.1%} of the variance of "
        f"y[{target.name!r}] on held-out rows."
    )
    if where == "X":
        answer = (
            "Drop it from X if it is not known when y is predicted: "
            f"X.drop(columns=[{source.name!r}])."
        )
    else:
        answer = (
            "Fit one of them and derive the other; both are one column to scores that "
            "are averaged."
        )
    return Finding("leak", "y", target.name, source.name, share, said, answer)


def _indicators(column: Column, task: Task) -> np.ndarray:
    """Numbers (n, 1) or indicators of classes, one for two; NaN where missing."""
    if not task.is_classifier:
        numbers = numbers_of(column)
        known = numbers[np.isfinite(numbers)]
        spread = float(known.std()) if len(known) else 0.0
        middle = float(known.mean()) if len(known) else 0.0
        return ((numbers - middle) / (spread or 1.0))[:, None]
    codes, levels = column.factorize()
    of_classes = np.arange(1 if len(levels) == 2 else 0, len(levels))
    indicators = (codes[:, None] == of_classes).astype(np.float64)
    indicators[codes < 0] = np.nan
    return indicators


def _bins(column: Column) -> np.ndarray:
    """Codes (n,) of bins of equal numbers of rows; missing cells are one of them."""
    numbers = numbers_of(column)
    known = ~np.isnan(numbers)
    n_bins = int(np.clip(known.sum() // 8, 4, BINS))
    if len(np.unique(numbers[known])) > n_bins and column.content != "category":
        edges = np.unique(np.nanquantile(numbers, np.arange(1, n_bins) / n_bins))
        numbers = np.searchsorted(edges, numbers, side="right").astype(np.float64)
    numbers = np.where(known, numbers, -1.0)
    codes: np.ndarray = np.unique(numbers, return_inverse=True)[1]
    return codes


class _Targets:
    """Columns of all targets side by side, and what their means are wrong by.

    Parameters
    ----------
    targets : list of ndarray of shape (n, C)
        Each of one number, or of indicators of classes; NaN where missing.
    """

    def __init__(self, targets: list[np.ndarray]) -> None:
        cells = np.hstack(targets)
        known = ~np.isnan(cells)
        self.known = known.astype(np.float64)
        self.cells = np.where(known, cells, 0.0)
        self.squares = self.cells**2
        self.number = self.known.sum(axis=0)
        self.mean = self.cells.sum(axis=0) / np.maximum(self.number, 1)
        widths = [target.shape[1] for target in targets]
        self.filled = np.flatnonzero(widths)
        self.starts = np.cumsum([0, *widths])[self.filled]
        self.n_targets = len(targets)

    def shares(self, codes: np.ndarray) -> np.ndarray:
        """Share of the variance of each that the mean of the others of a bin tells."""
        shares = np.full(self.n_targets, -np.inf)
        if not len(self.filled):
            return shares
        rows = np.arange(len(codes))
        of_bin = sparse.csr_array((np.ones(len(codes)), (codes, rows)))
        count, total = of_bin @ self.known, of_bin @ self.cells
        squares = of_bin @ self.squares
        worst = squares - 2 * self.mean * total + count * self.mean**2
        within = squares - total**2 / np.maximum(count, 1)
        # What the mean of the others of the bin misses; a row alone has that of all.
        left_out = np.square(count / np.maximum(count - 1, 1))
        missed = self._summed(np.where(count > 1, within * left_out, worst))
        worst = self._summed(worst)
        labels = np.maximum.reduceat(self.number, self.starts)
        tells = (labels >= FEWEST_LABELS) & (worst > 1e-9)
        share = 1.0 - missed / np.where(tells, worst, 1.0)
        shares[self.filled] = np.where(tells, share, -np.inf)
        return shares

    def _summed(self, of_bins: np.ndarray) -> np.ndarray:
        summed: np.ndarray = np.add.reduceat(of_bins.sum(axis=0), self.starts)
        return summed


def _share_held_out(
    table: CheckedTable, source: Column, t: int, target: np.ndarray
) -> float:
    """Share of the variance of held-out labels that a tree of one column tells."""
    known = ~np.isnan(target).any(axis=1)
    rows, labels = table.sample[known], target[known]
    is_class = table.tasks[t].is_classifier
    if not table.can_be_split(rows) or (is_class and _n_others(labels) < FEWEST_OTHERS):
        return float("-inf")
    numbers = features_of(source)[rows, None]
    folds = table.folds(rows, None)
    shares = []
    for model in _models(table, t):
        said = cross_val_predict(model, numbers, labels, cv=folds)
        missed = np.square(labels - said.reshape(labels.shape)).sum()
        shares.append(1.0 - missed / np.square(labels - labels.mean(axis=0)).sum())
    return float(max(shares))


def _n_others(indicators: np.ndarray) -> float:
    """Count labels that are not of the commonest class."""
    counts = indicators.sum(axis=0)
    if len(counts) == 1:
        return float(min(counts[0], len(indicators) - counts[0]))
    return float(len(indicators) - counts.max())


def _models(table: CheckedTable, t: int) -> list[Any]:
    """Trees follow steps, splines what is smooth, of which few rows show enough."""
    tree = DecisionTreeRegressor(min_samples_leaf=2, random_state=table.random_state)
    if table.tasks[t].is_classifier:
        return [tree]
    knots = SplineTransformer(n_knots=8, knots="quantile", extrapolation="linear")
    return [tree, make_pipeline(knots, Ridge(1e-6))]
