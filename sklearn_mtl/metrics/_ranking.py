"""Scores of rows whose binary columns are ranked, as tags of a picture are.

All take two arrays of shape (n_rows, n_columns): which labels are relevant (1.0, else
0.0, and NaN where a label does not count) and how high each was scored. They return one
number a row, NaN where a row has none.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def row_roc_auc(relevant: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of each row; NaN where all its labels are alike."""
    ranks = _ranks(np.where(np.isnan(relevant), np.nan, scores), "average")
    n_relevant = (relevant == 1).sum(axis=1)
    n_others = (relevant == 0).sum(axis=1)
    sums = np.where(relevant == 1, ranks, 0.0).sum(axis=1)
    pairs = np.where(n_relevant * n_others > 0, n_relevant * n_others, np.nan)
    return (sums - n_relevant * (n_relevant + 1) / 2) / pairs


def average_precision_of_rows(relevant: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Label ranking average precision; 1 where all labels of a row are alike."""
    counts = ~np.isnan(relevant)
    depth = _ranks(np.where(counts, -scores, np.nan), "max")
    hits = _ranks(np.where(relevant == 1, -scores, np.nan), "max")
    n_relevant = (relevant == 1).sum(axis=1)
    sums = np.where(relevant == 1, hits / depth, 0.0).sum(axis=1)
    found = np.where(counts.any(axis=1), 1.0, np.nan)
    mixed = (n_relevant > 0) & (n_relevant < counts.sum(axis=1))
    found[mixed] = sums[mixed] / n_relevant[mixed]
    return found


def precision_of_first(relevant: np.ndarray, scores: np.ndarray, k: int) -> np.ndarray:
    """Share of relevant labels among the k highest; ties count by their mean."""
    counts = ~np.isnan(relevant)
    n_first = np.minimum(k, counts.sum(axis=1))
    depth = _ranks(np.where(counts, -scores, np.nan), "min")
    with_ties = _ranks(np.where(counts, -scores, np.nan), "max")
    # Of the labels that share the last place, as many as fit in, by their mean.
    n_tied, left = with_ties - depth + 1, n_first[:, None] - depth + 1
    share = np.clip(left / n_tied, 0.0, 1.0)
    hits = np.where(relevant == 1, share, 0.0).sum(axis=1)
    return hits / np.where(n_first > 0, n_first, np.nan)


def _ranks(values: np.ndarray, method: str) -> np.ndarray:
    ranks: np.ndarray = rankdata(values, method=method, axis=1, nan_policy="omit")
    return ranks
