"""What may change between one fit and the next that goes on with its nets."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._layer_sizes import head_sizes_as_written
from sklearn_mtl.estimators._new_net import fixed_settings
from sklearn_mtl.estimators._reconstruction import reconstruction_of
from sklearn_mtl.training import MultiTaskNet

OF_DECODER = {
    "n_unsupervised_units": "n_units",
    "input_noise": "noise",
    "generative": "generative",
}
"""Parameters that a decoder keeps, and its names for them."""


def adopt_settings(estimator: Any, codings: Codings, net: MultiTaskNet) -> None:
    """Take over parameters that may change between warm starts; refuse the others."""
    overridden = estimator.net_params or {}
    for name, value in fixed_settings(estimator, codings).items():
        before = getattr(net, f"module__{name}")
        if f"module__{name}" not in overridden and value != before:
            if name == "head_hidden_layer_sizes":
                value, before = (
                    head_sizes_as_written(sizes, codings.names)
                    for sizes in (value, before)
                )
            raise _refused(name, value, before)
    reconstruction = reconstruction_of(estimator)
    _check_reconstruction(estimator, reconstruction, net)
    adopted = {
        "lr": estimator.learning_rate_init,
        "head_sparsity": estimator.head_sparsity,
        "max_epochs": estimator.max_iter,
        "callbacks__best_weights__patience": estimator.n_iter_no_change,
        "callbacks__best_weights__tol": estimator.tol,
    }
    if estimator.batch_size != "auto":
        adopted["batch_size"] = estimator.batch_size
    if reconstruction is not None:
        adopted["reconstruction_weight"] = reconstruction.weight
    net.set_params(**{k: v for k, v in adopted.items() if k not in overridden})


def _check_reconstruction(estimator: Any, wanted: Any, net: MultiTaskNet) -> None:
    """Refuse a decoder where there is none, and another one than there is."""
    known = getattr(net, "module__reconstruction", None)
    if (wanted is None) != (known is None):
        has = "no decoder" if known is None else "a decoder"
        raise ValueError(
            f"reconstruction_weight={estimator.reconstruction_weight!r}, but the "
            f"network to go on with has {has}. Set it back, or set warm_start=False to "
            "start anew."
        )
    for name, of_decoder in OF_DECODER.items():
        value, before = (
            getattr(wanted, of_decoder, None),
            getattr(known, of_decoder, None),
        )
        if value != before:
            raise _refused(name, value, before)


def _refused(name: str, value: Any, before: Any) -> ValueError:
    return ValueError(
        f"{name}={value!r}, but the network to go on with has {before!r}. Set it back, "
        "or set warm_start=False to start anew."
    )
