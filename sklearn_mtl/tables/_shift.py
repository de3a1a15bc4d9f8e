"""Later tables whose numbers lie where those of `fit` never did."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np

from sklearn_mtl.tables._features import FeatureEncoder

FAR = 10.0
"""Standard deviations from the mean at which a column is in another scale."""


class Shift(NamedTuple):
    """A column whose numbers lie far outside of those of `fit`."""

    name: Hashable
    median: float
    mean: float
    std: float


def first_shifted(encoder: FeatureEncoder, X: Any) -> Shift | None:
    """Find the first numeric column most of whose numbers lie far outside.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.tables import FeatureEncoder, first_shifted
    >>> scaled = np.random.default_rng(0).normal(size=(50, 1))
    >>> encoder = FeatureEncoder().fit(scaled, np.ones(50))
    >>> first_shifted(encoder, scaled) is None
    True
    >>> first_shifted(encoder, scaled * 100 + 1000).name
    0
    """
    for position, numbers in enumerate(encoder.numbers(X).T):
        known = numbers[~np.isnan(numbers)]
        if not encoder.varies_[position] or not len(known):
            continue
        median = float(np.median(known))
        mean, std = float(encoder.center_[position]), float(encoder.std_[position])
        if abs(median - mean) > FAR * std:
            name = encoder.column_names_[encoder.numeric_[position]]
            return Shift(name, median, mean, std)
    return None
