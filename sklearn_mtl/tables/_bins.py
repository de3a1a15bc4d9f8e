"""Bins of numeric columns, in each of which a net may bend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sklearn_mtl.tables._containers import take_rows
from sklearn_mtl.tables._features import FeatureEncoder
from sklearn_mtl.tables._levels import CompactFeatures

MOST_BINS, LEAST_BINS = 16, 4
MOST_BINS_OF_ALL = 512
"""Of all columns together: many columns get fewer bins each, or none."""
ROWS_OF_A_BIN = 10
MOST_ROWS = 50_000
"""Rows that quantiles are taken of, evenly spaced in the table."""


class Bins(NamedTuple):
    """A piecewise linear encoding of encoded features [1]_, one entry a bin.

    The function of a bin is ``clip((x[feature] - begin) * slope + shift, low, high)``:
    it rises within the bin and is constant elsewhere; beyond the outermost bins of a
    feature it goes on. Over the rows at hand its mean is 0 and its standard deviation
    1.

    Attributes
    ----------
    feature : int64 ndarray of shape (m,)
    begin, slope, shift, low, high : float64 ndarray of shape (m,)

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features
       in Tabular Deep Learning", NeurIPS 2022, section 3.2.
    """

    feature: np.ndarray
    begin: np.ndarray
    slope: np.ndarray
    shift: np.ndarray
    low: np.ndarray
    high: np.ndarray


def learn_bins(
    encoder: FeatureEncoder, X: Any, weight: np.ndarray, n_bins: Any
) -> Bins | None:
    """Cut numeric columns at quantiles.

    Parameters
    ----------
    encoder : FeatureEncoder
        Fitted to `X`.
    X : data frame, array or CSR matrix of shape (n_rows, n_columns)
    weight : ndarray of shape (n_rows,)
    n_bins : int or "auto"
        Bins of each column; fewer where values repeat.

    Returns
    -------
    Bins or None
        None where there is nothing to cut: no numeric column of more than two values,
        a sparse matrix, or too few bins.
    """
    n_bins = number_of_bins(n_bins, encoder.n_numeric_, len(weight))
    if sparse.issparse(X) or not encoder.n_numeric_ or n_bins < 2:
        return None
    rows = np.arange(0, len(weight), -(-len(weight) // MOST_ROWS))
    encoded = encoder.transform_compact(take_rows(X, rows), np.float64)
    numbers = encoded.numbers if isinstance(encoded, CompactFeatures) else encoded
    found = list(_bins(numbers[:, : encoder.n_numeric_], weight[rows], n_bins))
    if not found:
        return None
    return Bins(*map(np.concatenate, zip(*found, strict=True)))


def number_of_bins(wanted: Any, n_numeric: int, n_rows: int) -> int:
    """Bins of a numeric column; "auto" is none where there are too many columns."""
    if wanted != "auto":
        return min(int(wanted), n_rows)  # more edges than values say no more
    affordable = min(MOST_BINS_OF_ALL // max(n_numeric, 1), n_rows // ROWS_OF_A_BIN)
    return min(MOST_BINS, affordable) if affordable >= LEAST_BINS else 0


def _bins(numbers: np.ndarray, weight: np.ndarray, n_bins: int) -> Iterator[Bins]:
    shares = np.linspace(0.0, 1.0, n_bins + 1)
    for feature, values in enumerate(numbers.T):
        edges = np.unique(
            np.quantile(values, shares, weights=weight, method="inverted_cdf")
        )
        if len(edges) < 3:
            continue  # the feature itself says as much
        begin, width = edges[:-1], np.diff(edges)
        inside = np.clip((values[:, None] - begin) / width, 0.0, 1.0)
        mean = np.average(inside, axis=0, weights=weight)
        std = np.sqrt(np.average((inside - mean) ** 2, axis=0, weights=weight))
        low, high = -mean / std, (1.0 - mean) / std
        shift = low.copy()
        low[0], high[-1] = -np.inf, np.inf
        yield Bins(
            np.full(len(begin), feature), begin, 1.0 / (width * std), shift, low, high
        )
