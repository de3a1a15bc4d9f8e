"""The estimator's parameters as settings of the skorch net."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state

from sklearn_mtl.estimators._decoding import decodes, reconstruction_weight
from sklearn_mtl.nn import MultiTaskNetwork
from sklearn_mtl.tables import DecodedColumns, Pieces
from sklearn_mtl.tasks import OutputLayout, per_column
from sklearn_mtl.training import (
    DecodingNet,
    MultiTaskNet,
    ProgressBar,
    learning_rate_schedule,
    resolve_device,
)

MOST_MEMBERS, ROWS_OF_MOST_MEMBERS = 8, 20_000
"""``n_members="auto"`` keeps rows times members constant beyond these."""

FEW_ROWS = 250
"""Below these, batches are of 32 rows."""

OF_UNITS = (
    "activation",
    "maxout_pieces",
    "dropout",
    "input_dropout",
    "max_norm",
    "input_noise",
    "n_unsupervised_units",
    "generative",
)
"""Parameters that the network takes as they are."""

NO_DECAY_OF_VARIANCES = ("*log_variance*", {"weight_decay": 0.0})

ROWS_OF_A_VALIDATION_BATCH = 512
"""Rows that are validated together; where batches are larger, as many as those."""


def number_of_members(
    estimator: Any, n_rows: int, holds_out: bool, *, n_read: int | None = None
) -> int:
    """Size of the stack; no more members than rows where each holds rows out.

    Of `n_rows` that have labels; `n_read` counts those without, if they are read too.
    """
    if estimator.n_members == "auto":
        n_read = n_rows if n_read is None else n_read
        affordable = max(1, MOST_MEMBERS * ROWS_OF_MOST_MEMBERS // max(n_read, 1))
        return min(MOST_MEMBERS, affordable, n_rows if holds_out else MOST_MEMBERS)
    if holds_out and estimator.n_members > n_rows:
        raise ValueError(
            f"n_members={estimator.n_members} is more than the number of rows that "
            f"have labels, n_samples = {n_rows}. Lower n_members, or leave it at "
            "'auto'."
        )
    return int(estimator.n_members)


def new_net(
    estimator: Any,
    layout: OutputLayout,
    *,
    names: list[Hashable],
    task_share: np.ndarray,
    n_members: int,
    n_features: int,
    pieces: Pieces | None,
    decoded_columns: DecodedColumns | None,
    n_rows: int,
    generator: torch.Generator,
    callbacks: list[Any],
) -> MultiTaskNet:
    """Turn the estimator's parameters into a net that is not yet initialized."""
    share = torch.from_numpy(task_share)
    dtype = getattr(torch, estimator.dtype)
    size = batch_size(estimator.batch_size, n_rows)
    settings = {
        "module__hidden_layer_sizes": as_sizes(
            estimator.hidden_layer_sizes, "hidden_layer_sizes"
        ),
        "module__head_hidden_layer_sizes": alike(head_sizes(estimator, names)),
        "module__n_members": n_members,
        "module__n_features": n_features,
        "module__pieces": pieces,
        "module__task_of_output": layout.task_of_output,
        "module__prior_raw": layout.prior_raw,
        **{f"module__{name}": getattr(estimator, name) for name in OF_UNITS},
        "module__dtype": dtype,
        "module__generator": generator,
        "criterion__layout": layout,
        "criterion__task_weight": share.to(dtype).expand(n_members, -1).clone(),
        "lr": estimator.learning_rate_init,
        "head_sparsity": estimator.head_sparsity,
        "optimizer__weight_decay": estimator.alpha,
        "optimizer__param_groups": [("*bias*", {"weight_decay": 0.0})],
        "batch_size": size,
        "iterator_valid__batch_size": max(size, ROWS_OF_A_VALIDATION_BATCH),
        "iterator_train__shuffle": True,
        "iterator_train__generator": generator,
        "max_epochs": estimator.max_iter,
        "callbacks": callbacks,
        "callbacks__best_weights__patience": estimator.n_iter_no_change,
        "callbacks__best_weights__tol": estimator.tol,
        "device": resolve_device(estimator.device),
    }
    if estimator.solver == "sgd":
        settings |= {
            "optimizer": torch.optim.SGD,
            "optimizer__fused": True,
            "optimizer__momentum": 0.9,
            "optimizer__nesterov": True,
        }
    settings |= estimator.net_params or {}
    if decoded_columns is None:
        return MultiTaskNet(MultiTaskNetwork, **settings)
    decoding = {
        "module__decoded_columns": decoded_columns,
        "reconstruction_weight": reconstruction_weight(estimator),
        "stops_on_reconstruction": estimator.generative,
    }
    if estimator.generative:
        # A variance is no weight: it does not decay towards 1.
        settings["optimizer__param_groups"].append(NO_DECAY_OF_VARIANCES)
    return DecodingNet(MultiTaskNetwork, **decoding | settings)


def has_hidden_layers(estimator: Any, names: list[Hashable]) -> bool:
    """Whether the network is more than one linear map."""
    shared = as_sizes(estimator.hidden_layer_sizes, "hidden_layer_sizes")
    return bool(shared or any(head_sizes(estimator, names)))


def head_sizes(estimator: Any, names: list[Hashable]) -> list[tuple[int, ...]]:
    """Widths of the private layers of each column of y."""
    parameter = "head_hidden_layer_sizes"
    setting = estimator.head_hidden_layer_sizes
    if not isinstance(setting, Mapping):
        return [as_sizes(setting, parameter)] * len(names)
    by_name = dict.fromkeys(names, ()) | dict(setting)
    return [
        as_sizes(sizes, f"{parameter}[{name!r}]")
        for name, sizes in zip(
            names, per_column(by_name, names, parameter), strict=True
        )
    ]


def alike(sizes: list[tuple[int, ...]]) -> Any:
    """Widths as the network takes them: one sequence where all tasks have the same."""
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def check_has_hidden_layer(estimator: Any) -> None:
    """Refuse to decode features from themselves."""
    if not as_sizes(estimator.hidden_layer_sizes, "hidden_layer_sizes"):
        raise ValueError(
            "hidden_layer_sizes is empty, so that there are no shared units to "
            "reconstruct X from. Give it a layer, or set n_unsupervised_units=0, "
            "reconstruction_weight=0 and generative=False."
        )


def as_sizes(sizes: Any, name: str) -> tuple[int, ...]:
    """Widths of layers from one number or a sequence."""
    widths = np.atleast_1d(np.asarray(sizes))
    positive = widths.dtype.kind in "iu" and (widths > 0).all()
    if widths.ndim > 1 or (widths.size and not positive):
        raise ValueError(
            f"{name}={sizes!r} must be a positive integer or a sequence of them. Pass "
            "one width a layer, or () for none."
        )
    return tuple(int(width) for width in widths)


def seed_of(random_state: Any) -> int:
    """Seed of one fit; None is a fresh one, without a global generator."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(check_random_state(random_state).randint(2**31 - 1))


def batch_size(wanted: Any, n_rows: int) -> int:
    """Rows of a batch; "auto" aims at 32 steps an epoch within 64 to 256 rows.

    Few rows make batches of 32, so that an epoch still is several steps.
    """
    if wanted != "auto":
        return int(wanted)
    if n_rows < FEW_ROWS:
        return 32
    return int(np.clip(2 ** round(np.log2(n_rows / 32)), 64, 256))


def adopt_settings(estimator: Any, net: MultiTaskNet) -> None:
    """Take over parameters that may change between warm starts; refuse the others."""
    names = [task.name_ for task in estimator.tasks_]
    heads = alike(head_sizes(estimator, names))
    fixed = {
        "hidden_layer_sizes": as_sizes(
            estimator.hidden_layer_sizes, "hidden_layer_sizes"
        ),
        "head_hidden_layer_sizes": heads,
        **{name: getattr(estimator, name) for name in OF_UNITS},
    }
    overridden = estimator.net_params or {}
    for name, value in fixed.items():
        before = getattr(net, f"module__{name}")
        if f"module__{name}" not in overridden and value != before:
            if name == "head_hidden_layer_sizes":
                value, before = (
                    _sizes_by_name(sizes, names) for sizes in (value, before)
                )
            raise ValueError(
                f"{name}={value!r}, but the network to go on with has {before!r}. Set "
                "it back, or set warm_start=False to start anew."
            )
    adopted = {
        "lr": estimator.learning_rate_init,
        "head_sparsity": estimator.head_sparsity,
        "max_epochs": estimator.max_iter,
        "batch_size": estimator.batch_size,
        "callbacks__best_weights__patience": estimator.n_iter_no_change,
        "callbacks__best_weights__tol": estimator.tol,
    }
    if estimator.batch_size == "auto":
        adopted.pop("batch_size")
    if decodes(estimator) != isinstance(net, DecodingNet):
        has = "a decoder" if isinstance(net, DecodingNet) else "no decoder"
        raise ValueError(
            f"reconstruction_weight={estimator.reconstruction_weight!r}, but the "
            f"network to go on with has {has}. Set it back, or set warm_start=False to "
            "start anew."
        )
    if isinstance(net, DecodingNet):
        adopted["reconstruction_weight"] = reconstruction_weight(estimator)
    net.set_params(**{k: v for k, v in adopted.items() if k not in overridden})


def _sizes_by_name(sizes: Any, names: list[Hashable]) -> Any:
    """Turn widths that differ from task to task into what users write."""
    if not any(np.ndim(size) for size in sizes):
        return sizes
    return {name: size for name, size in zip(names, sizes, strict=True) if size}


def rate_schedule(estimator: Any) -> list[Any]:
    """List the callback that sets the learning rate; empty for a constant one."""
    schedule = learning_rate_schedule(estimator.learning_rate, estimator.tol)
    return [] if schedule is None else [("learning_rate", schedule)]


def callbacks_of(estimator: Any) -> list[Any]:
    """List the callbacks that an estimator's parameters ask for."""
    callbacks = rate_schedule(estimator)
    if estimator.verbose:
        callbacks.append(("progress_bar", ProgressBar()))
    for place, given in enumerate(estimator.callbacks or []):
        callback = given[1] if isinstance(given, tuple) else given
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"callbacks[{place}] is {given!r}, which is no skorch callback. Pass "
                "instances of skorch.callbacks.Callback, or (name, instance)."
            )
        callbacks.append(given)
    return callbacks
