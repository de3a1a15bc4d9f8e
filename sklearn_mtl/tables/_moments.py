"""Moments of numeric columns, and the scale that follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.sparsefuncs import mean_variance_axis

MANY_COLUMNS = 32
"""Beyond so many, rare cells are learned by heart; each of fewer may be a clue."""
MOST_KURTOSIS = 6.0
"""That of the Laplace distribution. Columns of less are standardised: samples of the
normal distribution, of kurtosis 3, hardly ever exceed it."""


class Moments(NamedTuple):
    """Weighted moments of the cells that are there, each of shape (n_columns,).

    Attributes
    ----------
    mean, variance : ndarray
        The variance is infinite where it overflows.
    fourth : ndarray
        Fourth power of the distance from the mean.
    known : ndarray
        Share of the cells that are there.
    farthest : ndarray
        Square of the greatest distance from the mean, or more.
    """

    mean: np.ndarray
    variance: np.ndarray
    fourth: np.ndarray
    known: np.ndarray
    farthest: np.ndarray

    def scale(self, stretches: bool) -> np.ndarray:
        """Tell by what distances from the mean are divided.

        The standard deviation, but where it `stretches`, for columns whose variance is
        made of a few large distances, such as rare ones among zeros, or rare high
        counts: divided by it, these cells would be blown up, and learned by heart.
        Where the kurtosis is above `MOST_KURTOSIS`, the scale is the distance that
        makes the variance, the root mean square of distances weighted by their own
        squares, by a constant such that there is no leap. A rare one among zeros
        becomes 2.4 at most, however rare.
        """
        std: np.ndarray = np.sqrt(self.variance)
        if not stretches:
            return std
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            kurtosis = self.fourth / np.square(self.variance)
        return std * stretch(kurtosis)


def stretch(kurtosis: Any) -> Any:
    """Scale of a column of standard deviation 1; that where kurtosis is not known."""
    heavy = np.isfinite(kurtosis) & (kurtosis > MOST_KURTOSIS)
    return np.sqrt(np.where(heavy, kurtosis / MOST_KURTOSIS, 1.0))


def kurtosis_of_two(share: float) -> float:
    """Kurtosis of a column of two values, one of which has this share of the cells."""
    variance = share * (1.0 - share)
    return 1.0 / variance - 3.0


def dense_moments(
    blocks: Callable[[], Iterator[tuple[np.ndarray, slice]]],
    weight: np.ndarray,
    n_columns: int,
) -> Moments:
    """Read blocks of rows, of shape (n, n_columns), twice; NaN where a cell is missing.

    Parameters
    ----------
    blocks : callable
        Returns an iterator of blocks and the rows that they hold.
    weight : ndarray of shape (n_rows,)
    n_columns : int
    """
    total, mass, squared, fourth, farthest = np.zeros((5, n_columns))
    for block, rows in blocks():
        present = ~np.isnan(block)
        mass += weight[rows] @ present
        total += weight[rows] @ np.where(present, block, 0.0)
    mass_or_one = np.where(mass > 0, mass, 1.0)
    mean = total / mass_or_one
    for block, rows in blocks():
        deviation = np.where(np.isnan(block), 0.0, block - mean)
        with np.errstate(over="ignore"):
            square = np.square(deviation, out=deviation)
            squared += weight[rows] @ square
            np.maximum(farthest, square.max(axis=0), out=farthest)
            fourth += weight[rows] @ np.square(square, out=square)
    return Moments(
        mean=mean,
        variance=squared / mass_or_one,
        fourth=fourth / mass_or_one,
        known=mass / weight.sum(),
        farthest=farthest,
    )


def sparse_moments(block: Any, weight: np.ndarray) -> Moments:
    """Moments of a CSR matrix, of which no cell is missing."""
    mean, variance = mean_variance_axis(block, axis=0, weights=weight)
    coordinates = block.tocoo()
    column, share = coordinates.col, weight[coordinates.row] / weight.sum()
    stored = _sums(column, share, len(mean))
    with np.errstate(over="ignore", invalid="ignore"):
        away = (coordinates.data - mean[column]) ** 4
        fourth = _sums(column, share * away, len(mean))
        fourth += np.maximum(1.0 - stored, 0.0) * mean**4
        farthest = np.square(abs(block).max(axis=0).toarray()[0])
    variance = np.where(np.isnan(variance), np.inf, variance)  # overflown
    return Moments(mean, variance, fourth, np.ones(len(mean)), farthest)


def _sums(column: np.ndarray, cells: np.ndarray, n_columns: int) -> np.ndarray:
    return np.bincount(column, cells, minlength=n_columns).astype(np.float64)
