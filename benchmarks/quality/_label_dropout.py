"""Label dropout: labels as inputs of which a random part is shown."""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import is_number, kinds
from sklearn_mtl import MultiTaskNetEstimator

COPIES = 4
"""Of each row, each with another random part of its labels shown."""


def as_features(y: pd.DataFrame) -> pd.DataFrame:
    """Columns of y as columns of X; missing where the label is hidden."""
    columns = {
        f"y:{name}": labels if is_number(labels) else pd.Categorical(labels)
        for name, labels in y.items()
    }
    return pd.DataFrame(columns, index=y.index)


class LabelDropout:
    """A net that was trained with random labels shown, to predict the hidden ones."""

    def __init__(self, X: pd.DataFrame, y: pd.DataFrame, seed: int) -> None:
        rng = np.random.default_rng(seed)
        below = [pd.concat([part] * COPIES, ignore_index=True) for part in (X, y)]
        hidden = rng.random(below[1].shape) < rng.random((len(below[1]), 1))
        hidden[~hidden.any(axis=1)] = True
        shown = as_features(below[1].mask(hidden))
        # `y` may be all that is hidden or shown: kinds are those of the whole column.
        self.net = MultiTaskNetEstimator(task_types=kinds(y), random_state=seed)
        self.net.fit(
            pd.concat([below[0], shown], axis=1),
            below[1].where(hidden),
            groups=np.tile(np.arange(len(X)), COPIES),
        )

    def rows(self, X: pd.DataFrame, y: pd.DataFrame, known: Any) -> pd.DataFrame:
        """X beside the known labels."""
        shown = y.copy()
        for name in shown.columns.difference(list(known)):
            shown[name] = np.nan if is_number(y[name]) else None
        features = as_features(shown)
        for name in features:
            if not is_number(y[name[2:]]):
                features[name] = features[name].astype(object)
        return pd.concat([X, features], axis=1)
