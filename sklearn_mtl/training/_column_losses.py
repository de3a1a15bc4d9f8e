"""Losses of single columns in skorch's history, where its loggers find them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

import numpy as np

from sklearn_mtl.tables import printed_names

UNSAFE = re.compile(r"[^\w\-. :/]")
"""What stores of metrics, such as MLflow's, refuse in the name of one."""


def history_keys(prefix: str, names: Sequence[Hashable]) -> list[str]:
    """Names of the columns' losses in the history, each another one.

    Examples
    --------
    >>> from sklearn_mtl.training._column_losses import history_keys
    >>> history_keys("valid", ["age", "price [EUR]"])
    ['valid_loss/age', 'valid_loss/price _EUR_']
    """
    safe = [UNSAFE.sub("_", name) for name in printed_names(names)]
    return [f"{prefix}_loss/{name}" for name in printed_names(safe)]


def means_of_columns(loss: np.ndarray) -> list[float]:
    """Mean over the members that have one of the losses (K, T); NaN without any."""
    count = (~np.isnan(loss)).sum(axis=0)
    total = np.nansum(loss, axis=0)
    nothing = np.full(len(total), np.nan)
    means: list[float] = np.divide(total, count, out=nothing, where=count > 0).tolist()
    return means
