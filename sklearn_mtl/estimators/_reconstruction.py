"""Whether and how the network reconstructs X beside predicting y."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.estimators._layer_sizes import shared_sizes
from sklearn_mtl.tables import DecodedColumns
from sklearn_mtl.training import make_reconstruction


def reconstruction_of(estimator: Any) -> Any:
    """Read the parameters of the decoder; the only reader of these.

    Returns
    -------
    Autoencoder or None
    """
    weight = estimator.reconstruction_weight
    asked = estimator.n_unsupervised_units > 0 or estimator.generative
    if asked and weight == 0:
        name = "generative=True" if estimator.generative else "n_unsupervised_units"
        raise ValueError(
            f"{name} asks for a decoder, but reconstruction_weight=0 would not train "
            "it. Give it a weight above 0, or leave it at 'auto'."
        )
    if weight == "auto":
        weight = 1.0 if asked else 0.0
    if not weight:
        return None
    return make_reconstruction(
        n_units=estimator.n_unsupervised_units,
        weight=float(weight),
        noise=estimator.input_noise,
        generative=estimator.generative,
    )


def check_has_shared_units(estimator: Any) -> None:
    """Refuse to decode features from themselves."""
    if not shared_sizes(estimator):
        raise ValueError(
            "hidden_layer_sizes is empty, so that there are no shared units to "
            "reconstruct X from. Give it a layer, or set n_unsupervised_units=0, "
            "reconstruction_weight=0 and generative=False."
        )


def check_decodable(columns: DecodedColumns, n_rows: int) -> None:
    """Refuse to decode a table of which nothing varies."""
    if not len(columns.number) + len(columns.level):
        raise ValueError(
            f"No column of X varies over its n_samples = {n_rows} rows, so that there "
            "is nothing to reconstruct. Pass other rows or columns, or set "
            "n_unsupervised_units=0, reconstruction_weight=0 and generative=False."
        )
