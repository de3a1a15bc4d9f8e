"""Later tables whose numbers lie where those of `fit` never did."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

import numpy as np

from sklearn_mtl.tables._containers import columns
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


class Varied(NamedTuple):
    """A column that is read as nothing, as `fit` saw it constant, and varies now."""

    name: Hashable
    saw: str
    holds: Any


def varied_since(encoder: FeatureEncoder, X: Any) -> list[Varied]:
    """List the columns that vary, but did not in the rows of `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.tables import FeatureEncoder, varied_since
    >>> encoder = FeatureEncoder().fit(np.full((3, 1), 7.0), np.ones(3))
    >>> varied_since(encoder, np.array([[7.0], [8.0]]))
    [Varied(name=0, saw='7 only', holds=8.0)]
    """
    return [*_varied_numbers(encoder, X), *_varied_categories(encoder, X)]


def _varied_numbers(encoder: FeatureEncoder, X: Any) -> Iterator[Varied]:
    muted = np.flatnonzero(encoder.muted_)
    if not len(muted):
        return
    for position, numbers in zip(muted, encoder.numbers(X, muted).T, strict=True):
        center, saw_some = encoder.center_[position], encoder.known_[position] > 0
        present = numbers[~np.isnan(numbers)]
        if saw_some:
            present = present[~np.isclose(present, center, rtol=1e-12, atol=0)]
        if len(present):
            name = encoder.number_names_[position]
            if position < len(encoder.numeric_):
                name = encoder.column_names_[encoder.numeric_[position]]
            saw = f"{center:g} only" if saw_some else "no number"
            yield Varied(name, saw, float(present[0]))


def _varied_categories(encoder: FeatureEncoder, X: Any) -> Iterator[Varied]:
    fixed = [c for c, levels in enumerate(encoder.levels_) if len(levels.index) < 2]
    if not fixed:
        return
    for c, column in zip(fixed, columns(X, encoder.categorical_[fixed]), strict=True):
        known = encoder.levels_[c].index
        other = [cell for cell in column.observed.tolist() if cell not in known]
        if other:
            saw = f"{next(iter(known))!r} only" if known else "no category"
            yield Varied(column.name, saw, other[0])
