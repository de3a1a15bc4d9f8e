"""Whether and how the network reconstructs X beside predicting y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn_mtl.estimators._layer_sizes import shared_sizes
from sklearn_mtl.tables import DecodedColumns


@dataclass(frozen=True)
class Reconstruction:
    """What an estimator's parameters say of the reconstruction of X.

    Attributes
    ----------
    weight : float
        Of the decoder's loss; 0 for no decoder.
    n_units : int
        Shared units that no head reads.
    noise : float
        Standard deviation of the noise on the encoded X, with a decoder or without.
    generative : bool
        Whether the units that X is decoded from are normal variables.
    """

    weight: float
    n_units: int
    noise: float
    generative: bool

    @property
    def decodes(self) -> bool:
        """Whether the network has a decoder."""
        return self.weight > 0

    @property
    def of_the_network(self) -> dict[str, Any]:
        """What the network takes of it, by its own names."""
        return {
            "input_noise": self.noise,
            "n_unsupervised_units": self.n_units,
            "generative": self.generative,
        }


def reconstruction_of(estimator: Any) -> Reconstruction:
    """Read the parameters of the decoder; the only reader of these."""
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
    return Reconstruction(
        weight=float(weight),
        n_units=estimator.n_unsupervised_units,
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
