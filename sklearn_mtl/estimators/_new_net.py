"""The estimator's parameters as settings of a new net."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    check_offered,
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
    head_sparsity: Any = None,
    is_binned: bool = False,
    generation: list[int] | None = None,
) -> MultiTaskNet:
    """Make a net as the estimator's parameters say; it is ready to be trained.

    Parameters
    ----------
    head_sparsity : sequence of float, or None
        One number a member, where these differ.
    is_binned : bool
        Whether it is given features in bins already.
    generation : list of int or None
        Which growth brought each column; None where there was none.
    """
    bins, n_features = codings.bins, codings.encoder.n_features_out_
    if is_binned:
        bins, n_features = None, codings.n_inputs
    if head_sparsity is None:
        head_sparsity = estimator.head_sparsity
    size = rows_of_a_batch(estimator.batch_size, n_rows)
    _check_net_params(estimator.net_params or {})
    check_offered(estimator.net_params or {}, callbacks)
    settings = {
        **{f"module__{k}": v for k, v in fixed_settings(estimator, codings).items()},
        "module__n_features": n_features,
        "module__bins": bins,
        "head_sparsity": head_sparsity,
        "batch_size": size,
        "iterator_valid__batch_size": max(size, ROWS_OF_A_VALIDATION_BATCH),
        "max_epochs": estimator.max_iter,
        "callbacks": callbacks,
        "callbacks__best_weights__patience": estimator.n_iter_no_change,
        "callbacks__best_weights__tol": estimator.tol,
    }
    if generation is not None:
        settings["module__generation"] = generation
    with _blaming_net_params(estimator.net_params):
        return make_net(
            codings.tasks,
            members,
            dtype=estimator.dtype,
            precision=estimator.precision,
            device=estimator.device,
            solver=estimator.solver,
            generator=generator,
            balancing=balancing_of(estimator),
            reconstruction=clone(estimator.reconstruction, safe=False),
            decoded_columns=codings.decoded,
            settings=settings,
            overrides=estimator.net_params or {},
        )


@contextmanager
def _blaming_net_params(net_params: dict[str, Any] | None) -> Iterator[None]:
    """Say whose arguments they are that skorch or torch make no net of."""
    try:
        yield
    except Exception as error:
        if not net_params:
            raise
        raise ValueError(
            f"No net is made with net_params={net_params!r}: {error}. Pass arguments "
            "that skorch.NeuralNet and its parts take, or leave net_params out."
        ) from error


COUNTS = (
    "batch_size",
    "iterator_train__batch_size",
    "iterator_valid__batch_size",
    "max_epochs",
)
"""Arguments of a net that skorch takes as they are."""


def _check_net_params(net_params: dict[Any, Any]) -> None:
    for name in net_params:
        if not isinstance(name, str) or not name:
            raise TypeError(
                f"net_params has the key {name!r}. Pass names of arguments of "
                "skorch.NeuralNet."
            )
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


OWN_CALLBACKS = (
    *("best_weights", "learning_rate", "negative_transfer", "progress_bar"),
    "stop_together",
)
"""Names of callbacks that an estimator adds by itself."""


def rate_schedule(estimator: Any) -> list[Any]:
    """List the callback that sets the learning rate; empty for a constant one."""
    schedule = learning_rate_schedule(estimator.learning_rate, estimator.tol)
    return [] if schedule is None else [("learning_rate", schedule)]


def rate_falls(estimator: Any) -> bool:
    """Whether the rate is the package's to lower, where members stop early."""
    own = _users_callbacks(estimator.callbacks)
    return estimator.learning_rate == "auto" and not any(
        sets_rate(_callback(given)) for given in own
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
    callbacks = own_callbacks(estimator, members)
    callbacks += _users_callbacks(estimator.callbacks)
    if len(codings.tasks) > 1:
        warned_of = list(codings.predicted) if codings.auxiliary else None
        watcher = NegativeTransfer(codings.names, warned_of)
        callbacks.append(("negative_transfer", watcher))
    return callbacks


def own_callbacks(estimator: Any, members: Members) -> list[Any]:
    """List the callbacks that a net needs in any case."""
    together = stop_together(estimator, members)
    bar = [("progress_bar", ProgressBar())] if estimator.verbose else []
    return [*rate_schedule(estimator), ("stop_together", together), *bar]


def stop_together(estimator: Any, members: Members) -> StopTogether:
    """Make what stops the members of each candidate together."""
    return StopTogether(
        None,
        patience_together(estimator, members),
        estimator.tol,
        rate_falls=rate_falls(estimator),
    )


def _users_callbacks(callbacks: Any) -> list[Any]:
    """Check the callbacks that the user passed, and list them."""
    if isinstance(callbacks, Mapping):
        raise TypeError(
            f"callbacks={callbacks!r}: pass a list of skorch callbacks, or of pairs "
            "(name, callback)."
        )
    known = [] if callbacks is None else list(callbacks)
    taken: set[str] = set(OWN_CALLBACKS)
    for position, given in enumerate(known):
        is_pair = isinstance(given, tuple) and len(given) == 2
        name, callback = given if is_pair else (None, given)
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"callbacks[{position}] is {given!r}, which is no skorch callback. "
                "Pass instances of skorch.callbacks.Callback, or (name, instance)."
            )
        if is_pair and (not isinstance(name, str) or not name or name in taken):
            raise ValueError(
                f"callbacks[{position}] has the name {name!r}. Pass a string that no "
                f"other callback has; {', '.join(map(repr, OWN_CALLBACKS))} are taken."
            )
        if is_pair:
            taken.add(str(name))
    return known


def watchers_of(estimator: Any) -> list[Any]:
    """List the callbacks that are told of every part of a fit, not of one alone."""
    bar = [("progress_bar", ProgressBar())] if estimator.verbose else []
    return bar + [
        given
        for given in estimator.callbacks or []
        if getattr(_callback(given), "hears_all_parts", False)
    ]


def _callback(given: Any) -> Any:
    """Give the callback that was passed by itself, or with a name."""
    return given[1] if isinstance(given, tuple) else given
