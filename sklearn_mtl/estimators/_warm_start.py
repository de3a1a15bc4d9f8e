"""What may change between one fit and the next that goes on with its nets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_mtl.estimators._auto_sizes import rows_of_a_batch
from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._layer_sizes import (
    head_sizes_as_written,
    sizes_by_column,
)
from sklearn_mtl.estimators._new_net import (
    balancing_of,
    fixed_settings,
    patience_together,
)
from sklearn_mtl.tables import Column
from sklearn_mtl.tasks import Task, said_kinds
from sklearn_mtl.training import MultiTaskNet, ProgressBar, adopt_settings

READ_ANEW = {
    "alpha",
    "batch_size",
    "calibrate",
    "class_weight",
    "cv",
    "early_stopping",
    "freeze",
    "head_sparsity",
    "learning_rate_init",
    "max_iter",
    "n_iter_no_change",
    "precision",
    "scoring",
    "task_weights",
    "teachers",
    "time_limit",
    "tol",
    "validation_fraction",
    "verbose",
    "warm_start",
}
"""Parameters that each fit reads, also one that goes on."""

OF_THE_NETWORK = {
    "activation",
    "balancing",
    "dropout",
    "head_hidden_layer_sizes",
    "hidden_layer_sizes",
    "input_dropout",
    "max_norm",
    "maxout_pieces",
    "reconstruction",
    "sharing",
}
"""Parameters that are compared with what the network was made with."""

OF_THE_FIRST_FIT = {
    "auxiliary",
    "callbacks",
    "categorical_features",
    "device",
    "dtype",
    "learning_rate",
    "max_categories",
    "n_bins",
    "n_members",
    "net_params",
    "own_nets",
    "random_state",
    "scale_inputs",
    "solver",
    "task_types",
}
"""Parameters that are compared with those of the fit which made the network."""


def adopt_parameters(estimator: Any, codings: Codings, net: MultiTaskNet) -> None:
    """Take over parameters that may change between warm starts; refuse the others."""
    check_parameters(estimator, codings, codings, net)
    reconstruction, overridden = estimator.reconstruction, estimator.net_params or {}
    adopted = {
        "lr": estimator.learning_rate_init,
        "optimizer__weight_decay": estimator.alpha,
        "head_sparsity": estimator.head_sparsity,
        "precision": estimator.precision,
        "max_epochs": estimator.max_iter,
        "callbacks__best_weights__patience": estimator.n_iter_no_change,
        "callbacks__best_weights__tol": estimator.tol,
        "callbacks__stop_together__patience": patience_together(estimator, net.members),
        "callbacks__stop_together__tol": estimator.tol,
    }
    if estimator.batch_size != "auto":
        adopted["batch_size"] = int(estimator.batch_size)
    if reconstruction is not None:
        adopted["reconstruction_weight"] = reconstruction.weight
    adopt_settings(net, {k: v for k, v in adopted.items() if k not in overridden})


def adopt_batch_size(estimator: Any, net: MultiTaskNet, n_rows: int) -> None:
    """Let batches be as large as a table of so many rows asks for."""
    if "batch_size" not in (estimator.net_params or {}):
        size = rows_of_a_batch(estimator.batch_size, n_rows)
        if size != net.batch_size:
            adopt_settings(net, {"batch_size": size})


def check_parameters(
    estimator: Any, codings: Codings, earlier: Codings, net: MultiTaskNet
) -> None:
    """Refuse parameters that are others than those of the net to go on with.

    Parameters
    ----------
    codings : Codings
        Of the fit; may have further columns of y.
    earlier : Codings
        Of the fit before.
    net : MultiTaskNet
        Of the fit before.
    """
    for name in sorted(OF_THE_FIRST_FIT):
        value, before = getattr(estimator, name), getattr(earlier.reader, name)
        if name == "task_types":
            value = _of_earlier(value, codings, earlier, before)
        _check_unchanged(name, value, before)
    overridden = estimator.net_params or {}
    for name, value in fixed_settings(estimator, codings).items():
        if f"module__{name}" in overridden:
            continue
        before = getattr(net, f"module__{name}")
        if name == "head_hidden_layer_sizes":
            value, before = _head_sizes(value, before, codings, earlier)
        _check_unchanged(name, value, before)
    if "module__dropout" not in overridden:
        _check_unchanged("dropout", estimator.dropout, net.module__dropout)
    if "criterion__balancing" not in overridden:
        _check_unchanged("balancing", balancing_of(estimator), net.criterion__balancing)
    _check_unchanged(
        "reconstruction",
        estimator.reconstruction,
        getattr(net, "module__reconstruction", None),
        but_for="weight",
    )


def _of_earlier(value: Any, codings: Codings, earlier: Codings, before: Any) -> Any:
    """Give what is said of earlier columns in the form that it had, if it is the same.

    What is said of each column may be written in several ways once there are others.
    """
    if len(codings.tasks) == len(earlier.tasks):
        return value
    said = said_kinds(value, codings.names)[: len(earlier.tasks)]
    known = said_kinds(before, earlier.names)
    return before if _description(said) == _description(known) else value


def _head_sizes(
    value: Any, before: Any, codings: Codings, earlier: Codings
) -> tuple[Any, Any]:
    """Give widths of earlier columns' private layers, now and before."""
    number = len(earlier.tasks)
    now = sizes_by_column(value, len(codings.tasks))[:number]
    if now == sizes_by_column(before, number):
        return now, now
    return (
        head_sizes_as_written(value, codings.names),
        head_sizes_as_written(before, earlier.names),
    )


def adopt_verbosity(net: MultiTaskNet, verbose: Any) -> None:
    """Show a progress bar, or show it no longer."""
    shown = [name for name, _ in net.callbacks_].count("progress_bar")
    if verbose and not shown:
        net.callbacks_ = [*net.callbacks_, ("progress_bar", ProgressBar().initialize())]
    elif shown and not verbose:
        net.callbacks_ = [pair for pair in net.callbacks_ if pair[0] != "progress_bar"]


def check_can_go_on(
    tasks: Sequence[Task], columns: Sequence[Column], weight: np.ndarray
) -> None:
    """Raise where labels vary of a column for which the first fit learned no scale.

    As for a class that it could not know: nothing would be learned of them.
    """
    for t, (task, column) in enumerate(zip(tasks, columns, strict=True)):
        if task.is_classifier or task.prior_cost_ > 0:
            continue
        kept = column.keep(weight[:, t] > 0, np.arange(len(column)))
        labels = task.labels_of(kept)[~kept.missing]
        known = float(task.predict(task.response(np.array([task.read_prior()])))[0])
        if _all_may_be(known, labels):
            continue
        saw = "no label" if np.isnan(known) else f"{known:g} only"
        raise ValueError(
            f"Column {column.name!r} of y holds {kept.observed.tolist()[0]!r}, but the "
            f"first call saw {saw}, from which no scale of its labels was learned. "
            "Let the first call have rows whose labels of the column differ."
        )


def _all_may_be(number: float, labels: np.ndarray) -> bool:
    """Whether all labels, (n,) or bounds (n, 2), are that number or allow it."""
    bounds, slack = np.atleast_2d(labels.T), 1e-8 + 1e-6 * abs(number)
    below, above = bounds[0] - slack <= number, number <= bounds[-1] + slack
    return bool((below & above).all())


def _check_unchanged(name: str, value: Any, before: Any, *, but_for: str = "") -> None:
    if _description(value, but_for) != _description(before, but_for):
        raise ValueError(
            f"{name}={value!r}, but the network to go on with has {before!r}. Set it "
            "back, or set warm_start=False to start anew."
        )


def _description(value: Any, but_for: str = "", *, is_copied: bool = False) -> Any:
    """Tell objects with parameters by these, and sequences by their entries.

    What a clone copies, parameters of a part such as balancing, is told by attributes
    where it has no equality of its own.
    """
    if isinstance(value, BaseEstimator):
        parameters = value.get_params(deep=False)
        parameters.pop(but_for, None)
        return type(value), _description(parameters, is_copied=True)
    if isinstance(value, Mapping):
        return {k: _description(v, is_copied=is_copied) for k, v in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_description(entry, is_copied=is_copied) for entry in value]
    if is_copied and _has_attributes_alone(value):
        return type(value), _description(vars(value), is_copied=True)
    return value


def _has_attributes_alone(value: Any) -> bool:
    is_function_or_class = hasattr(value, "__qualname__")
    has_equality = any("__eq__" in vars(kind) for kind in type(value).mro()[:-1])
    return hasattr(value, "__dict__") and not (is_function_or_class or has_equality)
