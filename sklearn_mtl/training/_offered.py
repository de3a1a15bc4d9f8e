"""What of skorch a stack of networks has no use for, refused before anything trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

from skorch.callbacks import BatchScoring, EpochScoring
from skorch.dataset import ValidSplit
from skorch.utils import to_numpy

from sklearn_mtl.training._batches import Batches


def check_offered(net_params: Mapping[str, Any], callbacks: Sequence[Any]) -> None:
    """Raise where skorch would read arrays of rows and labels, of which there are none.

    Parameters
    ----------
    net_params : mapping
        Arguments of the net.
    callbacks : sequence
        Of callbacks, or of pairs of a name and one.
    """
    split = net_params.get("train_split")
    if isinstance(split, ValidSplit | partial):
        raise ValueError(
            "net_params says train_split, but members hold out rows of their own, and "
            "the net reads no arrays that skorch could split. Pass cv, "
            "validation_fraction or early_stopping to the estimator, or X_val and "
            "y_val to fit."
        )
    for part in ("iterator_train", "iterator_valid"):
        if net_params.get(part, Batches) is Batches:
            _check_arguments(part, net_params)
    for given in callbacks:
        _check_callback(given[1] if isinstance(given, tuple) else given)


def _check_arguments(part: str, net_params: Mapping[str, Any]) -> None:
    for name in net_params:
        argument = name.removeprefix(f"{part}__")
        if argument != name and argument not in signature(Batches).parameters:
            raise ValueError(
                f"net_params says {name}, but batches are slices of a table in memory, "
                "for which no loader works. Leave it out."
            )


def _check_callback(callback: Any) -> None:
    by_name = isinstance(getattr(callback, "scoring", None), str)
    if isinstance(callback, EpochScoring) and by_name:
        raise ValueError(
            f"callbacks holds EpochScoring({callback.scoring!r}), which asks the net "
            "for predictions of y; the net knows raw outputs and codes. Pass "
            f"scoring={callback.scoring!r} to the estimator, which scores each column "
            "in each epoch, or a function of (net, rows, None)."
        )
    if isinstance(callback, BatchScoring) and callback.target_extractor is to_numpy:
        raise ValueError(
            "callbacks holds BatchScoring, which makes one array of the labels of a "
            "batch; here they are codes and weights of each column. Write a callback "
            "with on_batch_end, or pass scoring to the estimator."
        )
