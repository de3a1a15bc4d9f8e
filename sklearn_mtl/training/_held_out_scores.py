"""What a metric says of members on the rows that they hold out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from sklearn_mtl.training._batches import MemberRows
from sklearn_mtl.training._last_losses import mean_of_labelled, with_last_of_others


def held_out_scores(rows: MemberRows, raws: Sequence[torch.Tensor]) -> np.ndarray:
    """Scores (K, T) of members, of the raw outputs of all batches of their rows.

    The device is waited for once.
    """
    raw = torch.cat(list(raws), dim=1).double().cpu().numpy()
    index = rows.index.expand(len(raw), -1).cpu().numpy()
    if rows.row_weight is not None:
        index = np.where(rows.row_weight.cpu().numpy() > 0, index, -1)
    scores: np.ndarray = rows.scorer(index, raw)
    return scores


def record_scores(net: Any, rows: MemberRows | None, raws: Sequence[Any]) -> None:
    """Keep one epoch's scores of a net, and their mean in its history.

    Without rows that are scored, entries stay aligned with the history all the same.
    """
    scores = np.full_like(net.task_losses_["train"][-1], np.nan)
    average = np.full(len(scores), np.nan)
    net.stops_by_score = rows is not None
    if rows is not None:
        scores = net.spread(held_out_scores(rows, raws))
        scores[~(net.task_weight > 0)] = np.nan
        average = rows.scorer.average(scores)
        known = with_last_of_others(net, "score", average)
        net.history.record("valid_score", mean_of_labelled(known))
    net.scores_["columns"].append(scores)
    net.scores_["average"].append(average)
