"""Whether X can be reconstructed."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.estimators._layer_sizes import shared_sizes
from sklearn_mtl.tables import DecodedColumns


def check_has_shared_units(estimator: Any) -> None:
    """Refuse to decode features from themselves."""
    if not shared_sizes(estimator):
        raise ValueError(
            "hidden_layer_sizes is empty, so that there are no shared units to "
            "reconstruct X from. Give it a layer, or set reconstruction=None."
        )


def check_decodable(columns: DecodedColumns, n_rows: int) -> None:
    """Refuse to decode a table of which nothing varies."""
    if not len(columns.number) + len(columns.level):
        raise ValueError(
            f"No column of X varies over its n_samples = {n_rows} rows, so that there "
            "is nothing to reconstruct. Pass other rows or columns, or set "
            "reconstruction=None."
        )
