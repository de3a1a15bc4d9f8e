"""Losses of each epoch, as rows of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.tables import printed_names
from sklearn_mtl.training import with_last_losses


def history_rows(net: Any, names: list[Any]) -> list[dict[str, Any]]:
    """Rows of ``history_`` from skorch's history and the losses of the tasks."""
    rows = []
    printed = printed_names(names)
    losses_of = {
        part: with_last_losses(losses) for part, losses in net.task_losses_.items()
    }
    scores = with_last_losses(net.scores_["columns"])
    for epoch, entry in enumerate(net.history):
        row = {
            "epoch": entry["epoch"],
            "seconds": entry["dur"],
            "learning_rate": entry["lr"],
        }
        for part, losses in losses_of.items():
            if f"{part}_reconstruction" in entry:
                row[f"{part}_reconstruction"] = entry[f"{part}_reconstruction"]
            if f"{part}_loss" in entry:
                row[f"{part}_loss"] = entry[f"{part}_loss"]
                means = _mean_over_members(losses[epoch])
                for name, loss in zip(printed, means, strict=True):
                    row[f"{part}_loss/{name}"] = float(loss)
        if "valid_score" in entry:
            row["valid_score"] = entry["valid_score"]
            of_columns = _mean_over_members(scores[epoch])
            for name, score in zip(printed, of_columns, strict=True):
                row[f"valid_score/{name}"] = float(score)
        rows.append(row)
    return rows


def balancing_history(net: Any) -> np.ndarray:
    """Mean over members of the tasks' weights, (n_epochs, T)."""
    weights = with_last_losses(net.step_weights_["train"][: len(net.history)])
    shape = len(weights), net.task_weight.shape[1]
    return np.array([_mean_over_members(of_epoch) for of_epoch in weights]).reshape(
        shape
    )


def _mean_over_members(loss: np.ndarray) -> np.ndarray:
    count = (~np.isnan(loss)).sum(axis=0)
    total = np.nansum(loss, axis=0)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
