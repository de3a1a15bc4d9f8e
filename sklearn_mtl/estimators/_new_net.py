"""The estimator's parameters as settings of a new net."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone

from sklearn_mtl.balancing import BALANCING, Balancing
from sklearn_mtl.estimators._auto_sizes import rows_of_a_batch
from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._layer_sizes import head_sizes, shared_sizes
from sklearn_mtl.nn import SHARING
from sklearn_mtl.training import (
    Members,
    MultiTaskNet,
    NegativeTransfer,
    ProgressBar,
    StopTogether,
    learning_rate_schedule,
    make_net,
    sets_rate,
)

OF_LAYERS = ("activation", "maxout_pieces", "input_dropout", "max_norm")
"""Parameters that all members of the network take as they are."""

LARGEST = float(np.finfo(np.float32).max)
"""Largest number that the network can compute with."""

ROWS_OF_A_VALIDATION_BATCH = 512
"""Rows that are validated together; where batches are larger, as many as those."""


def new_net(
    estimator: Any,
    codings: Codings,
    members: Members,
    *,
    n_rows: int,
    generator: Any,
    callbacks: list[Any],
) -> MultiTaskNet:
    """Make a net as the estimator's parameters say; it is ready to be trained."""
    size = rows_of_a_batch(estimator.batch_size, n_rows)
    _check_net_params(estimator.net_params or {})
    settings = {
        **{f"module__{k}": v for k, v in fixed_settings(estimator, codings).items()},
        "module__n_features": codings.encoder.n_features_out_,
        "module__bins": codings.bins,
        "head_sparsity": float(estimator.head_sparsity),
        "batch_size": size,
        "iterator_valid__batch_size": max(size, ROWS_OF_A_VALIDATION_BATCH),
        "max_epochs": estimator.max_iter,
        "callbacks": callbacks,
        "callbacks__best_weights__patience": estimator.n_iter_no_change,
        "callbacks__best_weights__tol": estimator.tol,
    }
    return make_net(
        codings.tasks,
        members,
        dtype=estimator.dtype,
        device=estimator.device,
        solver=estimator.solver,
        generator=generator,
        balancing=balancing_of(estimator),
        reconstruction=clone(estimator.reconstruction, safe=False),
        decoded_columns=codings.decoded,
        settings=settings,
        overrides=estimator.net_params or {},
    )


COUNTS = (
    "batch_size",
    "iterator_train__batch_size",
    "iterator_valid__batch_size",
    "max_epochs",
)
"""Arguments of a net that skorch takes as they are."""


def _check_net_params(net_params: dict[str, Any]) -> None:
    for name in COUNTS:
        value = net_params.get(name, 1)
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(
                f"net_params says {name}={value!r}. Pass an integer of at least 1."
            )


def fixed_settings(estimator: Any, codings: Codings) -> dict[str, Any]:
    """Arguments of the network that stay as they are once it is made."""
    return {
        "hidden_layer_sizes": shared_sizes(estimator),
        "head_hidden_layer_sizes": head_sizes(estimator, codings.names),
        "sharing": _made(estimator.sharing, SHARING),
        **{name: getattr(estimator, name) for name in OF_LAYERS},
        "max_norm": _bounded(estimator.max_norm),
    }


def _bounded(number: Any) -> float | None:
    """Make a float of any real number, finite in the format of the network."""
    return None if number is None else float(min(number, LARGEST))


def balancing_of(estimator: Any) -> Balancing:
    """Make the way of balancing that was asked for."""
    made: Balancing = _made(estimator.balancing, BALANCING)
    return made


def _made(named: Any, known: dict[str, Any]) -> Any:
    """Make the object that a name stands for, or copy the one that was passed."""
    return known[named]() if isinstance(named, str) else clone(named)


def rate_schedule(estimator: Any) -> list[Any]:
    """List the callback that sets the learning rate; empty for a constant one."""
    schedule = learning_rate_schedule(estimator.learning_rate, estimator.tol)
    return [] if schedule is None else [("learning_rate", schedule)]


def rate_falls(estimator: Any) -> bool:
    """Whether the rate is the package's to lower, where members stop early."""
    return estimator.learning_rate == "auto" and not any(
        sets_rate(given[1] if isinstance(given, tuple) else given)
        for given in estimator.callbacks or []
    )


MOST_TIMES_STEADIER = 2
"""Times that the mean of members is taken to be steadier than the loss of one: some of
what makes a loss go up and down is common to them."""


def patience_together(estimator: Any, members: Members) -> int:
    """Epochs without improvement of their mean after which all members stop.

    A member waits for epochs that lie above its trend by chance. The mean of K hangs
    less on chance, by the square root of K if nothing were common to them.
    """
    n_members = members.number / (members.candidate.max() + 1)
    steadier = min(n_members**0.5, MOST_TIMES_STEADIER)
    return max(1, round(estimator.n_iter_no_change / steadier))


def callbacks_of(estimator: Any, codings: Codings, members: Members) -> list[Any]:
    """List the callbacks of the shared net."""
    together = StopTogether(
        None,
        patience_together(estimator, members),
        estimator.tol,
        rate_falls=rate_falls(estimator),
    )
    callbacks = [*rate_schedule(estimator), ("stop_together", together)]
    if estimator.verbose:
        callbacks.append(("progress_bar", ProgressBar()))
    for position, given in enumerate(estimator.callbacks or []):
        callback = given[1] if isinstance(given, tuple) else given
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"callbacks[{position}] is {given!r}, which is no skorch callback. "
                "Pass instances of skorch.callbacks.Callback, or (name, instance)."
            )
        callbacks.append(given)
    if len(codings.tasks) > 1:
        callbacks.append(("negative_transfer", NegativeTransfer(codings.names)))
    return callbacks


def watchers_of(estimator: Any) -> list[Any]:
    """List the callbacks that are told of every part of a fit, not of one alone."""
    bar = [("progress_bar", ProgressBar())] if estimator.verbose else []
    return bar + [
        given
        for given in estimator.callbacks or []
        if getattr(
            given[1] if isinstance(given, tuple) else given, "hears_all_parts", False
        )
    ]
