"""What is kept of held-out rows, to learn from it once somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from sklearn_mtl.joint._copula import Copula, learn_copula
from sklearn_mtl.tasks import Task

MOST_ROWS = 20_000
MOST_NUMBERS = 2_000_000
"""Kept of all responses together; correlations need no more rows."""


@dataclass(frozen=True, eq=False)
class HeldOutLabels:
    """Labels of rows that were held out, and what was predicted of them.

    Attributes
    ----------
    tasks : list of Task
    labels : ndarray of shape (n, T)
        Numbers or class codes; NaN where missing.
    responses : list of ndarray of shape (n, m)
    weight : ndarray of shape (n, T) or None
        None stands for ones.
    residual_std : ndarray of shape (T,)
    """

    tasks: list[Task]
    labels: np.ndarray
    responses: list[np.ndarray]
    weight: np.ndarray | None
    residual_std: np.ndarray

    @cached_property
    def copula(self) -> Copula:
        """Learned when it is first asked for, and not stored."""
        weight = np.ones(self.labels.shape) if self.weight is None else self.weight
        return learn_copula(
            self.tasks, self.labels, self.responses, weight, self.residual_std
        )

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: vars(self)[field.name] for field in fields(self)}


def rows_to_keep(n_rows: int, responses: Sequence[np.ndarray]) -> np.ndarray:
    """Spread over all rows, no more than are needed, as positions."""
    width = sum(response.shape[1] for response in responses)
    n_kept = min(n_rows, MOST_ROWS, max(MOST_NUMBERS // max(width, 1), 1))
    return np.linspace(0, n_rows - 1, n_kept).round().astype(int)
