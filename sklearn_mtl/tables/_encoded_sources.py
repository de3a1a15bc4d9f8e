"""Which column of X each encoded feature comes from."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.tables._features import FeatureEncoder


def sources_of_features(encoder: FeatureEncoder) -> np.ndarray:
    """Tell which column of X each column of the encoded matrix comes from.

    Parameters
    ----------
    encoder : FeatureEncoder
        Fitted.

    Returns
    -------
    int ndarray of shape (n_features_out,)
        Positions in X.
    """
    sizes = [len(parts) for parts in encoder.date_parts_]
    of_numbers = np.concatenate([encoder.numeric_, np.repeat(encoder.dates_, sizes)])
    widths = [levels.width for levels in encoder.levels_]
    of_levels = np.repeat(encoder.categorical_, widths)
    sources = [of_numbers, of_numbers[encoder.with_gaps_], of_levels]
    return np.concatenate(sources).astype(np.intp)


def mean_features(encoder: FeatureEncoder) -> np.ndarray:
    """Encode the mean of all rows that `fit` saw, in which categories are shares.

    Parameters
    ----------
    encoder : FeatureEncoder
        Fitted.

    Returns
    -------
    ndarray of shape (n_features_out,)
    """
    numbers = encoder.encoded_mean_ * ~encoder.muted_
    gaps = 1.0 - encoder.known_[encoder.with_gaps_]
    heights = zip(encoder.levels_, encoder._heights, strict=True)
    levels = [levels.share * height for levels, height in heights]
    return np.concatenate([numbers, gaps, *levels])
