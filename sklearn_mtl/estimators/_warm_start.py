"""What may change between one fit and the next that goes on with its nets."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._layer_sizes import head_sizes_as_written
from sklearn_mtl.estimators._new_net import balancing_of, fixed_settings
from sklearn_mtl.training import MultiTaskNet, adopt_settings


def adopt_parameters(estimator: Any, codings: Codings, net: MultiTaskNet) -> None:
    """Take over parameters that may change between warm starts; refuse the others."""
    overridden = estimator.net_params or {}
    for name, value in fixed_settings(estimator, codings).items():
        if f"module__{name}" in overridden:
            continue
        before = getattr(net, f"module__{name}")
        if name == "head_hidden_layer_sizes":
            value, before = (
                head_sizes_as_written(sizes, codings.names) for sizes in (value, before)
            )
        _check_unchanged(name, value, before)
    if "module__dropout" not in overridden:
        _check_unchanged("dropout", estimator.dropout, net.module__dropout)
    if "criterion__balancing" not in overridden:
        _check_unchanged("balancing", balancing_of(estimator), net.criterion__balancing)
    reconstruction = estimator.reconstruction
    _check_unchanged(
        "reconstruction",
        reconstruction,
        getattr(net, "module__reconstruction", None),
        but_for="weight",
    )
    adopted = {
        "lr": estimator.learning_rate_init,
        "optimizer__weight_decay": estimator.alpha,
        "head_sparsity": estimator.head_sparsity,
        "max_epochs": estimator.max_iter,
        "callbacks__best_weights__patience": estimator.n_iter_no_change,
        "callbacks__best_weights__tol": estimator.tol,
    }
    if estimator.batch_size != "auto":
        adopted["batch_size"] = estimator.batch_size
    if reconstruction is not None:
        adopted["reconstruction_weight"] = reconstruction.weight
    adopt_settings(net, {k: v for k, v in adopted.items() if k not in overridden})


def _check_unchanged(name: str, value: Any, before: Any, *, but_for: str = "") -> None:
    if _description(value, but_for) != _description(before, but_for):
        raise ValueError(
            f"{name}={value!r}, but the network to go on with has {before!r}. Set it "
            "back, or set warm_start=False to start anew."
        )


def _description(value: Any, but_for: str) -> Any:
    """Tell objects with parameters by these."""
    if not isinstance(value, BaseEstimator):
        return value
    parameters = value.get_params()
    parameters.pop(but_for, None)
    return type(value), parameters
