"""Members that learn from some of the tasks only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from skorch.callbacks import Callback


class Teams(Callback):
    """Let each part of a stack learn from some of the tasks only.

    Within a team, tasks keep the weights that they have to each other.

    Parameters
    ----------
    teams : sequence of sequence of int
        Columns of y that each team learns from. Teams are of equal size and stand one
        after another.
    """

    def __init__(self, teams: Sequence[Sequence[int]]) -> None:
        self.teams = teams

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Set the weights of the tasks, by which members learn and stop."""
        parts = []
        for team, weight in zip(
            self.teams, np.split(net.task_weight, len(self.teams)), strict=True
        ):
            chosen = list(team)
            if len(chosen) < weight.shape[1]:
                share = weight[:, chosen]
                # Columns that count for nothing beside others are learned alone all
                # the same.
                share = share if share.any() else np.ones_like(share)
                weight = np.zeros_like(weight)
                weight[:, chosen] = share / share.sum(axis=1, keepdims=True)
            parts.append(weight)
        net.weigh_tasks(np.concatenate(parts))
