"""What columns of numbers are scored by, unless their kind says otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import r2_score


def r2(
    labels: np.ndarray,
    predictions: np.ndarray,
    sample_weight: np.ndarray | None,
    **kwargs: Any,
) -> float:
    """Share of the variance that is explained; NaN for fewer than two labels.

    Where all labels are equal, it is 1 if the predictions equal them, and else 0: the
    convention of `sklearn.metrics.r2_score`.
    """
    if len(labels) < 2:
        return float("nan")
    if np.ptp(labels) == 0:
        # Equal labels of 0 have a mean of exactly 0; others may be off by rounding.
        labels, predictions = labels - labels[0], predictions - labels[0]
    mean = np.average(labels, weights=sample_weight)
    left = np.average((labels - predictions) ** 2, weights=sample_weight)
    total = np.average((labels - mean) ** 2, weights=sample_weight)
    if kwargs or not total > 0 or not np.isfinite(left):
        return float(
            r2_score(labels, predictions, sample_weight=sample_weight, **kwargs)
        )
    # As scikit-learn's, whose checks of the arguments take a millisecond a column.
    return float(1.0 - left / total)
